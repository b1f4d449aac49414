// Numbers and days as people read them, and sentences with their values put in.

// "{n} houses" with { n: 3 }; a value that is not given is told as such.
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));

// Metres to the decimetre where that can be told, else whole.
export const metres = (m) => (m < 10 ? m.toFixed(1) : String(Math.round(m)));

// A share from the mean, with its sign; what has no mean is a dash.
export const percent = (value) => (value === null || value === undefined ? "—"
  : `${value > 0 ? "+" : ""}${(100 * value).toFixed(1)} %`);

// The same in whole hundredths, for the labels of a map.
export function roundPercent(share) {
  const n = Math.round(100 * share);
  return `${n > 0 ? "+" : n < 0 ? "−" : "±"}${Math.abs(n)} %`;
}

// A number of things in few letters: 999, 1.0k, 12k.
export const short = (n) => (n < 1000 ? String(n) : `${(n / 1000).toFixed(n < 10000 ? 1 : 0)}k`);

// The day in a time zone, as 2026-11-30, whatever the clock of this machine is set to.
export const dayIn = (timeZone, at) => new Intl.DateTimeFormat("sv-SE", { timeZone }).format(at || new Date());

// A moment as pages write it, 2026-11-30 14:05, in a township's time; without one, in that of this machine.
export const moment = (at, timeZone) => new Intl.DateTimeFormat("sv-SE",
  { dateStyle: "short", timeStyle: "short", timeZone }).format(new Date(at));

const DAY_MS = 86400000;
const iso = (ms) => new Date(ms).toISOString().slice(0, 10);

// First and last of so many days, the last one `back` days before `today`.
export function span(today, days, back) {
  const last = Date.parse(today) - back * DAY_MS;
  return { since: iso(last - (days - 1) * DAY_MS), until: iso(last) };
}

// How many days a span of two days has, and how far back from `today` it ends: the other way round.
export function spanOf(today, since, until) {
  return {
    days: Math.round((Date.parse(until) - Date.parse(since)) / DAY_MS) + 1,
    back: Math.round((Date.parse(today) - Date.parse(until)) / DAY_MS),
  };
}
