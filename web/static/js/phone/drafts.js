// What was written so far is kept before the camera opens, since a phone may end the page meanwhile; it stands in its form
// again where that is opened next. A day long, for its own account; sent, it is gone.

import { byId, make } from "../elements.js";
import { formOf, refill } from "./forms.js";
import { fact, keepFact } from "./store.js";

const DAY_MS = 86400000;
const written = (field) => field.name && field.type !== "hidden" && field.type !== "file"
  && (["radio", "checkbox"].includes(field.type) ? field.checked !== field.defaultChecked : field.value !== (field.defaultValue ?? field.value));

export function keepDrafts() {
  document.addEventListener("click", async (event) => {
    const form = event.target.matches?.("input[type=file]") && event.target.form;
    if (!form || !(form.dataset.queue || form.dataset.queueName) || ![...form.elements].some(written)) return;
    const { pathname } = new URL(form.action), fields = [...new FormData(form)].filter(([name, value]) => name !== "csrf_token" && typeof value === "string");
    await keepFact("draft", { url: pathname, search: location.search, fields, account: await fact("account"), made: Date.now() }).catch(() => undefined);
  }, true);
}

// Whether the page was opened for another place than that on which the draft was written.
function elsewhere({ search }) {
  const before = new URLSearchParams(search), now = new URLSearchParams(location.search);
  return ["address", "lon", "lat"].some((name) => now.get(name) && now.get(name) !== before.get(name));
}

const stale = async (draft) => Date.now() - draft.made > DAY_MS || draft.account !== (await fact("account"));

// The form that was begun and not sent, with the address at which it stands; null: there is none of this account.
export async function begun() {
  const draft = await fact("draft");
  return draft && !(await stale(draft)) ? draft : null;
}

export async function openDraft() {
  const draft = await fact("draft");
  if (!draft) return;
  if (await stale(draft)) {
    await keepFact("draft", null);
    return;
  }
  const form = formOf(draft);
  if (!form || form.dataset.entry || form.querySelector(".phone-draft") || elsewhere(draft)) return;
  refill(form, draft.fields);
  const words = JSON.parse(byId("phone-words").textContent);
  const anew = () => { keepFact("draft", null); form.reset(); form.dispatchEvent(new Event("refilled")); note.remove(); };
  const note = make("div", { class: "note phone-draft", role: "status" }, make("p", {}, words.draft),
    make("p", { class: "acts" }, make("button", { type: "button", class: "button", onclick: anew }, words.anew)));
  form.prepend(note);
}
