// What follows from how a sending went, and when the next try is made.

const FIRST_MS = 5000, LONGEST_MS = 300000, PATIENT = 3, LITTLE_BYTES = 50e6;

// Milliseconds until the next try after some that failed, each twice as long as the one before.
export const pause = (fails) => Math.min(FIRST_MS * 2 ** Math.max(fails - 1, 0), LONGEST_MS);

// What the server said of an entry: "taken", "refused", "log_in", or "again" for all that is not the entry's own.
// What the page that a stranger put between answers is no answer of ours.
export function verdict(status, told) {
  const state = told?.state;
  if (state === "taken" && status === 200) return "taken";
  if (state === "refused" && status >= 400 && status < 500) return "refused";
  return state === "log_in" || status === 401 ? "log_in" : "again";
}

// Whether the server holds each part: until then the phone keeps its own.
export const allKept = (hashes, kept) => hashes.every((hash) => kept.includes(hash));

// What did not go through several times, though a line was there: others are let past it.
export const stuck = (entry) => (entry.failed || 0) >= PATIENT;

// What keeps its order: entries of one house, or of one case by its address; a report hangs on nothing.
const chain = (entry) => (entry.house ? `house ${entry.house}` : entry.url.match(/^[^?]*\d[^?]*/)?.[0] ?? `entry ${entry.n}`);

// Whose turn it is: in the order in which they were written down, what was refused set aside, of another account not.
// What is stuck comes last, with all that hangs on it behind it; of several that are, the one that failed least.
export function due(entries, account) {
  const heads = new Map(), first = [], last = [];
  const mine = entries.filter((each) => each.state === "waiting" && (each.account === null || each.account === account));
  for (const entry of mine.sort((a, b) => a.n - b.n)) {
    const own = chain(entry);
    if (stuck(entry) && !heads.has(own)) heads.set(own, entry);
    (heads.has(own) ? last : first).push(entry);
  }
  const head = (entry) => heads.get(chain(entry));
  return [...first, ...last.sort((a, b) => head(a).failed - head(b).failed || head(a).n - head(b).n || a.n - b.n)];
}

// Where what was refused is mended: its own page, told which entry it is.
export function mendAt({ page, key }) {
  const [, part] = page.split("#");
  if (part === undefined) return `${page}#entry=${key}`;
  return `${page}${part.includes("?") ? "&" : "?"}entry=${key}`;
}

// The key of the entry that a page is opened to mend; null for none.
export const mends = (hash) => new URLSearchParams(hash.replace(/^#(?:[^?]*\?)?/, "")).get("entry");

// Whether little room is left for what waits; not where the browser does not say.
export const nearlyFull = (told) => Boolean(told?.quota) && told.quota - told.usage < LITTLE_BYTES;

// How many wait, and how many somebody has to look at.
export function tally(entries) {
  const count = (...states) => entries.filter((each) => states.includes(each.state)).length;
  return { waiting: count("waiting"), refused: count("refused", "incomplete") };
}

// Seconds since an entry was written down, by the phone's own clock, which may be wrong but counts seconds; none if it
// was turned back meanwhile.
export const age = (made, now) => Math.max(0, Math.round((now - made) / 1000));
