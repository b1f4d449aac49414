// News of cases as they happen; the browser connects again by itself and says how far it has heard.

import { news } from "./stream.js";

const LOOK_ANEW_MS = 60000;

// `changed` is called with numbers of cases, `reload` when anything may have changed.
export function live({ changed, reload, state }) {
  let lost = false;
  news.on("hello", () => {
    state(true);
    if (lost) reload();
    lost = false;
  });
  news.on("cases", (pairs) => changed(pairs.map((pair) => pair[0])));
  news.on("reload", reload);
  news.on("lost", () => {
    lost = true;
    state(false);
  });
  // The page may have been loaded after the connection was.
  news.ask();
}

// Time passes though nothing happens: what was in time is late.
export const everyMinute = (work) => setInterval(work, LOOK_ANEW_MS * (0.8 + 0.4 * Math.random()));
