// What follows from how a sending went, and when the next try is made.

const FIRST_MS = 5000, LONGEST_MS = 300000;

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

// Whose turn it is: in the order in which they were written down, what was refused set aside, of another account not.
export const due = (entries, account) => entries
  .filter((each) => each.state === "waiting" && (each.account === null || each.account === account))
  .sort((a, b) => a.n - b.n);

// How many wait, and how many somebody has to look at.
export function tally(entries) {
  const count = (...states) => entries.filter((each) => states.includes(each.state)).length;
  return { waiting: count("waiting"), refused: count("refused", "incomplete") };
}

// Seconds since an entry was written down, by the phone's own clock, which may be wrong but counts seconds; none if it
// was turned back meanwhile.
export const age = (made, now) => Math.max(0, Math.round((now - made) / 1000));
