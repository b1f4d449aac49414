// The map page: panel, legend, search, cards. All text goes in as text, never as HTML.

import { json } from "./ask.js";
import { asOf, colour, count, gridCard, hide, pointCard, weight } from "./cards.js";
import { byId, make } from "./elements.js";
import { labels } from "./grids.js";
import { planner } from "./planner.js";
import { failed, layers } from "./town.js";

// At midnight another plan is in force: the page is fetched anew, also after a sleep of the machine.
// Counted from the server's clock, for this machine's own may be days off.
function atTurn(seconds) {
  if (seconds === null) return;
  const end = Date.now() + 1000 * seconds, look = () => { if (Date.now() >= end) location.reload(); };
  setInterval(look, 20000);
  document.addEventListener("visibilitychange", look);
}

export function start(map, ui) {
  atTurn(ui.turns_in_s);
  // The planner's layers lay their own paint, labels and facts over the grids.
  const state = { map, ui, counts: new Map(), selected: null, choice: layers.grids.spec.colourings[0],
    painting: null, labelOf: null, more: null };
  panel(state);
  search(state);
  state.label = labels(map, layers.areas, layers.grids, ui.language === "en", () => state.labelOf);
  Promise.all([layers.areas.ready, layers.grids.ready]).then(() => {
    state.label();
    colour(state);
    hover(state);
  });
  Promise.all(Object.values(layers).map((layer) => layer.ready)).then(() => {
    performance.mark("first-view");
    document.documentElement.dataset.ready = "true"; // tests wait for it
    if (ui.planner) planner(state);
    // Counting thousands of people takes longer than drawing: the map comes first.
    return Promise.all([json(layers.grids.spec.extra.counts + (ui.as_of ? `?as_of=${ui.as_of}` : "")),
      json(`${ui.api}/summary?plan=${ui.plan}${asOf(ui)}`)]);
  }).then(([counted, summed]) => {
    for (const row of counted.grids) state.counts.set(row.code, row);
    colour(state);
    totals(ui, summed);
    document.documentElement.dataset.counted = "true";
  }).catch(failed);
  clicks(state);
}

// ---- panel -----------------------------------------------------------------------------------

function panel(state) {
  for (const choice of layers.grids.spec.colourings) {
    const chosen = choice === state.choice;
    byId("colourings").append(make("label", {},
      make("input", {
        type: "radio", name: "colouring", value: choice.key, checked: chosen,
        onchange: () => { state.choice = choice; colour(state); },
      }), make("span", {}, choice.label)));
  }
  for (const layer of Object.values(layers).reverse()) {
    byId("layers").append(make("li", {}, make("label", {},
      make("input", {
        type: "checkbox", value: layer.spec.name, checked: layer.spec.shown,
        onchange: (event) => event.target.checked ? layer.addTo(state.map) : layer.remove(),
      }), sample(layer.spec), make("span", {}, layer.spec.title))));
  }
  byId("toggle").addEventListener("click", () => {
    const open = byId("panel").classList.toggle("open");
    byId("toggle").setAttribute("aria-expanded", String(open));
  });
  document.addEventListener("click", (event) => {
    const plans = byId("plan");
    if (plans.open && !plans.contains(event.target)) plans.open = false;
  });
}

function sample(spec) {
  const style = spec.style;
  const shape = spec.kind === "polygons" ? (style.fill === false ? "outline" : "patch")
    : spec.kind === "lines" ? "line" : style.shape || "dot";
  return make("i", { class: `sample sample-${shape}`, style: { color: style.colour || style.color } });
}

// The symbol of a point layer under a place of the map; events lie over houses.
function symbol(latlng) {
  for (const name of ["open_events", "closed_events", "houses"]) {
    const found = layers[name]?.at(latlng);
    if (found) return found;
  }
  return null;
}

function totals(ui, answer) {
  const all = answer.total;
  const lines = [["grids", all.basic + all.exclusive], ["houses", all.houses], ["households", all.households],
    ["residents", all.residents], ["events", all.events], ["uncovered", all.uncovered_houses]];
  byId("totals").replaceChildren(...lines.map(([key, n]) =>
    make("div", {}, make("dt", {}, ui.words[key]), make("dd", {}, count(ui, n)))));
}

// ---- grids under the pointer -----------------------------------------------------------------

function hover(state) {
  layers.grids.eachLayer((layer) => {
    layer.on("mouseover", () => { layer.setStyle({ weight: 3 }); });
    layer.on("mouseout", () => { if (layer !== state.selected) layer.setStyle({ weight: weight(state, layer) }); });
  });
}

function clicks(state) {
  const { map, ui } = state;
  let grid = null;
  layers.grids.on("click", (event) => { grid = event.layer; });
  map.on("click", (event) => {
    const clicked = grid;
    grid = null;
    const found = symbol(event.latlng);
    if (found) return pointCard(state, found, event.latlng);
    if (clicked) gridCard(state, clicked.feature.properties.code);
    else hide(state);
    return undefined;
  });
  map.on("mousemove", L.Util.throttle((event) => {
    map.getContainer().classList.toggle("over-point", symbol(event.latlng) !== null);
  }, 60));
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(state); });
  // A saved or shared address may name a grid.
  const wanted = new URLSearchParams(location.hash.slice(1)).get("grid");
  if (wanted) layers.grids.ready.then(() => gridCard(state, wanted, true));
  ui.started = true;
}

// ---- search ----------------------------------------------------------------------------------

function search(state) {
  const { ui, map } = state;
  const form = byId("search"), field = form.elements.q, list = byId("hits");
  let timer = 0, asked = 0;
  const close = () => { list.hidden = true; };
  function go(hit) {
    close();
    if (hit.kind === "grid") return gridCard(state, hit.code, true);
    map.setView(L.latLng(hit.lat, hit.lon), 18);
    if (hit.kind === "spot") return undefined;
    return pointCard(state, { id: hit.id, n: 1, layer: layers.houses.spec });
  }
  async function ask() {
    const text = field.value.trim(), turn = ++asked;
    if (!text) return close();
    let answer;
    try {
      answer = await json(`${ui.api}/search?plan=${ui.plan}&q=${encodeURIComponent(text)}`);
    } catch (error) {
      return failed(error);
    }
    if (turn !== asked) return undefined; // a later question was asked meanwhile
    list.replaceChildren(...answer.hits.map((hit) => make("li", {},
      make("button", { type: "button", onclick: () => go(hit) },
        make("span", { class: "badge" }, ui.words[hit.kind]), make("span", {}, hit.label),
        hit.kind === "grid" ? make("small", {}, hit.code) : null))));
    if (!answer.hits.length) list.append(make("li", { class: "none" }, ui.words.nothing_found));
    list.hidden = false;
    return undefined;
  }
  field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 200); });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    ask().then(() => {
      const first = list.querySelector("button");
      if (first) first.focus();
      else if (field.value.trim()) form.submit(); // a case or a ticket is no spot of the map
    });
  });
  document.addEventListener("click", (event) => { if (!form.contains(event.target)) close(); });
  form.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
}
