// Reporting on the phone: the position is asked for as soon as the kind is chosen, the grid and what is
// near are shown before sending, and a failed sending loses nothing. Without this script the page is a
// plain form; the pieces of HTML put in here are the server's own, of this very page.

import { byId } from "./elements.js";
import { keepForLater } from "./phone/forms.js";
import { keepFact } from "./phone/store.js";
import { fill } from "./pure/words.js";

const ui = JSON.parse(byId("ui").textContent), { words } = ui;
const form = byId("report"), send = byId("send");
const field = (name) => form.elements.namedItem(name);
const PATIENCE_MS = 8000, UPLOAD_MS = 180000;
let turn = 0, looking = null;

const tell = (text) => { byId("position").textContent = text; };

function kept(name, value) {
  try {
    if (value === undefined) return localStorage.getItem(name);
    localStorage.setItem(name, value);
  } catch (_) { /* no store, or a full one */ }
  return value;
}

// Copies: the page that was read stays whole, since what it says is asked of it afterwards.
function pieces(html, ...ids) {
  const page = new DOMParser().parseFromString(html, "text/html");
  for (const id of ids) {
    const piece = page.getElementById(id);
    if (piece) byId(id).replaceWith(document.importNode(piece, true));
  }
  return page;
}

function complain(text) {
  const line = document.createElement("p");
  line.className = "bad";
  line.textContent = text;
  byId("problem").replaceChildren(line);
  byId("problem").scrollIntoView({ block: "center" });
}

// What is shown before sending; a later look makes an earlier one void.
function look(spot) {
  const mine = ++turn;
  const query = new URLSearchParams({ township: field("township").value, lang: ui.language, datum: field("datum").value });
  for (const name of ["lon", "lat", "address", "text"]) if (field(name).value.trim()) query.set(name, field(name).value.trim());
  const matter = form.querySelector("[name=matter]:checked");
  if (matter) query.set("matter", matter.value);
  if (spot) query.set("spot", spot);
  if (!query.has("lon") && !query.has("address")) return Promise.resolve();
  looking = fetch(`${ui.near}?${query}`, { signal: AbortSignal.timeout(PATIENCE_MS) })
    .then((answer) => (answer.ok ? answer.text() : ""))
    .then((html) => {
      if (mine !== turn || !html) return;
      pieces(html, "near");
      if (spot) {
        const [lon, lat] = spot.split(" ");
        field("lon").value = lon;
        field("lat").value = lat;
        field("datum").value = "wgs84"; // the register's own
      }
    })
    .catch(() => {}); // the server looks again when it is sent
  return looking;
}

function here() {
  if (!navigator.geolocation || !window.isSecureContext) return tell(words.insecure);
  tell(words.position);
  looking = new Promise((done) => {
    navigator.geolocation.getCurrentPosition((at) => {
      field("lon").value = at.coords.longitude;
      field("lat").value = at.coords.latitude;
      field("datum").value = kept("gisgrid-datum") || "wgs84";
      tell(fill(words.here, { m: Math.round(at.coords.accuracy) }));
      look().then(done);
    }, (error) => {
      tell(error.code === 1 ? words.refused : words.no_position);
      done();
    }, { enableHighAccuracy: true, timeout: 20000, maximumAge: 15000 });
  });
  return looking;
}

function forget() {
  field("lon").value = field("lat").value = "";
  tell("");
}

form.addEventListener("change", (event) => {
  const { name, value } = event.target;
  if (name === "matter") {
    if (field("lon").value || field("address").value.trim()) look();
    else here();
    byId("where").scrollIntoView({ block: "start", behavior: "smooth" });
  } else if (name === "address") {
    forget();
    look();
  } else if (name === "spot") {
    look(value);
  } else if (name === "photo") {
    byId("chosen").textContent = fill(words.photos, { n: event.target.files.length });
  } else if (name === "datum") {
    kept("gisgrid-datum", value);
    look();
  }
});

// What it is called while it waits.
const called = () => [form.dataset.queueName, form.querySelector("[name=matter]:checked")?.parentElement.textContent.trim(), field("address").value.trim()].filter(Boolean).join(" · ");

form.addEventListener("submit", async (event) => {
  if (form.dataset.entry) {
    form.dataset.queue = called(); // it waited once and was refused: it takes that road again
    return;
  }
  event.preventDefault();
  if (send.disabled) return;
  const pressed = event.submitter, label = send.textContent;
  send.disabled = true;
  send.textContent = words.sending;
  byId("problem").replaceChildren();
  try {
    await looking;
    const answer = await fetch(form.action, {
      method: "POST", body: new FormData(form, pressed?.name ? pressed : undefined),
      headers: { "X-Requested-With": "report" }, signal: AbortSignal.timeout(UPLOAD_MS),
    });
    if (answer.redirected) {
      await keepFact("draft", null).catch(() => undefined);
      location.assign(answer.url);
      return;
    }
    const page = pieces(await answer.text(), "problem", "near");
    if (!page.getElementById("problem")) complain(page.querySelector("main p:not(.failure-status)")?.textContent || words.failed);
    else byId("problem").scrollIntoView({ block: "center" });
  } catch (_) {
    // Whoever works here goes on; it is sent when there is a line.
    form.dataset.queue = called();
    if (form.querySelector("[name=matter]:checked") && await keepForLater(form, pressed)) return;
    delete form.dataset.queue;
    complain(words.no_server);
  }
  send.disabled = false;
  send.textContent = label;
});

byId("here").hidden = false;
// A page that a phone had kept knows nothing of the place that it was opened for.
const sent = new URLSearchParams(location.search);
for (const name of ["address", "lon", "lat"]) if (sent.get(name) && !field(name).value) field(name).value = sent.get(name);
// A page that a phone had kept would have the key of a report that was sent already.
if (crypto.randomUUID) field("client").value = crypto.randomUUID();
// A page that comes back by "back" has a key that was used.
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
document.documentElement.dataset.ready = "true";
