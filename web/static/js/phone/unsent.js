// Today's card of what this phone has not sent: what waits, what was not taken, and a form that was begun.

import { byId, make } from "../elements.js";
import { tally } from "../pure/sending.js";
import { fill } from "../pure/words.js";
import { begun } from "./drafts.js";
import { able } from "./forms.js";
import { entries, onNews } from "./queue.js";

async function draw() {
  const card = byId("unsent");
  if (!card) return;
  const { waiting, refused } = tally(await entries()), draft = await begun(), { dataset } = card;
  const link = (words, href) => make("li", {}, make("a", { href }, words));
  card.querySelector(".card-number").textContent = waiting + refused + (draft ? 1 : 0);
  card.querySelector("ul").replaceChildren(...[
    refused && link(fill(dataset.refused, { n: refused }), dataset.url),
    waiting && link(fill(dataset.waiting, { n: waiting }), dataset.url),
    draft && link(dataset.begun, draft.url + draft.search),
  ].filter(Boolean));
  card.classList.toggle("card-red", refused > 0);
  card.hidden = !waiting && !refused && !draft;
}

if (able()) {
  onNews(draw);
  // The numbers of Today are put in place anew from time to time, this card with them.
  new MutationObserver(draw).observe(byId("main"), { childList: true });
  draw().catch(() => undefined);
}
