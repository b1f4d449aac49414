// The one road of forms that may wait: what a form with data-queue says is written down on this phone, then sent. Who has
// a line sees the page's own answer; who has none goes on. Without this script the form is a plain one.

import { byId, make } from "../elements.js";
import { fill } from "../pure/words.js";
import { add, drain, entries } from "./queue.js";
import { packed } from "./photos.js";
import { fact, photosOfEntry } from "./store.js";

const PATIENCE_MS = 10000, OWN_KEYS = ["client_id", "client"];
const words = () => JSON.parse(byId("phone-words").textContent);

export const able = () => isSecureContext && typeof indexedDB === "object" && "locks" in navigator && Boolean(crypto.randomUUID);

// What a form says, written down. With `tried` it may have reached the server already: its own key stays.
async function write(form, submitter, tried) {
  const many = [...form.elements].find((field) => field.dataset.most && field.files.length > Number(field.dataset.most));
  if (many) throw Object.assign(new Error("photos"), { said: fill(words().many, { n: many.dataset.most }) });
  const mended = form.dataset.entry ? (await entries()).find((each) => each.key === form.dataset.entry) : null;
  const key = mended?.key ?? crypto.randomUUID(), fields = [], photos = [];
  const placeless = form.elements.lon && !form.elements.lon.value && !form.elements.address?.value.trim();
  for (const [name, value] of new FormData(form, submitter?.name ? submitter : undefined)) {
    if (value instanceof File) {
      // A camera may have noted where it stood, and a small picture says nothing of it.
      if (value.size) photos.push(await packed(name, value, placeless));
    } else if (name !== "csrf_token") fields.push([name, OWN_KEYS.includes(name) && !tried ? key : value]);
  }
  if (mended && !photos.length) photos.push(...await photosOfEntry(key));
  const { queue, queueHouse, queueBack } = form.dataset;
  const url = new URL(submitter?.getAttribute("formaction") || form.getAttribute("action") || "", location.href);
  const page = location.pathname + location.search;
  return add({ key, url: url.pathname + url.search, fields, label: queue, house: queueHouse || null, page, back: queueBack || null }, photos, mended);
}

function kept(form, problem) {
  const said = words();
  const note = make("div", { class: "note phone-kept", role: "status", tabindex: "-1" },
    make("p", {}, make("strong", {}, said.kept)),
    make("p", {}, said[problem] || said.later),
    make("p", { class: "acts" },
      form.dataset.queueBack && make("a", { class: "button button-main", href: form.dataset.queueBack }, said.back),
      make("a", { class: "button", href: said.waiting_url }, said.waiting)));
  form.replaceWith(note);
  note.focus();
}

function complain(form, reason) {
  const own = form.querySelector(":scope > .phone-refused") || make("p", { class: "bad phone-refused", role: "alert" });
  own.textContent = reason;
  form.prepend(own);
  own.scrollIntoView({ block: "center" });
}

// Keeps what could not be sent by its own page; false where this phone keeps nothing.
export async function keepForLater(form, submitter) {
  if (!able() || !(await fact("account"))) return false;
  try {
    await write(form, submitter, true);
  } catch (error) {
    complain(form, error.said || words().full);
    return true;
  }
  askSync();
  kept(form, "no_line");
  return true;
}

async function take(form, submitter) {
  const watched = { key: "", gone: false, heard: null };
  let entry;
  try {
    entry = await write(form, submitter, false);
  } catch (error) {
    complain(form, error.said || words().full); // a full phone, or a store that is shut: nothing was written down
    return false;
  }
  watched.key = entry.key;
  navigator.storage?.persist?.();
  const sent = drain(watched);
  const problem = await Promise.race([sent, new Promise((done) => { setTimeout(done, PATIENCE_MS, "slow"); })]);
  watched.gone = !watched.heard;
  const { went, told } = watched.heard || {};
  if (went === "taken") {
    location.assign(told.where || location.href);
    return true;
  }
  if (went === "refused") {
    complain(form, told.reason);
    return false;
  }
  askSync();
  kept(form, problem);
  return true;
}

// The browser sends by itself once there is a line, where it can.
function askSync() {
  navigator.serviceWorker?.ready.then((worker) => worker.sync?.register("gisgrid-queue")).catch(() => undefined);
}

export function watchForms() {
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (event.defaultPrevented || !form.dataset.queue) return;
    event.preventDefault();
    if (form.dataset.sending) return; // a second tap
    form.dataset.sending = "1";
    const button = event.submitter, label = button?.textContent;
    if (button) button.textContent = words().sending;
    if (await take(form, event.submitter)) return;
    delete form.dataset.sending;
    if (button) button.textContent = label;
  });
}

// A page that is opened for an entry that was refused has what was written in it.
export async function fillAgain() {
  const key = new URLSearchParams(location.hash.slice(1)).get("entry");
  const entry = key && (await entries()).find((each) => each.key === key);
  const form = entry && [...document.querySelectorAll("form[data-queue]")].find((each) => new URL(each.action).pathname === entry.url.split("?")[0]);
  if (!form) return;
  for (const field of form.elements) {
    if (!field.name || field.type === "hidden" || field.type === "file") continue;
    const values = entry.fields.filter(([name]) => name === field.name).map(([, value]) => value);
    if (field.type === "radio" || field.type === "checkbox") field.checked = values.includes(field.value);
    else if (values.length) field.value = values[0];
  }
  form.dataset.entry = key;
  complain(form, entry.reason);
}
