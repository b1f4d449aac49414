// The planner's layers: coverage gaps, workload, a proposal. Fetched when asked for, never before.

import { json } from "./ask.js";
import { byId, make } from "./elements.js";
import { card, gridCard, repaint } from "./cards.js";
import { pattern, patternSample } from "./patterns.js";
import { receivers } from "./pure/receivers.js";
import { moment, roundPercent } from "./pure/words.js";
import { layers } from "./town.js";
import { AFFECTED, GROUND, INK, QUIET, STAYS, UNKNOWN } from "./pure/colours.js";

const POLL_MS = 900;
const MOST_MARKS = 300; // more would hide the map, and each other
const MOST_HOUSES = 4000; // drawn one by one, in view
const MOST_LINES = 60;

export function planner(state) {
  const { map, ui } = state, { planner } = ui, words = planner.words;
  const specs = new Map(planner.layers.map((spec) => [spec.name, spec]));
  const drawn = L.layerGroup().addTo(map);
  let mode = "", turn = 0, draft = planner.drafts[0], timer = 0;
  map.createPane("planner").style.zIndex = "415";
  const moved = map.createPane("moved");
  moved.style.zIndex = "445";
  moved.style.pointerEvents = "none";
  const shared = { state, map, words, drawn, number, chosenDraft: () => draft };

  function number(value) {
    return value.toLocaleString(ui.language);
  }

  function choices() {
    const options = [["", words.off], ...planner.layers.map((spec) => [spec.name, spec.title])];
    byId("planner-modes").append(...options.map(([name, label]) => make("label", {},
      make("input", { type: "radio", name: "planner", value: name, checked: name === mode,
        disabled: name === "proposal" && !draft, onchange: () => choose(name) }),
      make("span", { title: name === "proposal" && !draft ? words.no_draft : null }, label))));
    if (planner.drafts.length > 1) {
      byId("planner-draft").append(...planner.drafts.map((each, k) => make("option", { value: k }, each.name)));
      byId("planner-draft").addEventListener("change", (event) => { draft = planner.drafts[event.target.value]; choose(mode); });
    }
  }

  function clear() {
    drawn.clearLayers();
    if (shared.onmove) map.off("moveend", shared.onmove);
    Object.assign(state, { painting: null, labelOf: null, more: null });
    byId("planner-legend").replaceChildren();
    byId("planner-list").replaceChildren();
    byId("planner-sums").replaceChildren();
    byId("planner-note").textContent = "";
  }

  function choose(name) {
    mode = name;
    turn++;
    clearTimeout(timer);
    clear();
    byId("card").hidden = true;
    byId("planner-draft").hidden = mode !== "proposal" || planner.drafts.length < 2;
    byId("colour-by").hidden = mode !== "";
    map.getContainer().classList.toggle("planning", mode !== "");
    repaint(state);
    delete document.documentElement.dataset.planner;
    if (mode) ask(turn, "");
  }

  // Ask where the study stands until its answer is that of the present data.
  async function ask(mine, shown) {
    const spec = specs.get(mode);
    const address = (mode === "proposal" ? draft.url : spec.url) + (ui.as_of ? `?as_of=${ui.as_of}` : "");
    let stands;
    try {
      stands = await json(address);
      if (mine !== turn) return;
      if (stands.url && stands.url !== shown) {
        const body = await json(stands.url);
        if (mine !== turn) return;
        clear();
        await MODES[mode](shared, spec, body);
        repaint(state);
        shown = stands.url;
      }
    } catch (error) {
      if (mine === turn) byId("planner-note").textContent = error.told || ui.words.failed;
      return;
    }
    note(stands);
    if (stands.wanted) timer = setTimeout(() => ask(mine, shown), POLL_MS);
    else document.documentElement.dataset.planner = mode; // tests wait for it
  }

  function note(stands) {
    const parts = [];
    if (stands.made_at) {
      parts.push(words.made.replace("{time}", moment(stands.made_at, ui.time_zone)));
    }
    if (stands.wanted) {
      parts.push(stands.made_at ? words.renewing : stands.working ? words.computing : words.waiting);
      if (stands.steps) parts.push(`${stands.step + 1}/${stands.steps}`);
    }
    if (stands.failed) parts.push(stands.failed);
    byId("planner-note").textContent = parts.join(" · ");
  }

  shared.legend = (lines) => byId("planner-legend").replaceChildren(...lines.map(([sample, text, count]) =>
    make("li", {}, sample, make("span", {}, text), count === undefined ? null : make("b", {}, number(count)))));
  shared.sums = (lines) => byId("planner-sums").replaceChildren(...lines.filter(Boolean).map((text) => make("li", {}, text)));
  // A list of places to go to: [text, count, what a click does].
  shared.list = (lines) => byId("planner-list").replaceChildren(
    ...lines.slice(0, MOST_LINES).map(([text, count, go]) => make("li", {},
      make("button", { type: "button", onclick: go }, make("span", {}, text), make("b", {}, count)))),
    ...(lines.length > MOST_LINES ? [make("li", { class: "none" }, words.more.replace("{n}", number(lines.length - MOST_LINES)))] : []));
  shared.moving = (each) => { shared.onmove = each; map.on("moveend", each); };

  const wanted = new URLSearchParams(location.hash.slice(1)).get("planner");
  if (specs.has(wanted) && (wanted !== "proposal" || draft)) mode = wanted;
  choices();
  if (mode) choose(mode);
}

const language = (state) => state.ui.language;
const latlng = ([lon, lat]) => L.latLng(lat, lon);

const MODES = { coverage, workload, proposal };

// ---- coverage ----------------------------------------------------------------------------------

function coverage(shared, spec, body) {
  const { state, words, number } = shared, tongue = language(state);
  const swatches = new Map(spec.swatches.map((s) => [s.key, s]));
  const checks = body.checks.slice().sort((a, b) => b.residents - a.residents || b.places - a.places);
  let only = "";
  const quiet = { color: QUIET, weight: 1 };
  state.painting = { of: () => GROUND, line: () => quiet };
  shared.legend(spec.swatches.map((s) => [make("i", { class: "sign", style: { background: s.colour } }, s.sign), s.label,
    body.checks.filter((c) => c.name !== body.sites && c.status === s.key).length]));
  shared.list(checks.filter((check) => check.status !== "pass").map((check) => {
    const sign = check.name === body.sites ? "＋" : swatches.get(check.status).sign;
    const count = check.places ? `${number(check.residents)}` : check.missing?.[tongue];
    return [`${sign} ${check.title[tongue]}`, count, () => { only = only === check.name ? "" : check.name; draw(); }];
  }));
  const chosen = () => body.findings.filter((f) => f.at && (only ? f.check === only : true))
    .sort((a, b) => b.residents - a.residents);
  function draw() {
    shared.drawn.clearLayers();
    const all = chosen();
    const most = all.reduce((n, f) => Math.max(n, f.residents), 1);
    const view = shared.map.getBounds(), found = all.filter((f) => view.contains(latlng(f.at)));
    // Small ones last, so that they lie on top.
    for (const f of found.slice(0, MOST_MARKS)) {
      const colour = f.check === body.sites ? spec.style.site : spec.style.color;
      if (f.ground) {
        L.geoJSON(f.ground, { pane: "planner", style: { color: colour, weight: 2, fillColor: pattern("lines-2", AFFECTED), fillOpacity: 0.75 } })
          .on("click", (event) => { L.DomEvent.stop(event); open(f); }).addTo(shared.drawn);
      }
      const size = Math.round(20 + 24 * Math.sqrt(f.residents / most));
      const face = make("span", { class: f.check === body.sites ? "mark mark-site" : "mark" }, number(f.residents));
      L.marker(latlng(f.at), { icon: L.divIcon({ html: face, className: "mark-at", iconSize: [size, size] }), title: f.text[tongue], keyboard: false })
        .on("click", () => open(f)).addTo(shared.drawn);
    }
    const of = checks.find((check) => check.name === only);
    shared.sums([
      of ? of.title[tongue] : words.all_checks,
      words.places.replace("{n}", number(all.length)),
      found.length === all.length ? "" : words.in_view.replace("{n}", number(found.length)),
      found.length > MOST_MARKS ? words.shown.replace("{n}", MOST_MARKS).replace("{all}", number(found.length)) : "",
      words.in_circles,
    ]);
  }
  function open(f) {
    const check = body.checks.find((c) => c.name === f.check);
    card(state, check.title[tongue], "", [["place", f.text[tongue]], ["fix", f.fix?.[tongue]], ["grid", f.grids.join(", ") || null]],
      [["houses", f.houses], ["residents", f.residents]], null, words);
  }
  shared.moving(draw);
  draw();
}

// ---- workload ----------------------------------------------------------------------------------

function workload(shared, spec, body) {
  const { state, words, number } = shared, { steps } = spec.style;
  const grids = new Map(body.grids.map((g) => [g.code, g]));
  const level = (deviation) => steps.filter((step) => deviation >= step).length;
  const counts = spec.swatches.map(() => 0);
  for (const g of body.grids) if (g.deviation !== null) counts[level(g.deviation)]++;
  state.painting = {
    of: (grid) => {
      const g = grids.get(grid.code);
      if (!g || g.deviation === null) return undefined;
      const s = spec.swatches[level(g.deviation)];
      return pattern(s.pattern, s.colour);
    },
  };
  state.labelOf = (grid) => {
    const g = grids.get(grid.code);
    return g && g.deviation !== null ? roundPercent(g.deviation) : "";
  };
  state.more = (code) => {
    const g = grids.get(code);
    return g ? [["minutes", number(Math.round(g.minutes))], ["deviation", g.deviation === null ? null : roundPercent(g.deviation)],
      ["posts", g.posts.toFixed(1)], ["per_post", g.per_post === null ? null : number(Math.round(g.per_post))]] : [];
  };
  shared.legend(spec.swatches.map((s, k) => [patternSample(s.pattern, s.colour), s.label, counts[k]]));
  const t = body.township;
  shared.sums([words.minutes_all.replace("{n}", number(Math.round(t.minutes))),
    t.max_over_mean === null ? "" : words.spread.replace("{max}", t.max_over_mean.toFixed(2)).replace("{gini}", t.gini === null ? "—" : t.gini.toFixed(3)),
    words.weights.replace("{version}", body.weights), body.events ? body.events[language(state)] : ""]);
  const names = new Map(layers.grids.getLayers().map((l) => [l.feature.properties.code, l.feature.properties.name]));
  shared.list(body.grids.filter((g) => g.deviation !== null).sort((a, b) => Math.abs(b.deviation) - Math.abs(a.deviation))
    .map((g) => [names.get(g.code) || g.code, roundPercent(g.deviation), () => gridCard(state, g.code, true)]));
}

// ---- proposal ----------------------------------------------------------------------------------

async function proposal(shared, spec, body) {
  const { state, words, number } = shared, { map } = state, draft = shared.chosenDraft();
  const colours = receivers(body.moves, spec.style.colours);
  const changed = new Set(body.changed);
  const line = { old: { color: spec.style.old, weight: 1.5, dashArray: "5 4" }, new: { color: spec.style.new, weight: 2.5, dashArray: null } };
  state.painting = {
    of: (grid) => (colours.has(grid.code) ? colours.get(grid.code) : STAYS),
    opacity: 0.28,
    line: (grid) => (changed.has(grid.code) ? line[draft.shows] : { color: QUIET, weight: 1, dashArray: null }),
  };
  const title = (move) => `${move.from_name || words.nowhere} → ${move.to_name || words.nowhere}`;
  function open(move) {
    card(state, title(move), "", [["from", move.from], ["to", move.to]],
      [["houses", move.houses], ["households", move.households], ["residents", move.residents]], null, words);
  }
  for (const move of body.moves) {
    const colour = colours.get(move.to) || UNKNOWN;
    if (!move.ground) continue;
    L.geoJSON(move.ground, { pane: "planner", style: { stroke: false, fillColor: pattern("lines-1", colour), fillOpacity: 0.9 } })
      .bindTooltip(title(move), { sticky: true })
      .on("click", (event) => { L.DomEvent.stop(event); open(move); }).addTo(shared.drawn);
  }
  const other = await json(draft.other);
  L.geoJSON({ type: "FeatureCollection", features: other.features.filter((f) => changed.has(f.properties.code)) }, {
    pane: "planner", interactive: false,
    style: { ...line[draft.shows === "new" ? "old" : "new"], fill: false },
  }).addTo(shared.drawn);
  const canvas = L.canvas({ pane: "moved", padding: 0.1 });
  const dots = L.layerGroup().addTo(shared.drawn);
  function houses() {
    dots.clearLayers();
    const view = map.getBounds();
    const seen = body.moves.flatMap((move) => move.points.filter((p) => view.contains(latlng(p))).map((p) => [p, move]));
    if (seen.length > MOST_HOUSES) return;
    for (const [p, move] of seen) {
      L.circleMarker(latlng(p), { renderer: canvas, radius: 3.5, weight: 1, color: INK, fillColor: colours.get(move.to) || UNKNOWN, fillOpacity: 1, interactive: false }).addTo(dots);
    }
  }
  shared.moving(houses);
  houses();
  const swatch = { ground: patternSample("lines-1", spec.swatches[0].colour), house: make("i", { class: "sample sample-dot", style: { color: spec.swatches[1].colour } }),
    new: make("i", { class: "sample sample-line", style: { color: spec.style.new } }), old: make("i", { class: "sample sample-line sample-dashed", style: { color: spec.style.old } }) };
  shared.legend(spec.swatches.map((s) => [swatch[s.key], s.label]));
  const total = (key) => body.moves.reduce((sum, move) => sum + move[key], 0), { recipe } = body;
  const counted = body.residents ? "residents" : "houses"; // nobody may be registered
  const per = (share) => `${(100 * share).toFixed(2)} %`;
  shared.sums([
    words.compared.replace("{draft}", body.draft.name).replace("{base}", body.base.name),
    body.edited ? words.edited : "",
    words[`moved_${counted}`].replace("{n}", number(total(counted))).replace("{all}", number(body[counted])),
    recipe.max_deviation === undefined ? "" : words.reached.replace("{x}", per(recipe.max_deviation)).replace("{asked}", per(recipe.tolerance)),
    recipe.bound > 0 && recipe.moved_cost > 0 ? words.bound.replace("{x}", per(recipe.moved_cost / recipe.bound - 1)) : "",
    ...(recipe.reasons || []).map((reason) => reason[language(state)] ?? reason.en ?? reason),
  ]);
  shared.list(body.moves.filter((move) => move.houses || move.ground).map((move) => [title(move),
    words.people.replace("{houses}", number(move.houses)).replace("{n}", number(move.residents)),
    () => {
      if (move.ground) map.fitBounds(L.geoJSON(move.ground).getBounds(), { maxZoom: 17, padding: [90, 90] });
      else map.setView(latlng(move.at), 17);
      open(move);
    }]));
}
