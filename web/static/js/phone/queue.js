// Entries that wait on this phone go out in order, each once, whoever sends them: a page or the service worker. An entry
// leaves the phone when the server has said that it is taken and that it holds each photo.

import { age, allKept, due, verdict } from "../pure/sending.js";
import { all, dropEntry, fact, keepEntry, keepFact, settleEntry, wholeEntry } from "./store.js";

const SESSION_MS = 15000, UPLOAD_MS = 180000, LAST_SENT = 20;
const news = typeof BroadcastChannel === "function" ? new BroadcastChannel("gisgrid-phone") : null;

export const entries = () => all("entries");

// Calls `look` whenever something was written down, sent or refused, here or elsewhere on this phone; with true once a
// sending has come to its end.
export function onNews(look) {
  if (news) news.addEventListener("message", (event) => look(event.data));
  addEventListener("gisgrid-phone", (event) => look(event.detail));
}

function tell(over = false) {
  if (news) news.postMessage(over);
  dispatchEvent(new CustomEvent("gisgrid-phone", { detail: over }));
}

// Written down on this phone; from then on it is not lost. `photos` are { field, file, type, bytes, sha256 }.
// With `mended` it is that entry, which was refused, written anew.
export async function add(entry, photos, mended = null) {
  const account = await fact("account");
  const whole = { ...entry, account, state: "waiting", again: Boolean(mended), made: Date.now(), failed: 0, problem: null, hashes: photos.map((each) => each.sha256) };
  whole.n = await keepEntry(whole, photos, mended);
  tell();
  return whole;
}

export async function drop(entry) {
  await dropEntry(entry);
  tell();
}

// Sends what waits. `watched` is somebody who looks on at one entry: { key, gone, live }, and hears what the server says
// of it; `live` if what is doubtful is to be shown to them first.
// Comes back with what stopped it: "" for nothing, else "no_line", "log_in" or "server".
export function drain(watched = null) {
  return navigator.locks.request("gisgrid-queue", async () => {
    const problem = await run(watched);
    tell(true);
    return problem;
  });
}

async function run(watched) {
  if (!(await entries()).some((each) => each.state === "waiting")) return "";
  const session = await who();
  if (session.problem) return session.problem;
  const waiting = await entries();
  const others = (each) => each.state === "waiting" && each.account !== null && each.account !== session.account;
  const problem = waiting.some(others) ? "log_in" : "";
  for (const { n } of due(waiting, session.account)) {
    // Whoever deleted it while others were sent has its word.
    const { entry, photos } = (await wholeEntry(n)) ?? {};
    if (entry?.state !== "waiting") continue;
    const went = await send(entry, photos, session, watched);
    if (went === "again") return "server";
    if (went === "no_line" || went === "log_in") return went;
    tell();
  }
  return problem;
}

// Who is logged in, and the word that this session's forms carry; or the problem that keeps it from being known.
async function who() {
  const ask = await fact("session");
  if (!ask) return { problem: "no_line" };
  try {
    const answer = await fetch(ask, { headers: { Accept: "application/json" }, cache: "no-store", signal: AbortSignal.timeout(SESSION_MS) });
    if (answer.ok) return await answer.json();
    return { problem: answer.status === 403 ? "log_in" : "server" }; // a password that is to be changed first
  } catch (_) {
    return { problem: "no_line" };
  }
}

async function send(entry, photos, session, watched) {
  const looked = watched?.key === entry.key && !watched.gone;
  const body = new FormData();
  for (const [name, value] of entry.fields) body.append(name, value);
  for (const photo of photos) body.append(photo.field, new File([photo.bytes], photo.file, { type: photo.type }));
  const headers = {
    Accept: "application/json", "Idempotency-Key": entry.key, "X-CSRFToken": session.token,
    "X-Phone-Account": session.account ?? "", "X-Phone-Age": String(age(entry.made, Date.now())),
    "X-Phone-Label": encodeURIComponent(entry.label), "X-Phone-House": entry.house || "", "X-Phone-Live": looked && watched.live ? "1" : "0",
  };
  let status = 0, told = null;
  try {
    const answer = await fetch(entry.url, { method: "POST", body, headers, redirect: "error", signal: AbortSignal.timeout(UPLOAD_MS) });
    status = answer.status;
    told = await answer.json();
  } catch (_) {
    if (!status) {
      await settleEntry({ ...entry, failed: (entry.failed || 0) + 1, problem: "no_line" });
      return "no_line";
    }
  }
  return settle(entry, verdict(status, told), told, watched, looked);
}

async function settle(entry, went, told, watched, looked) {
  const heard = looked && !watched.gone;
  if (heard) watched.heard = { went, told };
  if (went === "taken") {
    // What the server does not hold stays here, and somebody has to see it.
    const whole = allKept(entry.hashes, told.parts || []);
    const sent = { n: entry.n, key: entry.key, account: entry.account, label: entry.label, house: entry.house, url: entry.url, made: entry.made, sent: Date.now(), said: told.said, where: told.where };
    if (whole) await settleEntry({ ...sent, state: "sent", fields: [], hashes: [] }, true);
    else await settleEntry({ ...entry, state: "incomplete", sent: Date.now() });
    await keepFact("sent", Date.now());
    await forget();
  } else if (went === "refused") {
    // Refused under the eyes of who wrote it, it is theirs again; given up waiting, it is sent once more on its own.
    if (heard && !entry.again) await dropEntry(entry);
    else if (!looked || heard) await settleEntry({ ...entry, state: "refused", reason: told.reason, problem: null });
  } else {
    const over = went === "log_in";
    await settleEntry({ ...entry, failed: (entry.failed || 0) + (over ? 0 : 1), problem: over ? "log_in" : "server" });
  }
  return went;
}

// Of what was sent the last few stay, with where they went and without their words.
async function forget() {
  const sent = (await entries()).filter((each) => each.state === "sent");
  for (const old of sent.slice(0, Math.max(0, sent.length - LAST_SENT))) await dropEntry(old);
}
