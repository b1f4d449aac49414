// The worker's page: a position or an address goes to the server; without a connection a position is
// answered from the data kept on this phone. All text goes in as text, never as HTML.

import { byId, make } from "./elements.js";
import { toWgs84 } from "./pure/datums.js";
import { locate, unpack } from "./pure/packed.js";
import { dayIn, fill, metres, moment } from "./pure/words.js";
import { spot, spotKey } from "./spot.js";

const ui = JSON.parse(byId("ui").textContent), { words } = ui;
const INDEX = `gisgrid-index-${ui.township}`, CHECKED = `gisgrid-checked-${ui.township}`;
const LATER = `gisgrid-later-${ui.township}`;
const PATIENCE_MS = 5000;
let index = null, later = null, turn = 0;

function townName(town) {
  const name = (ui.language === "en" && town.name_en) || town.name;
  return !ui.same_names ? name : ui.language === "en" ? `${name} (${town.code})` : `${name}（${town.code}）`;
}

function show(...parts) {
  byId("answer").replaceChildren(...parts.filter(Boolean));
  byId("answer").scrollIntoView({ block: "start" });
}

// ---- what is kept on the phone -----------------------------------------------------------------

// Not every browser has a store, and a full one refuses: then there is no answer offline, no more.
function kept(name, value) {
  try {
    if (value === undefined) return localStorage.getItem(name);
    localStorage.setItem(name, value);
  } catch (_) {
    return null;
  }
  return value;
}

function remember(name, bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  kept(name, btoa(text));
}

function recall(name) {
  const text = kept(name);
  if (!text) return null;
  try {
    return unpack(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
  } catch (_) {
    return null; // of an older page, or damaged
  }
}

// Of two plans on the phone the one of today answers, though nobody was there to send it at midnight.
function current() {
  return later && later.plan.valid_from <= dayIn(later.township.time_zone) ? later : index;
}

async function fetched(name, known, more) {
  const have = known ? `&have=${encodeURIComponent(known.version)}` : "";
  const answer = await fetch(ui.index + more + have, { signal: AbortSignal.timeout(PATIENCE_MS * 4) });
  if (!answer.ok) throw new Error(String(answer.status));
  if (answer.status === 204) return known;
  const bytes = new Uint8Array(await answer.arrayBuffer());
  remember(name, bytes);
  return bytes.length ? unpack(bytes) : null;
}

async function refresh() {
  try {
    index = await fetched(INDEX, index, "");
    later = await fetched(LATER, later, "&later=1");
    kept(CHECKED, new Date().toISOString());
  } catch (_) {
    return; // offline: what is kept stays
  } finally {
    age();
  }
}

function dataTime() {
  const time = new Date(kept(CHECKED) || current().taken_at);
  return moment(time);
}

function age() {
  byId("age").textContent = current() ? fill(words.data_of, { time: dataTime() }) : words.no_data;
}

// ---- asking ------------------------------------------------------------------------------------

// The server's answer or problem; null where it cannot be reached.
async function ask(question) {
  const query = new URLSearchParams({ ...question, lang: ui.language });
  try {
    const answer = await fetch(`${ui.api}?${query}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return { ok: answer.ok, broken: answer.status >= 500, body: await answer.json() };
  } catch (_) {
    return null;
  }
}

async function lookUp(question, details) {
  const mine = ++turn;
  show(make("p", {}, words.waiting));
  const answer = await ask(question);
  if (mine !== turn) return; // a later question was asked meanwhile
  if (answer?.ok) {
    if (!current() || current().plan.id !== answer.body.plan.id) await refresh();
    found(answer.body, details || {});
  } else if (answer && !answer.broken) {
    problem(answer.body);
  } else if (question.lon === undefined || !current()) {
    const alone = question.lon === undefined ? words.no_address : words.no_server;
    show(make("p", { class: "bad" }, answer?.body.detail || alone));
  } else {
    const [lon, lat] = toWgs84(question.datum, Number(question.lon), Number(question.lat));
    const here = locate(current(), lon, lat);
    if (here.outside) outside(here);
    else found(here, { ...details, offline: true });
  }
}

function whereAmI() {
  const mine = ++turn;
  if (!navigator.geolocation || !window.isSecureContext) {
    show(make("p", { class: "bad" }, words.insecure));
    return;
  }
  show(make("p", {}, words.position));
  navigator.geolocation.getCurrentPosition((at) => {
    if (mine !== turn) return;
    const { longitude, latitude, accuracy } = at.coords;
    lookUp({ lon: longitude, lat: latitude, datum: byId("datum").value }, { accuracy });
  }, (error) => {
    if (mine === turn) show(make("p", { class: "bad" }, error.code === 1 ? words.refused : words.no_position));
  }, { enableHighAccuracy: true, timeout: 20000, maximumAge: 5000 });
}

// ---- answers -----------------------------------------------------------------------------------

function found(answer, details) {
  const { grid, others, plan } = answer;
  const lines = [
    [words.leader, grid.leader || words.nobody],
    [words.community, answer.community.name],
    // Of two townships grids may bear one name and one code: the answer says whose it is.
    ui.several && [words.township, townName(answer.township)],
    answer.exclusive && [words.over, `${answer.exclusive.name} (${answer.exclusive.leader || words.nobody})`],
    answer.house && [words.address, answer.house.address],
    [words.code, grid.code],
  ].filter(Boolean);
  const near = others.length > 0;
  show(
    make("h2", {}, grid.name),
    // Coordinates in the field of the address: asked back, for they may be another map's.
    details.typed && answer.how === "point" && make("p", { class: "note", id: "typed" }, answer.reason, " ", words.other_map),
    near && make("div", { class: "note" },
      ...others.map((other) => make("p", {}, fill(words.other, {
        m: metres(answer.border_m), grid: other.name, leader: other.leader || words.nobody }))),
      make("p", {}, words.check)),
    details.accuracy > answer.border_m && make("p", { class: "note" },
      fill(words.unsure, { m: Math.round(details.accuracy) }), " ", fill(words.border, { m: metres(answer.border_m) })),
    make("dl", { class: "facts" }, ...lines.flatMap(([k, v]) => [make("dt", {}, k), make("dd", {}, v)])),
    current()?.cards.has(grid.code) && picture(answer),
    !near && make("p", {}, fill(words.border, { m: metres(answer.border_m) })),
    answer.house && make("p", { class: "soft" }, `${fill(words.sure, { percent: Math.round(answer.confidence * 100) })} · ${answer.reason}`),
    answer.nearest && make("p", { class: "soft" }, fill(words.nearest, {
      address: answer.nearest.address, m: Math.round(answer.nearest.distance_m) })),
    grid.leader && !details.offline && make("button", {
      type: "button", class: "send", onclick: (event) => call(grid, answer.township.code, event.target) }, words.call),
    make("button", { type: "button", class: "send", onclick: (event) => send(answer, event.target) }, words.send),
    make("p", { class: "soft" }, `${words.plan} ${plan.name} `, fill(words.since, { day: plan.valid_from })),
    details.offline && offline());
}

function offline() {
  const { plan, township } = current();
  const day = dayIn(township.time_zone);
  return make("p", { class: "note", id: "offline" }, `${words.offline} ${fill(words.data_of, { time: dataTime() })}`,
    plan.last_day && plan.last_day < day ? ` ${fill(words.ended, { day: plan.last_day })}` : null);
}

function picture(answer) {
  const width = Math.max(240, Math.min(byId("answer").clientWidth || 680, 680) - 32);
  return make("div", { class: "spot" }, spot(current(), answer, words, width),
    make("ul", { class: "key" }, ...spotKey(words).map((parts) => make("li", {}, ...parts))));
}

function outside(here) {
  show(make("p", { class: "bad" }, fill(words.outside, {
    grid: here.nearest ? here.nearest.name : "—", m: here.nearest ? metres(here.nearest.distance_m) : "—" })),
  offline());
}

function problem(body) {
  const options = body.facts?.candidates || [];
  show(make("p", { class: options.length ? "note" : "bad" }, body.detail),
    options.length && make("h2", {}, words.choose),
    options.length && make("ul", { class: "choices" }, ...options.filter((o) => o.lon !== null).map((option) =>
      make("li", {}, make("button", {
        type: "button", onclick: () => lookUp({ lon: option.lon, lat: option.lat }),
      }, option.address, make("small", {}, option.grid_name || words.no_grid))))));
}

// The number is for who has the right to it; the store writes down that it was asked for.
async function call(grid, township, button) {
  const query = new URLSearchParams({ purpose: "contact", township, lang: ui.language });
  try {
    const answer = await fetch(`${ui.leader}/${encodeURIComponent(grid.code)}/leader?${query}`,
      { signal: AbortSignal.timeout(PATIENCE_MS) });
    const body = await answer.json();
    if (answer.ok && body.phone) button.replaceWith(make("a", { class: "send", href: `tel:${body.phone}` }, body.phone));
    else if (answer.ok) button.replaceWith(make("p", { class: "note" }, fill(words.no_phone, { leader: body.name })));
    else if (answer.status === 401) button.replaceWith(make("a", { class: "send", href: ui.me }, words.log_in));
    else button.replaceWith(make("p", { class: "bad" }, body.detail));
  } catch (_) {
    button.replaceWith(make("p", { class: "bad" }, words.no_server));
  }
}

async function send(answer, button) {
  const text = [answer.house?.address, answer.grid.name, answer.grid.code,
    `${words.leader} ${answer.grid.leader || words.nobody}`, answer.community.name, ui.several && townName(answer.township),
    `${answer.place.lat.toFixed(6)}, ${answer.place.lon.toFixed(6)} (WGS 84)`].filter(Boolean).join("\n");
  try {
    if (navigator.share) await navigator.share({ text });
    else {
      await navigator.clipboard.writeText(text);
      button.textContent = words.copied;
    }
  } catch (_) {
    // Shared with nobody, or no clipboard on this page: then the text itself can be copied.
    if (!navigator.share) button.replaceWith(make("p", { class: "note" }, text));
  }
}

// ---- beginning ---------------------------------------------------------------------------------

byId("datum").value = kept("gisgrid-datum") || "wgs84";
byId("datum").addEventListener("change", (event) => kept("gisgrid-datum", event.target.value));
byId("here").addEventListener("click", whereAmI);
byId("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const address = byId("words").value.trim();
  if (address) lookUp({ address, township: ui.township, datum: byId("datum").value }, { typed: true });
  else show(make("p", { class: "bad" }, words.empty));
});
index = recall(INDEX);
later = recall(LATER);
age();
window.addEventListener("online", refresh);
// Only secure pages (https, or this very machine) may keep themselves.
const worker = navigator.serviceWorker
  ? navigator.serviceWorker.register(ui.worker, { scope: ui.page }).then(() => navigator.serviceWorker.ready).catch(() => null)
  : null;
// Another page may send somebody here with what they wrote.
const asked = new URLSearchParams(location.search).get("address");
if (asked) {
  byId("words").value = asked.slice(0, 200);
  byId("ask").requestSubmit();
}
Promise.all([refresh(), worker]).then(() => { document.documentElement.dataset.ready = "true"; });
