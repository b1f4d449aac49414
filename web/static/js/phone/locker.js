// What this phone keeps of a grid: sealed, for some days, opened by a PIN; wiped after wrong PINs, after its days, on
// log-out, and when the server has withdrawn its half. What waits to be sent is none of it and stays.

import { halfKey, makeLock, open, seal, unlock } from "../pure/seal.js";
import { changeFact, dropFacts, fact, keepFact } from "./store.js";

const OWN = ["lock", "half", "sealed", "opened", "draft"];
const MOST_WRONG = 5, OPEN_MS = 30 * 60000, DAY_MS = 86400000;

// Whether this phone keeps a grid.
export const isSet = async () => Boolean(await fact("lock"));
export const device = async () => (await fact("lock"))?.device ?? null;

export const wipe = () => dropFacts(OWN);

// Whether the days are over for which the township lets a phone keep it: it is wiped then.
export async function expired() {
  const sealed = await fact("sealed");
  if (!sealed || Date.now() - sealed.heard <= sealed.days * DAY_MS) return false;
  await wipe();
  return true;
}

// Begins to keep: `half` is base64, `device` the name under which the server gave it.
export async function setUp(pin, half, name, account) {
  const own = await halfKey(Uint8Array.from(atob(half), (c) => c.charCodeAt(0)));
  const { lock, key } = await makeLock(pin, own);
  await keepFact("half", own);
  await keepFact("lock", { ...lock, device: name, account, wrong: 0 });
  await opened(key);
  return key;
}

// The key for a PIN; else how many tries are left, none: all is wiped. A try is counted before it is made.
export async function enter(pin) {
  const lock = await changeFact("lock", (kept) => kept && { ...kept, wrong: kept.wrong + 1 }), half = await fact("half");
  if (!lock || !half) return { left: 0 };
  const key = await unlock(lock, pin, half);
  if (key) {
    await changeFact("lock", (kept) => kept && { ...kept, wrong: 0 });
    await opened(key);
    return { key };
  }
  if (lock.wrong >= MOST_WRONG) await wipe();
  return { left: Math.max(MOST_WRONG - lock.wrong, 0) };
}

// Opened, it stays so for half an hour on this phone: nobody types a PIN at each door.
async function opened(key) {
  await keepFact("opened", { key, until: Date.now() + OPEN_MS });
}

// The key while it is opened, for another half hour; null: it is locked.
export async function key() {
  const now = Date.now();
  return (await changeFact("opened", (kept) => (kept && now <= kept.until ? { ...kept, until: now + OPEN_MS } : null)))?.key ?? null;
}

export const shut = () => keepFact("opened", null);

export async function keep(by, data) {
  await keepFact("sealed", { ...(await seal(by, data)), heard: Date.now(), days: data.days });
}

// Null: nothing is kept, or nothing that can be read. An earlier edition kept no tasks.
export async function kept(by) {
  const sealed = await fact("sealed");
  return sealed ? open(by, sealed).then((data) => ({ tasks: [], tasks_left_out: 0, asked_at: sealed.heard, ...data }), () => null) : null;
}
