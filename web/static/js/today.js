// Today's numbers follow what happens: the page is asked for anew, and its inside is put in place.

import { news } from "./stream.js";

const CALM_MS = 2000, MINUTE_MS = 60000;
const box = () => document.getElementById("today");
let waiting = 0;

async function renew() {
  waiting = 0;
  // Nothing changes under the hand of whoever is reading a table or has opened a menu.
  if (box().contains(document.activeElement) || document.querySelector(".shell details[open]")) return later(CALM_MS);
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return undefined;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("today");
    if (fresh) box().replaceWith(document.importNode(fresh, true));
  } catch (_) { /* without a connection the numbers stay as they are */ }
  return undefined;
}

function later(ms) {
  if (!waiting) waiting = setTimeout(renew, ms);
}

// A plan that is submitted, a correction that is decided: whom it waits for is told.
for (const kind of ["cases", "told", "reload"]) news.on(kind, () => later(CALM_MS));
// Time passes though nothing happens: what was in time is late.
setInterval(() => later(0), MINUTE_MS);
