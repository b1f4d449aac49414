// The bench's tools: drag a border, give houses, split, merge, draw. Leaflet-Geoman does the drawing.
// What was drawn and waits for its name.

import { byId, make } from "./elements.js";
import { corners } from "./pure/edits.js";
import { layers } from "./town.js";

let pending = null;

export function start(bench) {
  document.querySelectorAll("[data-tool]").forEach((button) =>
    button.addEventListener("click", () => choose(bench, button.dataset.tool)));
  bench.map.on("pm:create", (event) => created(bench, event));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") choose(bench, "drag");
    if ((event.ctrlKey || event.metaKey) && event.key === "z" && !/INPUT|TEXTAREA/.test(event.target.tagName)) {
      event.preventDefault();
      bench.post(event.shiftKey ? "redo" : "undo", { version: bench.view.version });
    }
  });
  bench.map.on("click", (event) => {
    if (!bench.view || !bench.view.editable || bench.saving) return;
    if (bench.tool !== "lock" && (bench.tool !== "house" || !bench.selected)) return;
    const found = layers.houses.at(event.latlng);
    if (!found) return;
    if (found.n > 1) bench.tell(bench.ui.words.zoom_in);
    else if (bench.tool === "lock") bench.post("lock", { kind: "house", house: found.id });
    else bench.keep({ kind: "give", house: found.id, to: bench.selected });
  });
  const form = byId("named");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const edit = { ...pending, name: form.elements.name.value };
    if (edit.kind === "draw" && form.elements.exclusive.checked) Object.assign(edit, { exclusive: true, host: form.elements.host.value });
    form.hidden = true;
    done(bench, edit);
  });
  byId("named-cancel").addEventListener("click", () => { form.hidden = true; choose(bench, "drag"); bench.draw(); });
}

export function choose(bench, tool) {
  bench.tool = tool;
  stop(bench);
  byId("named").hidden = true;
  document.querySelectorAll("[data-tool]").forEach((button) =>
    button.setAttribute("aria-pressed", String(button.dataset.tool === tool)));
  hint(bench);
  if (tool === "draw") bench.map.pm.enableDraw("Polygon", { continueDrawing: false, finishOn: "dblclick" });
  else if (bench.selected && tool === "split") bench.map.pm.enableDraw("Line", { continueDrawing: false, finishOn: "dblclick", snappable: false });
  else if (bench.selected && tool === "give") bench.map.pm.enableDraw("Polygon", { continueDrawing: false, finishOn: "dblclick", snappable: false });
}

export function hint(bench) {
  const { words } = bench.ui, grid = bench.selected && bench.grid(bench.selected);
  const needs = ["give", "house", "split", "merge"].includes(bench.tool);
  const text = bench.tool === "drag" ? (bench.view && !bench.view.arcs.length ? words.no_border : words.pick_border)
    : needs && !grid ? words.pick_grid : words[`hint_${bench.tool}`].replace("{grid}", grid ? grid.name : "");
  byId("hint").textContent = text;
}

export function stop(bench) {
  bench.map.pm.disableDraw();
  if (bench.line && bench.line.pm) bench.line.pm.disable();
  bench.line = null;
  bench.turn += 1;
  byId("live").hidden = true;
  if (bench.proposed) bench.proposed.clearLayers();
}

export function clickGrid(bench, event) {
  const { code } = event.layer.feature.properties;
  if (bench.map.pm.globalDrawModeEnabled()) return;
  if (bench.tool === "merge" && bench.selected && code !== bench.selected) {
    bench.keep({ kind: "merge", into: bench.selected, gone: code });
    return;
  }
  if (bench.tool === "lock" || (bench.tool === "house" && bench.selected)) return; // a house is meant
  bench.select(code);
  // The click that chooses a grid is no corner of what is drawn next, and means no house.
  L.DomEvent.stopPropagation(event);
  if (["give", "split"].includes(bench.tool)) choose(bench, bench.tool);
}

export function clickArc(bench, line) {
  const { words } = bench.ui;
  if (bench.tool !== "drag" || bench.line === line) return;
  stop(bench);
  if (!line.arc.movable) { bench.tell(words.outer_border); return; }
  lockButton(bench, line.arc);
  if (!bench.view.editable) return;
  if (line.arc.locked) { bench.tell(words.locked_border); return; }
  bench.line = line;
  const known = new Map(line.arc.line.map((corner) => [`${corner[0]},${corner[1]}`, corner]));
  const edit = () => ({
    kind: "drag", snap_m: byId("snap").checked ? 10 : 0,
    arcs: { [line.arc.id]: corners(line.getLatLngs(), known) },
  });
  const keep = () => bench.keep(edit());
  line.pm.enable({ allowSelfIntersection: true, snappable: false, limitMarkersToCount: 60, removeLayerBelowMinVertexCount: false });
  line.off("pm:markerdrag pm:markerdragend pm:vertexremoved");
  line.on("pm:markerdrag", () => bench.preview(edit()));
  line.on("pm:markerdragend", keep);
  line.on("pm:vertexremoved", keep);
}

function lockButton(bench, arc) {
  const { words } = bench.ui, box = byId("hint");
  if (!bench.view.editable) return;
  box.replaceChildren(words.pick_border, " ", make("button", { type: "button", id: "lock-border",
    onclick: () => bench.post("lock", { kind: "border", codes: arc.grids, on: !arc.locked }) },
  arc.locked ? words.unlock_border : words.lock_border));
}

async function done(bench, edit) {
  const { tool } = bench;
  await bench.keep(edit);
  if (bench.tool === tool) choose(bench, "drag");
}

function created(bench, event) {
  const points = event.layer.getLatLngs();
  event.layer.remove();
  if (bench.tool === "give") {
    done(bench, { kind: "give", polygon: corners(points[0]), to: bench.selected });
    return;
  }
  pending = bench.tool === "split"
    ? { kind: "split", grid: bench.selected, line: corners(points) }
    : { kind: "draw", polygon: corners(points[0]) };
  const form = byId("named");
  form.reset();
  form.querySelector(".host-line").hidden = bench.tool === "split";
  form.hidden = false;
  form.elements.name.focus();
  bench.preview({ ...pending, name: "…" });
}
