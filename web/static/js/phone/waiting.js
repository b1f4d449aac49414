// The page of what waits on this phone: each entry with where it stands; sending at once; what was refused, with why.

import { byId, make } from "../elements.js";
import { mendAt, stuck } from "../pure/sending.js";
import { fill, moment as time } from "../pure/words.js";
import { drain, drop, entries, onNews } from "./queue.js";
import { fact, photosOfEntry } from "./store.js";

const { words, log_in } = JSON.parse(byId("ui").textContent);
let putAside = {};

function stands(entry) {
  if (entry.state === "refused") return [words.refused, entry.reason, putAside[entry.key] && fill(words.put_aside, { time: time(Date.parse(putAside[entry.key])) })];
  if (entry.state === "incomplete") return [words.incomplete];
  if (entry.state === "sent") return [fill(words.sent, { time: time(entry.sent) }), ...(entry.said || [])];
  return [words.waits, entry.problem && words[entry.problem]];
}

// Of what was refused, what the office has seen: key to when. Without a line, nothing is known.
async function hear() {
  const ask = await fact("session"), refused = (await entries()).some((each) => each.state === "refused");
  if (!ask || !refused) return;
  const told = await fetch(`${ask}?refused`, { headers: { Accept: "application/json" }, cache: "no-store" }).then((answer) => answer.json()).catch(() => null);
  putAside = told?.aside || {};
  await draw();
}

const tone = { refused: "bad", incomplete: "bad", sent: "good", waiting: "note" };

function line(entry) {
  const acts = [];
  if (entry.state === "refused") acts.push(make("a", { class: "button button-main", href: mendAt(entry) }, words.again));
  if (["refused", "incomplete"].includes(entry.state) || (entry.state === "waiting" && stuck(entry))) {
    acts.push(make("button", { type: "button", class: "button", onclick: (event) => aside(event.target, entry) }, words.aside));
  }
  if (entry.state === "sent" && entry.where) acts.push(make("a", { class: "button", href: entry.where }, words.look));
  const [state, ...more] = stands(entry).filter(Boolean);
  return make("li", { class: `phone-entry ${tone[entry.state]}`, "data-state": entry.state },
    make("p", {}, make("strong", {}, entry.label || words.entry), " ", make("span", { class: "tag" }, state)),
    ...more.map((each) => make("p", {}, each)),
    ...(entry.state === "refused" ? (entry.words || []).map(([label, said]) => make("p", { class: "wrote" }, label && make("span", { class: "soft" }, label), " ", make("strong", {}, said))) : []),
    make("p", { class: "soft" }, fill(words.written, { time: time(entry.made) }),
      entry.hashes.length ? ` · ${fill(words.photos, { n: entry.hashes.length })}` : ""),
    acts.length ? make("p", { class: "acts" }, ...acts) : null);
}

// Asked a second time in its own place; nothing pops up.
function aside(button, entry) {
  if (button.dataset.sure) return drop(entry);
  button.dataset.sure = "1";
  button.textContent = words.sure;
  button.classList.add("button-danger");
}

async function draw() {
  const order = { refused: 0, incomplete: 0, waiting: 1, sent: 2 };
  const listed = (await entries()).sort((a, b) => order[a.state] - order[b.state] || (a.state === "sent" ? b.n - a.n : a.n - b.n));
  byId("entries").replaceChildren(...listed.map(line));
  const open = listed.filter((each) => each.state !== "sent").length;
  byId("none").hidden = open > 0;
  byId("save").hidden = !open;
  const last = await fact("sent");
  byId("last").textContent = last ? fill(words.last, { time: time(last) }) : words.never;
}

// A failed sending says that it failed, and why.
async function sendNow(event) {
  event.target.disabled = true;
  byId("said").textContent = words.sending;
  const problem = await drain().catch(() => "server");
  byId("said").replaceChildren(problem ? words[problem] : words.all_sent,
    problem === "log_in" ? make("a", { class: "button button-main", href: log_in }, words.to_log_in) : "");
  event.target.disabled = false;
}

// The way out where nothing else helps: what waits, as a file, without a line and without a server.
async function save() {
  const open = (await entries()).filter((each) => each.state !== "sent");
  const whole = await Promise.all(open.map(async (entry) => ({
    ...entry, photos: (await photosOfEntry(entry.key)).map((photo) => ({ file: photo.file, type: photo.type,
      base64: btoa(Array.from(new Uint8Array(photo.bytes), (byte) => String.fromCharCode(byte)).join("")) })),
  })));
  const address = URL.createObjectURL(new Blob([JSON.stringify(whole, null, 1)], { type: "application/json" }));
  make("a", { href: address, download: `gisgrid-${new Date().toISOString().slice(0, 10)}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

byId("send-now").addEventListener("click", sendNow);
byId("save").addEventListener("click", save);
onNews(draw);
draw().finally(() => { document.documentElement.dataset.ready = "true"; }).then(hear);
