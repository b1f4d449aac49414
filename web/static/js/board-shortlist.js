// The cases that somebody keeps an eye on: in their account, so that each of their screens shows the same.

import { json } from "./ask.js";
import { byId } from "./elements.js";
import { fill } from "./pure/words.js";

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

  // What an earlier version kept in this browser may be somebody else's: nobody gets it unasked.
  function offer() {
    const kept = JSON.parse(localStorage.getItem(IN_BROWSER) || "[]").filter(Number.isInteger);
    const box = byId("kept"), gone = () => { localStorage.removeItem(IN_BROWSER); box.hidden = true; };
    box.hidden = !kept.length;
    box.querySelector("span").textContent = fill(ui.words.kept, { n: kept.length });
    box.querySelector("[data-do=forget]").addEventListener("click", gone);
    box.querySelector("[data-do=bring]").addEventListener("click", async () => {
      if (await send({ on: kept.filter((id) => !stars.has(id)).slice(0, Math.max(0, ui.most_stars - stars.size)) })) gone();
    });
  }

  draw();
  offer();
  return {
    has: (id) => stars.has(id),
    ids: () => [...stars],
    get size() { return stars.size; },
    change: (id) => send(stars.has(id) ? { off: [id] } : { on: [id] }),
  };
}
