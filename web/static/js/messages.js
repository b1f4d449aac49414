// The number of unread messages in the header, the newest emergency below it, and a sound where the person wants it.

import { news } from "./stream.js";

const LOOK_ANEW_MS = 60000;
// How long another page waits whether the one that hears the news rings.
const LEAVE_IT_MS = 300;
const RANG = `gisgrid-rang-${document.documentElement.dataset.whose}`;
const link = document.getElementById("messages");
const badge = document.getElementById("messages-count");
// What is read out stands in a region that was there before.
const alarm = document.getElementById("urgent").firstElementChild;
const form = alarm.querySelector("form");
let newest = null, wanted = false, sounding = null;

// A browser lets a page sound after its person has touched it.
function touched() {
  if (!wanted && !document.getElementById("ring")) return;
  sounding = sounding || new AudioContext();
  if (sounding.state === "suspended") sounding.resume();
}
for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, touched);

function ring(times) {
  if (sounding?.state !== "running") return;
  for (let n = 0; n < times; n += 1) {
    const tone = sounding.createOscillator(), loud = sounding.createGain();
    const from = sounding.currentTime + 0.35 * n;
    tone.frequency.value = 880;
    loud.gain.setValueAtTime(0.25, from);
    loud.gain.exponentialRampToValueAtTime(0.001, from + 0.3);
    tone.connect(loud).connect(sounding.destination);
    tone.start(from);
    tone.stop(from + 0.3);
  }
  document.documentElement.dataset.rang = String(Number(document.documentElement.dataset.rang || 0) + times);
}

// One page rings, not each that is open: the one that hears the news, or another that was touched.
function ringOnce(message, times) {
  const mine = () => {
    if (sounding?.state !== "running" || Number(localStorage.getItem(RANG)) >= message) return;
    localStorage.setItem(RANG, String(message));
    ring(times);
  };
  if (news.holds) mine();
  else setTimeout(mine, LEAVE_IT_MS * (1 + Math.random()));
}

async function renew() {
  let found;
  try {
    const answer = await fetch(link.dataset.unread, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    found = await answer.json();
  } catch (_) { return; /* without a connection the number stays as it is */ }
  badge.hidden = found.count === 0;
  badge.textContent = found.count > 99 ? "99+" : String(found.count);
  const words = found.count ? link.dataset.some.replace("%s", found.count) : link.dataset.none;
  link.setAttribute("aria-label", words);
  alarm.hidden = !found.urgent;
  if (found.urgent) {
    const said = alarm.querySelector("span");
    if (said.textContent !== found.urgent.words) said.textContent = found.urgent.words;
    form.action = found.urgent.open;
  }
  wanted = found.sound;
  // Never for what was there before.
  if (newest !== null && found.newest > newest && wanted) ringOnce(found.newest, found.urgent ? 3 : 1);
  newest = newest === null ? found.newest : Math.max(newest, found.newest);
}

for (const kind of ["hello", "told", "reload"]) news.on(kind, renew);
renew();
setInterval(renew, LOOK_ANEW_MS);

const tried = document.getElementById("ring");
if (tried) tried.addEventListener("click", () => sounding.resume().then(() => ring(1)));
