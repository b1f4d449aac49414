// The editor's tools: drag a border, give houses, split, merge, draw. Leaflet-Geoman does the drawing.
// What was drawn and waits for its name.

import { byId, make } from "./elements.js";
import { corners } from "./pure/edits.js";
import { layers } from "./town.js";

let pending = null;

export function start(editor) {
  document.querySelectorAll("[data-tool]").forEach((button) =>
    button.addEventListener("click", () => choose(editor, button.dataset.tool)));
  editor.map.on("pm:create", (event) => created(editor, event));
  // A corner may be set upon a border, too, which is then in no hand's way.
  editor.map.on("pm:globaldrawmodetoggled", ({ enabled }) => byId("main").classList.toggle("drawing", enabled));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !editor.saving && !event.target.closest("dialog")) choose(editor, "drag");
    if ((event.ctrlKey || event.metaKey) && event.key === "z" && !/INPUT|TEXTAREA/.test(event.target.tagName)) {
      event.preventDefault();
      editor.post(event.shiftKey ? "redo" : "undo", { version: editor.view.version });
    }
  });
  editor.map.on("click", (event) => {
    if (!editor.view?.editable || editor.saving) return;
    if (editor.tool !== "lock" && (editor.tool !== "house" || !editor.selected)) return;
    const found = layers.houses.at(event.latlng);
    if (!found) return;
    if (found.n > 1) editor.tell(editor.ui.words.zoom_in);
    else if (editor.tool === "lock") editor.post("lock", { kind: "house", house: found.id });
    else editor.keep({ kind: "give", house: found.id, to: editor.selected });
  });
  const form = byId("named");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const edit = { ...pending, name: form.elements.name.value };
    if (edit.kind === "draw" && form.elements.exclusive.checked) Object.assign(edit, { exclusive: true, host: form.elements.host.value });
    form.hidden = true;
    done(editor, edit);
  });
  byId("named-cancel").addEventListener("click", () => { form.hidden = true; choose(editor, "drag"); editor.draw(); });
}

export function choose(editor, tool) {
  editor.tool = tool;
  stop(editor);
  byId("named").hidden = true;
  document.querySelectorAll("[data-tool]").forEach((button) =>
    button.setAttribute("aria-pressed", String(button.dataset.tool === tool)));
  hint(editor);
  if (tool === "draw") editor.map.pm.enableDraw("Polygon", { continueDrawing: false, finishOn: "dblclick" });
  else if (editor.selected && tool === "split") editor.map.pm.enableDraw("Line", { continueDrawing: false, finishOn: "dblclick", snappable: false });
  else if (editor.selected && tool === "give") editor.map.pm.enableDraw("Polygon", { continueDrawing: false, finishOn: "dblclick", snappable: false });
}

export function hint(editor) {
  const { words } = editor.ui, grid = editor.selected && editor.grid(editor.selected);
  const needs = ["give", "house", "split", "merge"].includes(editor.tool);
  const text = editor.tool === "drag" ? (editor.view && !editor.view.arcs.length ? words.no_border : words.pick_border)
    : needs && !grid ? words.pick_grid : words[`hint_${editor.tool}`].replace("{grid}", grid ? grid.name : "");
  byId("hint").textContent = text;
}

export function stop(editor) {
  editor.map.pm.disableDraw();
  if (editor.line?.pm) editor.line.pm.disable();
  editor.letGo();
  editor.line = null;
  editor.turn += 1;
  byId("live").hidden = true;
  if (editor.proposed) editor.proposed.clearLayers();
}

export function clickGrid(editor, event) {
  const { code } = event.layer.feature.properties;
  if (editor.map.pm.globalDrawModeEnabled()) return;
  if (editor.tool === "merge" && editor.selected && code !== editor.selected) {
    editor.keep({ kind: "merge", into: editor.selected, gone: code });
    return;
  }
  if (editor.tool === "lock" || (editor.tool === "house" && editor.selected)) return; // a house is meant
  editor.select(code);
  // The click that chooses a grid is no corner of what is drawn next, and means no house.
  L.DomEvent.stopPropagation(event);
  if (["give", "split"].includes(editor.tool)) choose(editor, editor.tool);
}

export function clickArc(editor, line) {
  const { words } = editor.ui;
  if (editor.tool !== "drag" || editor.line === line) return;
  stop(editor);
  if (!line.arc.movable) { editor.tell(words.outer_border); return; }
  lockButton(editor, line.arc);
  if (!editor.view.editable) return;
  if (line.arc.locked) { editor.tell(words.locked_border); return; }
  editor.line = line;
  const known = new Map(line.arc.line.map((corner) => [`${corner[0]},${corner[1]}`, corner]));
  const edit = () => ({
    kind: "drag", snap_m: byId("snap").checked ? 10 : 0,
    arcs: { [line.arc.id]: corners(line.getLatLngs(), known) },
  });
  editor.lineEdit = edit;
  const keep = () => editor.keep(edit());
  line.pm.enable({ allowSelfIntersection: true, snappable: false, limitMarkersToCount: 60, removeLayerBelowMinVertexCount: false });
  line.off("pm:markerdrag pm:markerdragend pm:vertexremoved");
  line.on("pm:markerdrag", () => editor.preview(edit()));
  line.on("pm:markerdragend", keep);
  line.on("pm:vertexremoved", keep);
}

function lockButton(editor, arc) {
  const { words } = editor.ui, box = byId("hint");
  if (!editor.view.editable) return;
  box.replaceChildren(words.pick_border, " ", words.hint_keys, " ", make("button", { type: "button", id: "lock-border",
    onclick: () => editor.post("lock", { kind: "border", codes: arc.grids, on: !arc.locked }) },
  arc.locked ? words.unlock_border : words.lock_border));
}

async function done(editor, edit) {
  const { tool } = editor;
  await editor.keep(edit);
  if (editor.tool === tool) choose(editor, "drag");
}

function created(editor, event) {
  const points = event.layer.getLatLngs();
  event.layer.remove();
  if (editor.tool === "give") {
    done(editor, { kind: "give", polygon: corners(points[0]), to: editor.selected });
    return;
  }
  pending = editor.tool === "split"
    ? { kind: "split", grid: editor.selected, line: corners(points) }
    : { kind: "draw", polygon: corners(points[0]) };
  const form = byId("named");
  form.reset();
  form.querySelector(".host-line").hidden = editor.tool === "split";
  form.hidden = false;
  form.elements.name.focus();
  editor.preview({ ...pending, name: "…" });
}
