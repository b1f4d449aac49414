// A proposal on the map and in a list: ground and houses that move, in the colour of the grid that gets them.

import { latlng } from "./editor-view.js";
import * as tools from "./editor-tools.js";
import { byId, make } from "./elements.js";
import { pattern, patternSample } from "./patterns.js";
import { CHOSEN, INK, UNKNOWN } from "./pure/colours.js";
import { receivers } from "./pure/receivers.js";

const MOST_DOTS = 3000;
export const OFFERED = "lines-3"; // hatched as nothing else on the map

export function start(editor) {
  editor.map.createPane("offered").style.zIndex = "418";
  editor.map.createPane("offered-houses").style.zIndex = "441";
  editor.map.getPane("offered-houses").style.pointerEvents = "none";
  byId("key-proposal").replaceChildren(patternSample(OFFERED, UNKNOWN), editor.ui.words.layer_a_proposal);
  editor.offered = L.layerGroup().addTo(editor.map).on("add remove", () => stand(editor));
}

// While something is proposed and shown, what is there steps back behind it; nothing is left to show once all is taken.
function stand(editor) {
  const { offer } = editor, open = Boolean(offer) && offer.taken.size < offer.moves.length, shown = editor.map.hasLayer(editor.offered);
  byId("main").classList.toggle("offering", open && shown);
  byId("key-proposal").hidden = !(open && shown);
  for (const pane of ["offered", "offered-houses"]) editor.map.getPane(pane).hidden = !open;
  const button = byId("aside");
  if (button) button.textContent = shown ? editor.ui.words.put_aside : editor.ui.words.show_again;
}

export function clear(editor) {
  editor.offer = null;
  editor.offered.clearLayers();
  stand(editor);
}

export function show(editor, found, box, leftOut) {
  const { words } = editor.ui, { result } = found;
  if (!editor.view.editable) { box.replaceChildren(); return; } // no list, so nothing on the map either
  const said = (text) => text.replace("{x}", `${(100 * result.max_deviation).toFixed(2)} %`).replace("{what}", editor.ui.levels[result.level] || editor.ui.levels.work);
  const reasons = [...result.reasons, ...(result.notes || [])].map((text) => make("p", { class: "hint" }, text));
  const edit = (moves, back) => ({ kind: "rebalance", job: found.id, ...(moves ? { moves } : {}), ...(back ? { back } : {}) });
  const buttons = (chosen, ...more) => make("div", { class: "row" },
    make("button", { type: "button", class: "main", id: "take-all", onclick: () => editor.keep(edit(null)) }, words.take_all), ...more,
    make("button", { type: "button", id: "look", onclick: () => editor.look(edit(chosen())) }, words.look));
  if (result.grids_drawn) {
    box.replaceChildren(make("p", {}, said(words.drawn).replace("{n}", result.grids_drawn)), ...leftOut, ...reasons, buttons(() => null));
    return;
  }
  if (!result.moves.length) { box.replaceChildren(words.no_moves, ...leftOut, ...reasons); return; }
  const offer = { id: found.id, moves: result.moves, edit, items: [], shapes: [], taken: new Set(),
    colours: receivers(result.moves.map((move) => ({ from: move.from_grid, to: move.to_grid })), editor.ui.receivers) };
  editor.offer = offer;
  const list = moveList(editor, offer);
  const chosen = () => {
    const picked = [...list.querySelectorAll("[data-move]:checked")].map((each) => Number(each.dataset.move));
    return picked.length === offer.moves.length ? null : picked;
  };
  const over = result.bound > 0 ? result.moved_cost / result.bound - 1 : 0;
  box.replaceChildren(
    make("p", {}, said(words.proposal).replace("{houses}", (result.houses_moved || 0).toLocaleString(editor.ui.language))
      .replace("{n}", result.residents_moved.toLocaleString(editor.ui.language)).replace("{y}", `${(100 * over).toFixed(1)} %`)),
    ...leftOut, ...reasons,
    buttons(chosen, make("button", { type: "button", id: "take-chosen", onclick: () => editor.keep(edit(chosen())) }, words.take_chosen),
      make("button", { type: "button", id: "aside", onclick: () => (editor.map.hasLayer(editor.offered) ? editor.offered.remove() : editor.offered.addTo(editor.map)) }, words.put_aside)),
    unmarked(editor, offer), list);
  draw(editor, offer);
  stand(editor);
  if (editor.view.taken?.job === offer.id) refresh(editor);
  else ask(editor);
}

const dots = (offer) => offer.moves.reduce((sum, move) => sum + (move.points || []).length, 0);

function unmarked(editor, offer) {
  const count = (n) => n.toLocaleString(editor.ui.language);
  return dots(offer) <= MOST_DOTS ? "" : make("p", { class: "hint" }, editor.ui.words.unmarked.replace("{n}", count(dots(offer))).replace("{m}", count(MOST_DOTS)));
}

// ---- list --------------------------------------------------------------------------------------

function moveList(editor, offer) {
  const { words, communities } = editor.ui, groups = new Map();
  offer.moves.forEach((move, k) => groups.set(move.community, [...(groups.get(move.community) || []), k]));
  return make("ul", { class: "moves" }, ...[...groups].map(([community, moves]) => {
    const name = communities[community] || community;
    const every = make("input", { type: "checkbox", checked: true, onchange: (event) =>
      event.target.closest("li").querySelectorAll("[data-move]").forEach((each) => { each.checked = event.target.checked; }) });
    return make("li", { "data-community": community },
      make("div", { class: "group" }, make("label", {}, every, name),
        make("button", { type: "button", class: "take-community", title: words.take_community.replace("{name}", name),
          onclick: () => take(editor, moves.filter((k) => !offer.taken.has(k))) }, words.take_community.replace("{name}", name))),
      ...moves.map((k) => item(editor, offer, k, name)));
  }));
}

// Under the community's name its grids go without it.
function within(editor, move, community) {
  const names = [move.from_grid, move.to_grid].map((code) => editor.grid(code)?.name || "");
  const told = names.every((name) => name.startsWith(community) && name !== community);
  return told ? editor.flowText(move).replaceAll(community, "") : editor.flowText(move);
}

function item(editor, offer, k, community) {
  const move = offer.moves[k], colour = offer.colours.get(move.to_grid) || UNKNOWN;
  const act = make("button", { type: "button", class: "take", disabled: !editor.view.editable,
    onclick: () => take(editor, [k], offer.taken.has(k)) });
  const line = make("div", { class: "move", "data-number": k },
    make("input", { type: "checkbox", checked: true, "data-move": k, "aria-label": editor.flowText(move) }),
    make("i", { class: "sample", style: { background: colour } }),
    make("button", { type: "button", class: "flow", onclick: () => zoom(editor, offer, k) }, within(editor, move, community)), act);
  for (const [name, hot] of [["mouseenter", true], ["mouseleave", false], ["focusin", true], ["focusout", false]]) {
    line.addEventListener(name, () => light(offer, k, hot));
  }
  offer.items[k] = { line, act };
  return line;
}

// By number; with `back` the houses go back. One click each.
const take = (editor, moves, back) => (moves.length ? editor.keep(editor.offer.edit(moves, back)) : null);

function zoom(editor, offer, k) {
  const shape = offer.shapes[k], { points } = offer.moves[k];
  const box = shape ? shape.getBounds() : L.latLngBounds((points || []).map(latlng));
  if (box.isValid()) editor.map.fitBounds(box, { padding: [60, 60], maxZoom: 18, animate: false });
}

function light(offer, k, hot) {
  offer.items[k].line.classList.toggle("hot", hot);
  offer.shapes[k]?.setStyle({ weight: hot ? 4 : 1.5, color: hot ? CHOSEN : INK });
}

// ---- map ---------------------------------------------------------------------------------------

function draw(editor, offer) {
  const renderer = L.canvas({ pane: "offered-houses", padding: 0.1 });
  const few = dots(offer) <= MOST_DOTS;
  offer.moves.forEach((move, k) => {
    const colour = offer.colours.get(move.to_grid) || UNKNOWN;
    if (move.ground) {
      offer.shapes[k] = L.geoJSON(move.ground, { pane: "offered", pmIgnore: true, style: { color: INK, weight: 1.5, fillOpacity: 0.95 } })
        .bindTooltip(() => editor.flowText(move), { sticky: true })
        .on("mouseover", () => { light(offer, k, true); inSight(offer.items[k].line); })
        .on("mouseout", () => light(offer, k, false))
        .on("click", (event) => clicked(editor, offer, k, event)).addTo(editor.offered);
    }
    if (!few) return;
    for (const point of move.points || []) {
      L.circleMarker(latlng(point), { renderer, radius: 4, weight: 1.5, color: INK, fillColor: colour, fillOpacity: 1, interactive: false, pmIgnore: true }).addTo(editor.offered);
    }
  });
  paint(offer);
}

// What is taken lies in the plain colour of its grid, what is not is hatched.
function paint(offer) {
  offer.shapes.forEach((shape, k) => {
    const colour = offer.colours.get(offer.moves[k].to_grid) || UNKNOWN;
    shape.setStyle(offer.taken.has(k) ? { fillColor: colour, fillOpacity: 0.55, dashArray: null } : { fillColor: pattern(OFFERED, colour), fillOpacity: 0.95, dashArray: "5 4" });
  });
}

function inSight(line) {
  const list = line.closest(".moves"), top = line.offsetTop - list.offsetTop;
  if (top < list.scrollTop || top + line.offsetHeight > list.scrollTop + list.clientHeight) list.scrollTop = top - list.clientHeight / 3;
}

// A click shows the move in the list, unless a tool is in hand, which means the grid under it.
function clicked(editor, offer, k, event) {
  const move = offer.moves[k], under = editor.grids.of.get(offer.taken.has(k) ? move.to_grid : move.from_grid);
  if (editor.tool !== "drag") {
    if (under) tools.clickGrid(editor, Object.assign(event, { layer: under }));
    return;
  }
  L.DomEvent.stopPropagation(event);
  inSight(offer.items[k].line);
  offer.items[k].act.focus();
}

// Of a proposal that came while the page was open; each answer of an edit tells it after that.
async function ask(editor) {
  const { offer } = editor;
  let answer;
  try {
    answer = await editor.ask("job.json?taken=1");
  } catch (_) {
    return; // the list stays as it was
  }
  if (editor.offer !== offer || answer.version !== editor.view.version) return;
  editor.view.taken = answer.taken;
  refresh(editor);
}

// Which moves the scenario has by now, whoever made it so; what is told of another proposal is no matter here.
export function refresh(editor) {
  const { offer } = editor, { words } = editor.ui, { taken, version } = editor.view;
  if (!offer || taken?.job !== offer.id) return;
  offer.taken = new Set(taken.moves);
  offer.items.forEach(({ line, act }, k) => {
    const has = offer.taken.has(k);
    line.classList.toggle("taken", has);
    act.textContent = has ? words.take_back : words.take;
    act.title = has ? words.take_back_then : "";
    act.setAttribute("aria-pressed", String(has));
  });
  for (const group of byId("job").querySelectorAll("[data-community]")) {
    group.querySelector(".take-community").disabled = !editor.view.editable || !group.querySelector(".move:not(.taken)");
  }
  paint(offer);
  stand(editor);
  document.documentElement.dataset.taken = `${version}:${taken.moves.length}`;
}
