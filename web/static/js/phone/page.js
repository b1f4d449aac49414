// On every page of a worker: what waits on this phone is counted in the header, and goes out when there is a line.

import { byId } from "../elements.js";
import { nearlyFull, pause, tally } from "../pure/sending.js";
import { fill } from "../pure/words.js";
import { keepDrafts, openDraft } from "./drafts.js";
import { able, fillAgain, watchForms } from "./forms.js";
import { drain, entries, onNews } from "./queue.js";
import { device, expired, wipe } from "./locker.js";
import { fact, keepFact } from "./store.js";

const root = document.documentElement, { phone, whose } = root.dataset;
let fails = 0, timer = 0, running = false;

async function count() {
  const { waiting, refused } = tally(await entries());
  const mark = byId("phone-mark");
  if (!mark) return;
  const full = nearlyFull(await navigator.storage?.estimate?.().catch(() => null));
  const said = [full && mark.dataset.full, waiting && fill(mark.dataset.waiting, { n: waiting }), refused && fill(mark.dataset.refused, { n: refused })];
  mark.firstElementChild.textContent = said.filter(Boolean).join(" · ");
  mark.hidden = !waiting && !refused && !full;
  mark.classList.toggle("phone-bad", full || refused > 0);
}

// Sends what waits; afterwards, as long as something waits, in a while again.
async function go() {
  if (running) return;
  running = true;
  clearTimeout(timer);
  const problem = await drain().catch(() => "server");
  running = false;
  fails = problem ? fails + 1 : 0;
  if (problem && problem !== "log_in") timer = setTimeout(go, pause(fails));
}

const learn = async (name, value) => { if ((await fact(name)) !== value) await keepFact(name, value); };

// Whether this phone keeps what is sent: that of whoever is logged in, or was when they had a line.
async function keeps() {
  if (!whose) return Boolean(await fact("session"));
  const lock = await fact("lock");
  if (lock && lock.account !== Number(whose)) await wipe();
  await learn("account", Number(whose));
  await learn("session", phone);
  await learn("language", root.lang.split("-")[0]);
  return true;
}

async function start() {
  const known = keeps();
  watchForms(known.catch(() => false));
  onNews(count);
  if (!(await known)) return;
  if (root.dataset.phoneWorker) navigator.serviceWorker?.register(root.dataset.phoneWorker, { scope: root.dataset.phoneScope, type: "module" }).catch(() => undefined);
  await expired();
  // Whoever logs out leaves nothing here but what is not sent yet.
  document.addEventListener("submit", (event) => { if (new URL(event.target.action).pathname.endsWith("/logout")) wipe(); });
  keepDrafts();
  await fillAgain();
  await openDraft();
  await count();
  addEventListener("online", go);
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") go(); });
  await go();
  await stillHeld();
}

// What the office, or a log-out elsewhere, has withdrawn is deleted as soon as this phone hears of it.
async function stillHeld() {
  const name = await device();
  if (!name || !whose) return;
  const answer = await fetch(`${phone}?device=${name}`, { headers: { Accept: "application/json" } }).then((got) => got.json()).catch(() => null);
  if (answer?.held === false) await wipe();
}

if (able()) start().finally(() => { root.dataset.phoneReady = "true"; });
