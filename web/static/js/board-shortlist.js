// The cases that somebody keeps an eye on: in their account, so that each of their screens shows the same.

import { json } from "./ask.js";
import { byId } from "./elements.js";

const IN_BROWSER = "shortlist";

export function shortlist({ ui, list, failed }) {
  const stars = new Set(ui.stars);

  function draw() {
    byId("stars").textContent = stars.size;
    for (const item of list.querySelectorAll("li[data-id]")) {
      const button = item.querySelector(".star"), on = stars.has(Number(item.dataset.id));
      button?.classList.toggle("on", on);
      button?.setAttribute("aria-pressed", String(on));
    }
  }

  async function send(change) {
    const body = JSON.stringify(change), headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": ui.csrf };
    try {
      const { cases } = await json(`${ui.shortlist}?lang=${ui.language}`, { method: "POST", body, headers });
      stars.clear();
      for (const id of cases) stars.add(id);
      return true;
    } catch (error) {
      failed(error);
      return false;
    } finally {
      draw();
    }
  }

  // What an earlier version kept in this browser goes into the account, once.
  async function bring() {
    const kept = JSON.parse(localStorage.getItem(IN_BROWSER) || "[]").filter(Number.isInteger).slice(0, 500);
    if (!kept.length || (await send({ on: kept }))) localStorage.removeItem(IN_BROWSER);
  }

  draw();
  bring();
  return {
    has: (id) => stars.has(id),
    ids: () => [...stars],
    get size() { return stars.size; },
    change: (id) => send(stars.has(id) ? { off: [id] } : { on: [id] }),
  };
}
