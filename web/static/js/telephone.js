// The dispatcher's form: addresses are found while they are typed, and what is near is shown at once.
// The pieces of HTML put in here are the server's own; addresses go in as text.

import { byId } from "./elements.js";

const ui = JSON.parse(byId("ui").textContent);
const form = byId("report"), words = byId("words"), found = byId("found");
const field = (name) => form.elements.namedItem(name);
const PAUSE_MS = 180, PATIENCE_MS = 8000;
let turn = 0, timer = 0, at = -1;

async function look(spot) {
  const mine = ++turn;
  const query = new URLSearchParams({ township: field("township").value, lang: ui.language });
  for (const name of ["lon", "lat", "address", "text", "matter"]) if (field(name).value.trim()) query.set(name, field(name).value.trim());
  if (spot) query.set("spot", spot);
  if (!query.has("lon") && !query.has("address")) return;
  try {
    const answer = await fetch(`${ui.near}?${query}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const html = await answer.text();
    if (!answer.ok || mine !== turn) return;
    const piece = new DOMParser().parseFromString(html, "text/html").getElementById("near");
    if (piece) byId("near").replaceWith(document.adoptNode(piece));
    if (spot) [field("lon").value, field("lat").value] = spot.split(" ");
  } catch (_) { /* the server looks again when it is sent */ }
}

function shut() {
  found.hidden = true;
  at = -1;
  words.setAttribute("aria-expanded", "false");
  words.removeAttribute("aria-activedescendant");
}

function mark(step) {
  const all = [...found.children];
  if (!all.length) return;
  at = (at + step + all.length) % all.length;
  all.forEach((line, n) => line.setAttribute("aria-selected", String(n === at)));
  all[at].scrollIntoView({ block: "nearest" });
  words.setAttribute("aria-activedescendant", all[at].id);
}

function take(hit) {
  words.value = hit.label;
  field("lon").value = hit.lon;
  field("lat").value = hit.lat;
  shut();
  look();
}

async function search() {
  const q = words.value.trim(), mine = ++turn;
  if (q.length < 2) return shut();
  try {
    const query = new URLSearchParams({ q, limit: 8, township: field("township").value });
    const answer = await fetch(`${ui.search}?${query}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!answer.ok || mine !== turn) return;
    const hits = (await answer.json()).hits.filter((hit) => hit.kind !== "grid");
    found.replaceChildren(...hits.map((hit, n) => {
      const line = document.createElement("li"), grid = document.createElement("small");
      line.id = `hit-${n}`;
      line.setAttribute("role", "option");
      line.setAttribute("aria-selected", "false");
      grid.textContent = hit.grid_code || "";
      line.append(hit.label, grid);
      line.addEventListener("mousedown", (event) => { event.preventDefault(); take(hit); });
      return line;
    }));
    found.hidden = !hits.length;
    words.setAttribute("aria-expanded", String(hits.length > 0));
    at = -1;
  } catch (_) { shut(); }
}

words.addEventListener("input", () => {
  field("lon").value = field("lat").value = "";
  clearTimeout(timer);
  timer = setTimeout(search, PAUSE_MS);
});
words.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    mark(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter" && at >= 0) {
    event.preventDefault();
    found.children[at].dispatchEvent(new MouseEvent("mousedown", { cancelable: true }));
  } else if (event.key === "Escape") shut();
});
words.addEventListener("blur", () => { clearTimeout(timer); shut(); look(); });
form.addEventListener("change", (event) => {
  if (event.target.name === "matter") look();
  if (event.target.name === "spot") look(event.target.value);
});
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
document.documentElement.dataset.ready = "true";
