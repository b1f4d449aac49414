// My grid on this phone, with a line or without: houses with what is due, a round, the forms of a house, cases, documents.

import { byId, make } from "../elements.js";
import { own } from "../pure/tasks.js";
import { long, round } from "../pure/round.js";
import { fill, metres, moment as time } from "../pure/words.js";
import { mends } from "../pure/sending.js";
import { openDraft } from "./drafts.js";
import { able, fillAgain } from "./forms.js";
import { card, caseList, caseView, house, papers, tag, waitsFor } from "./grid-parts.js";
import { form, newHouse } from "./house-forms.js";
import { entries, onNews } from "./queue.js";
import { device, enter, expired, isSet, keep, kept, key, setUp, shut } from "./locker.js";
import { fact } from "./store.js";
import { asksHere, tasks } from "./task-parts.js";

const ui = JSON.parse(byId("ui").textContent), { words } = ui;
const PATIENCE_MS = 20000, PIN = "[0-9]{6,12}", PORTION = 40;
const FILTERS = ["", "visit", "verify", "register", "waiting", "attention", "fresh", "unlocated"];
let data = null, here = null, wanted = "", filter = "", shown = PORTION, walk = null, said = "";
const now = { all: [], get entries() { return own(this.all, data?.account); } }, sending = new Set();

const place = byId("grid");
const show = (...parts) => place.replaceChildren(...parts.filter(Boolean));
const houses = () => data.grids.flatMap((grid) => grid.houses);

// ---- opening -----------------------------------------------------------------------------------

function pinField(label) {
  const field = make("input", { class: "field", id: "pin", type: "password", inputmode: "numeric", autocomplete: "off", pattern: PIN, required: true, maxlength: "12" });
  return [make("label", { for: "pin" }, label), field];
}

function ask(title, text, label, button, act, more) {
  const line = make("p", { class: "bad", role: "alert", hidden: !said }, said);
  const [name, field] = pinField(label);
  const go = make("form", { class: "box", onsubmit: async (event) => {
    event.preventDefault();
    const push = go.querySelector("button");
    push.disabled = true;
    said = await act(field.value);
    push.disabled = false;
    await begin();
  } }, name, field, make("button", { class: "big find" }, button));
  show(make("h1", {}, title), line, make("p", {}, text), go, more);
  said = "";
}

async function begin() {
  if (await expired()) said = words.expired;
  const by = await key();
  if (by) {
    data = await kept(by);
    try {
      if (data) draw();
    } catch (error) {
      data = null; // What an earlier edition kept cannot be shown: it is fetched anew.
      reportError(error);
    }
    if (!data) waitFor(words.fetching);
    await renew();
    // Unlocked, and nothing is kept: the first fetching failed, and is tried again.
    if (!data && await key()) waitFor(words.no_line, make("button", { type: "button", class: "big find", onclick: begin }, words.retry));
    return;
  }
  if (await isSet()) {
    return ask(words.title, words.locked, words.pin, words.open, async (pin) => {
      const { key: got, left } = await enter(pin);
      return got ? "" : left ? fill(words.wrong, { n: left }) : words.wiped;
    });
  }
  if (!navigator.onLine || !(document.documentElement.dataset.whose || await fact("account"))) {
    return show(make("h1", {}, words.title), make("p", { class: "note" }, said || words.nothing), make("p", { class: "acts" },
      make("a", { class: "button button-main", href: ui.report }, words.report), make("a", { class: "button", href: ui.log_in }, words.log_in)));
  }
  ask(words.title, words.set_up, words.new_pin, words.keep, start);
}

const waitFor = (text, act) => show(make("h1", {}, words.title), make("p", { class: "note", role: "status" }, text), act);

async function start(pin) {
  const name = crypto.randomUUID();
  try {
    const session = await (await fetch(await fact("session"), { headers: { Accept: "application/json" } })).json();
    const asked = await fetch(ui.half, { method: "POST", body: new URLSearchParams({ device: name }), headers: { Accept: "application/json", "X-CSRFToken": session.token } });
    if (!asked.ok) return (await asked.json()).detail || words.no_line;
    await setUp(pin, (await asked.json()).half, name, session.account);
    return "";
  } catch (_) {
    return words.no_line;
  }
}

async function fetched(by) {
  const name = await device(), asked_at = Date.now();
  const answer = await fetch(ui.data, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!answer.ok) return false;
  const got = { ...await answer.json(), asked_at };
  // Locked or wiped meanwhile it stays so, and the phone of one is never filled with the grid of another.
  const lock = await fact("lock");
  if (!(await key()) || lock?.device !== name || lock.account !== got.account) return false;
  await keep(by, got);
  if (!(await key())) return false;
  data = got;
  return true;
}

async function renew() {
  const by = await key();
  const first = !data;
  if (by && navigator.onLine && await fetched(by).catch(() => false) && (first || calm())) draw();
}

// Whether nobody is writing, nor has opened a part, so that the page may be drawn anew.
const calm = () => !place.querySelector("details[open]") && !location.hash.split("/")[2] && !/^#(case|new-house)\//.test(location.hash) && document.activeElement?.id !== "find";

// What is heard of the queue; once what waited is in, the office knows more than what is kept here.
async function heard(over) {
  for (const each of now.entries) if (each.state === "waiting") sending.add(each.key);
  now.all = await entries();
  if (data && calm()) draw();
  const sent = over ? now.entries.filter((each) => each.state === "sent" && sending.delete(each.key)) : [];
  if (sent.length) await renew();
}

// ---- the list ----------------------------------------------------------------------------------

const fits = (one, kind) => !kind || one.due === kind || (kind === "waiting" && one.waiting > 0) || (kind === "unlocated" && !one.located) || ((kind === "attention" || kind === "fresh") && one[kind]);

function found() {
  const asked = wanted.toLowerCase();
  const speaks = (one) => [one.address, ...one.called, ...one.homes.flatMap((home) => [home.room, ...home.residents.map((each) => each.name)])]
    .some((text) => text?.toLowerCase().includes(asked));
  const listed = houses().filter((one) => fits(one, filter) && (!asked || speaks(one)));
  return walk ? walk.filter((one) => listed.includes(one)) : listed;
}

function filters() {
  return make("div", { class: "pick phone-filters", role: "group", "aria-label": words.filters }, ...FILTERS.filter((kind) => !kind || kind === filter || houses().some((one) => fits(one, kind))).map((kind) =>
    make("button", { type: "button", class: "button", "aria-pressed": String(filter === kind), onclick: () => { filter = kind; shown = PORTION; list(); } },
      `${words[`show_${kind || "all"}`]} ${houses().filter((one) => fits(one, kind)).length}`)));
}

function list() {
  const listed = found();
  const field = make("input", { class: "field", id: "find", type: "search", value: wanted, autocomplete: "off", oninput: (event) => { wanted = event.target.value.trim(); shown = PORTION; hits(); } });
  const hitsList = make("ul", { class: "phone-houses", id: "houses" });
  const more = make("button", { type: "button", class: "button", id: "more", onclick: () => { shown += PORTION; hits(); } }, words.more);
  function hits() {
    const all = found();
    hitsList.replaceChildren(...all.slice(0, shown).map((one, n) => card(one, ui, now, walk && n + 1)));
    more.hidden = all.length <= shown;
    byId("none").hidden = all.length > 0;
  }
  show(
    make("h1", {}, data.grids.map((grid) => grid.name).join("、") || words.no_grid),
    make("p", { class: "soft", id: "as-of" }, fill(words.as_of, { time: time(data.taken_at) }), navigator.onLine ? "" : ` · ${words.offline}`),
    ...data.grids.filter((grid) => grid.left_out).map((grid) => make("p", { class: "note" }, fill(words.left_out, { n: grid.left_out }))),
    make("nav", { class: "pick", "aria-label": words.title },
      make("a", { class: "button", href: "#cases" }, `${words.cases} ${data.cases.length}`), make("a", { class: "button", href: "#papers" }, `${words.papers} ${data.documents.length}`),
      data.tasks.length || data.tasks_left_out ? make("a", { class: "button", href: "#tasks" }, `${words.tasks} ${data.tasks.length}`) : ""),
    make("button", { type: "button", class: "big here", id: "walk", onclick: walked }, walk ? words.no_walk : words.walk),
    make("p", { id: "walk-said", role: "status" }, walk ? fill(words.walk_long, { m: metres(long([here, ...walk])), n: walk.length }) : said),
    filters(), make("label", { for: "find" }, words.find), field,
    make("p", { id: "none", hidden: listed.length > 0 }, words.none), hitsList, more,
    make("p", { class: "acts" },
      ...(data.keeps ? data.grids.flatMap(missingHouse) : []),
      make("button", { type: "button", class: "button", onclick: async () => { await shut(); data = walk = null; wanted = filter = ""; begin(); } }, words.shut)));
  said = "";
  hits();
}

// The way to the form of a house that is missing in a grid, with how many of its kind wait.
function missingHouse(grid) {
  const label = data.grids.length > 1 ? `${words.missing_house} · ${grid.name}` : words.missing_house;
  const n = waitsFor(ui.new_house.replace("/0/", `/${grid.code}/`), now);
  return [make("a", { class: "button", href: `#new-house/${grid.code}` }, label), n ? tag(fill(words.new_queued, { n }), "warn") : ""];
}

// What is due where one can walk to, in the order in which to walk.
function walked() {
  if (walk) {
    walk = null;
    return list();
  }
  byId("walk-said").textContent = words.position;
  navigator.geolocation.getCurrentPosition((at) => {
    here = { lon: at.coords.longitude, lat: at.coords.latitude };
    walk = round(here, houses().filter((one) => one.due && one.lon !== null));
    list();
  }, () => { byId("walk-said").textContent = words.no_position; }, { enableHighAccuracy: true, timeout: 20000, maximumAge: 15000 });
}

// ---- where one is ------------------------------------------------------------------------------

// "#house/12/visit?resident=5": a house, and a form of it.
function draw() {
  const [path, query] = location.hash.slice(1).split("?"), [room, id, what] = path.split("/");
  const mine = data.cases.find((each) => String(each.case_id) === id);
  const grid = data.grids.find((each) => each.code === path.slice("new-house/".length));
  const one = room === "house" && houses().find((each) => String(each.id) === id);
  if (room === "house" && !one) show(make("p", { class: "note" }, words.not_here), make("p", { class: "acts" }, make("a", { class: "button button-main", href: "#" }, words.all)));
  else if (one && what && data.keeps) show(...form(one, what, new URLSearchParams(query), ui, data));
  else if (one) show(...house(one, ui, now, data, asksHere(one, data, ui, now)));
  else if (room.startsWith("task")) show(...tasks(id, what, data, ui, now, time));
  else if (room === "new-house" && data.keeps && grid) show(...newHouse(grid, ui, data));
  else if (room === "case" && mine) show(...caseView(mine, ui, now, time));
  else if (room.startsWith("case")) show(...caseList(data, ui, now, time));
  else if (room === "papers") show(...papers(data, ui, now));
  else list();
  if (mends(location.hash)) fillAgain();
  else openDraft();
}

// Which part of the phone's page stands for a page that cannot be reached; null for none.
function stoodFor(path) {
  const house = path.match(/\/register\/(house)\/(\d+)(?:\/enter\/([\w-]+))?/), fresh = path.match(/\/register\/grid\/(.+)\/(new-house)$/);
  const task = path.match(/\/collecting(?:\/(\d+)(?:\/house\/(\d+))?)?$/), one = path.match(/\/(case)s\/(\d+)/);
  if (fresh) return [fresh[2], fresh[1]];
  if (task) return task[1] ? ["task", ...task.slice(1)] : ["tasks"];
  return (house || one)?.slice(1) ?? null;
}

async function open() {
  const at = stoodFor(location.pathname);
  if (at && !location.hash.startsWith(`#${at[0]}`)) {
    const asked = [location.search.slice(1), location.hash.slice(1)].filter(Boolean).join("&");
    history.replaceState(null, "", `${location.pathname}#${at.filter(Boolean).join("/")}${asked && `?${asked}`}`);
  }
  now.all = await entries();
  onNews(heard);
  addEventListener("hashchange", () => { if (data) draw(); scrollTo(0, 0); });
  addEventListener("online", renew);
  await begin();
}

if (able()) open().finally(() => { document.documentElement.dataset.ready = "true"; });
else show(make("h1", {}, words.title), make("p", { class: "note" }, words.insecure));
