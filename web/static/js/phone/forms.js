// The one road of forms that may wait: what a form with data-queue says is written down on this phone, then sent. Who has
// a line sees the page's own answer; who has none goes on. Without this script the form is a plain one.

import { byId, make } from "../elements.js";
import { mends } from "../pure/sending.js";
import { fill } from "../pure/words.js";
import { add, drain, entries } from "./queue.js";
import { packed } from "./photos.js";
import { fact, keepFact, photosOfEntry } from "./store.js";

const PATIENCE_MS = 10000, OWN_KEYS = ["client_id", "client"];
const words = () => JSON.parse(byId("phone-words").textContent);

export const able = () => isSecureContext && typeof indexedDB === "object" && "locks" in navigator && Boolean(crypto.randomUUID);

// What a person wrote, each under the words of the form.
function wordsOf(form) {
  const own = (part) => (part?.querySelector(".asked") || part)?.textContent.replace(/\s+/g, " ").trim() || "";
  return [...form.elements].filter((field) => field.name && !field.disabled && !["hidden", "file", "submit"].includes(field.type) && !field.closest("[hidden]"))
    .map((field) => {
      if (["radio", "checkbox"].includes(field.type)) return field.checked && [own(field.closest("fieldset")?.querySelector("legend")), own(field.labels[0])];
      return field.localName !== "select" && field.value?.trim() && [own(field.labels?.[0]), field.value.trim()];
    }).filter(Boolean);
}

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
  if (mended && !photos.length && !form.querySelector(".phone-refused input:checked")) photos.push(...await photosOfEntry(key));
  const { queue, queueHouse, queueBack, queuePage } = form.dataset;
  const url = new URL(submitter?.getAttribute("formaction") || form.getAttribute("action") || "", location.href);
  const page = queuePage || location.pathname + location.search;
  const made = await add({ key, url: url.pathname + url.search, fields, label: queue, house: queueHouse || null, page, back: queueBack || null, words: wordsOf(form) }, photos, mended);
  await keepFact("draft", null);
  return made;
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

function complain(form, reason, ...more) {
  const own = form.querySelector(":scope > .phone-refused") || make("div", { class: "bad phone-refused" });
  own.replaceChildren(make("p", { role: "alert" }, reason), ...(more.length ? more : [...own.children].slice(1)));
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

// What became of an entry that another sending took along, the page's own at its start or another page's: nobody looked on.
async function settledElsewhere(key) {
  const entry = (await entries()).find((each) => each.key === key);
  if (entry?.state === "sent") return { went: "taken", told: { where: entry.where } };
  return entry?.state === "refused" ? { went: "refused", told: { reason: entry.reason }, mends: key } : {};
}

async function take(form, submitter) {
  // What is doubtful about a report was seen when it was mended.
  const watched = { key: "", gone: false, live: !form.dataset.queueName, heard: null };
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
  const { went, told, mends: refused } = watched.heard || (await settledElsewhere(entry.key));
  if (went === "taken") {
    location.assign(told.where || location.href);
    return true;
  }
  if (went === "refused") {
    // The clerk sees it by now: what is sent next is that entry, mended.
    if (refused) form.dataset.entry = refused;
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

// `keeps` comes to be whether this phone keeps what is sent: no tap is too early, and without it a form is a plain one.
export function watchForms(keeps) {
  document.addEventListener("submit", async (event) => {
    const form = event.target, button = event.submitter, label = button?.textContent;
    if (event.defaultPrevented || !form.dataset.queue || form.dataset.plain) return;
    event.preventDefault();
    if (form.dataset.sending) return; // a second tap
    form.dataset.sending = "1";
    if (!(await keeps)) {
      form.dataset.plain = "1";
      form.requestSubmit(button);
      return;
    }
    if (button) button.textContent = words().sending;
    if (await take(form, button)) return;
    delete form.dataset.sending;
    if (button) button.textContent = label;
  });
}

const TELL_APART = ["step", "column", "household", "resident"], REPLACED = ["lon", "lat", "beside"];

// The form of an entry: of several that go to one address, the one that is about the same.
export function formOf(entry) {
  const said = (name) => entry.fields.find(([each]) => each === name)?.[1];
  const same = (form) => TELL_APART.every((name) => !form.elements[name] || form.elements[name].disabled || form.elements[name].value === said(name));
  return [...document.querySelectorAll("form[data-queue], form[data-queue-name]")]
    .find((form) => new URL(form.action).pathname === entry.url.split("?")[0] && same(form));
}

// Puts what was written back into its form, in sight.
export function refill(form, fields) {
  for (const field of form.elements) {
    if (!field.name || field.type === "file" || (field.type === "hidden" && !REPLACED.includes(field.name))) continue;
    const values = fields.filter(([name]) => name === field.name).map(([, value]) => value);
    if (["radio", "checkbox"].includes(field.type)) {
      field.checked = values.includes(field.value);
      if (field.checked && field.closest("details")) field.closest("details").open = true;
    } else if (values.length) field.value = values[0];
  }
  for (const each of [form.closest("details"), form.querySelector(":scope > details:not(.more)")]) if (each) each.open = true;
  // What hangs on what is written is reckoned anew: a field that is set so tells nobody.
  form.dispatchEvent(new Event("refilled"));
}

// A page that is opened for an entry that was refused has what was written in it.
export async function fillAgain() {
  const key = mends(location.hash), entry = key && (await entries()).find((each) => each.key === key && each.state === "refused");
  const form = entry && formOf(entry);
  if (!form || form.dataset.entry === key) return;
  refill(form, entry.fields);
  form.dataset.entry = key;
  const photos = entry.hashes.length;
  complain(form, entry.reason, photos ? make("label", {}, make("input", { type: "checkbox" }), make("span", {}, fill(words().without, { n: photos }))) : "");
}
