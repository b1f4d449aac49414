// What a grid or a symbol of the map tells when it is chosen, and how the chosen one and all others are painted.

import { json } from "./ask.js";
import { byId, make } from "./elements.js";
import { opacity, paint } from "./grids.js";
import { colouring } from "./pure/classes.js";
import { moment } from "./pure/words.js";
import { failed, layers } from "./town.js";
import { CHOSEN } from "./pure/colours.js";

// What an address asks for another day.
export const asOf = (ui) => ui.as_of ? `&as_of=${ui.as_of}` : "";

// A count that is not public is null.
export function count(ui, n) {
  return n === null ? ui.words.hidden : n.toLocaleString(ui.language);
}

// Paints the grids anew, and writes the legend.
export function colour(state) {
  const found = colouring(state.choice, state.counts, state.ui.words);
  paint(layers.grids, state.painting || found);
  select(state, state.selected);
  const dashed = make("li", {}, make("i", { class: "sample sample-exclusive" }), make("span", {}, state.ui.words.exclusive));
  byId("legend").replaceChildren(
    ...found.lines.map((line) => make("li", {},
      make("i", { class: "sample sample-patch", style: { color: line.colour } }), make("span", {}, line.label))),
    ...(state.choice.key === "kind" ? [] : [dashed]));
}

// The same, and the labels.
export function repaint(state) {
  colour(state);
  state.label();
}

export function weight(state, layer) {
  const line = state.painting?.line;
  return line ? line(layer.feature.properties).weight : layers.grids.spec.style.weight;
}

export function select(state, layer) {
  if (state.selected) state.selected.setStyle({ weight: weight(state, state.selected), fillOpacity: opacity(layers.grids, state.painting) });
  state.selected = layer;
  if (layer) layer.setStyle({ weight: 4, color: CHOSEN, fillOpacity: 0.82 }).bringToFront();
}

// Counts what was opened, closed or asked for: an answer that comes after another was asked for opens no card.
let turn = 0;

// Opens the card of a thing: its title, its facts, its numbers.
export function card(state, title, badge, lines, numbers, more, wording) {
  turn += 1;
  const words = { ...state.ui.words, ...wording };
  byId("card").replaceChildren(
    make("header", {}, make("h2", {}, title), badge,
      make("button", { class: "close", "aria-label": words.close, onclick: () => hide(state) }, "×")),
    make("dl", { class: "facts" }, ...lines.filter(([, v]) => v !== null && v !== undefined).flatMap(([k, v]) =>
      [make("dt", {}, words[k]), make("dd", {}, v)])),
    numbers ? make("dl", { class: "numbers" }, ...numbers.map(([k, n]) =>
      make("div", {}, make("dt", {}, words[k]), make("dd", {}, count(state.ui, n))))) : "",
    more || "");
  byId("card").hidden = false;
}

export function hide(state) {
  turn += 1;
  byId("card").hidden = true;
  select(state, null);
  colour(state);
}

// Opens the card of a grid, and goes to it if asked.
export async function gridCard(state, code, zoom) {
  const { ui, map } = state, mine = ++turn;
  const layer = layers.grids.getLayers().find((each) => each.feature.properties.code === code);
  colour(state);
  select(state, layer || null);
  if (layer && zoom) map.fitBounds(layer.getBounds(), { maxZoom: 16, padding: [40, 40] });
  let grid;
  try {
    grid = await json(`${ui.api}/grids/${encodeURIComponent(code)}?plan=${ui.plan}${asOf(ui)}`);
  } catch (error) {
    return failed(error);
  }
  if (mine !== turn) return undefined;
  if (grid.state === "retired") {
    return card(state, grid.name, make("span", { class: "badge" }, ui.words.retired),
      [["code", grid.code], ["community", (ui.language === "en" && grid.community_en) || grid.community], ["since", grid.since]], null,
      make("div", {}, make("p", {}, ui.words.taken_over), make("ul", { class: "heirs" }, ...grid.successors.map((heir) => make("li", {},
        make("button", { type: "button", onclick: () => gridCard(state, heir.code, true) }, `${heir.name} · ${(100 * heir.share).toFixed(0)} %`))))));
  }
  return card(state, grid.name,
    make("span", { class: `badge badge-${grid.kind}` }, ui.words[grid.kind]),
    [...(grid.state === "later" ? [["in_force_from", grid.since]] : []), ["code", grid.code], ["community", (ui.language === "en" && grid.community_en) || grid.community],
      ["host", grid.host], ["leader", grid.leader || ui.words.nobody], ...(state.more ? state.more(code) : [])],
    ["houses", "households", "residents", "events", "open_events"].map((key) => [key, grid[key]]),
    null, ui.planner?.words);
}

// Opens the card of a house or an event, or goes nearer where several stand.
export async function pointCard(state, found, latlng) {
  const { ui, map } = state;
  if (found.n > 1 && map.getZoom() < 18) return map.setView(latlng, Math.min(map.getZoom() + 2, 18));
  const kind = found.layer.name === "houses" ? "house" : "event";
  select(state, null);
  if (found.n > 1) {
    return card(state, ui.words.several.replace("{n}", found.n), "", [["kind", found.layer.title]]);
  }
  const mine = ++turn;
  let thing;
  try {
    thing = await json(found.layer.extra.about + found.id);
  } catch (error) {
    return failed(error);
  }
  if (mine !== turn) return undefined;
  const near = thing.border_m === null ? "" : ` · ${ui.words.near_border.replace("{m}", thing.border_m.toFixed(1))}`;
  const grid = (thing.grid_name ? `${thing.grid_name} (${thing.grid_code})` : ui.words.no_grid) + near;
  if (kind === "house") {
    return card(state, thing.address, make("span", { class: "badge" }, ui.words.house), [["code", thing.code], ["grid", grid]], null,
      ui.register && make("a", { class: "more", href: ui.register + thing.id }, ui.words.register));
  }
  const time = (text) => text && moment(text, ui.time_zone);
  return card(state, (ui.language === "en" && thing.matter_en) || thing.matter,
    make("span", { class: "badge" }, ui.words.event),
    [["code", thing.code], ["grid", grid], ["reported", time(thing.reported_at)], ["due", time(thing.due_at)],
      ["closed", time(thing.closed_at) || ui.words.still_open]]);
}
