// The editor by keyboard alone: grids and borders out of lists, corners by the metre, shortcuts shown with "?".

import * as tools from "./editor-tools.js";
import { byId, make } from "./elements.js";
import { CHOSEN, MARKED } from "./pure/colours.js";
import { shifted } from "./pure/edits.js";

const STEP_M = 1;
const LONG_STEP_M = 10;
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const OFF = "editor-keys-off"; // whoever dictates turns single letters off

let corner = null; // of the border in hand: its number, its mark, the line as it was

export function start(editor) {
  // Before the map, which would move, and before a button that has the focus.
  document.addEventListener("keydown", (event) => pressed(editor, event), true);
  byId("keys").addEventListener("click", () => help(editor));
  // Whatever takes the border out of the hand, what was not kept is as it was.
  editor.letGo = () => drop(editor);
}

const writing = (target) => /INPUT|TEXTAREA|SELECT/.test(target.tagName) || target.closest("dialog");

function pressed(editor, event) {
  if (!editor.view || writing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  const work = (editor.line && !editor.saving && onMap(editor, event.target) && ofCorner(editor, event)) || letters(editor, event);
  if (!work) return;
  event.preventDefault();
  event.stopPropagation();
  work();
}

// A letter is the same with Caps Lock; where single letters are off, none but "?" is a key.
function keyOf(event) {
  if (event.key.length > 1) return event.key;
  return event.key !== "?" && localStorage.getItem(OFF) ? "" : event.key.toLowerCase();
}

// Where a key is for the map: nothing else has the focus, or the button of the border in hand has it.
function onMap(editor, target) {
  const own = target.closest("button, a, summary");
  if (own) return own.dataset.arc === editor.line.arc.id;
  return target === document.body || editor.map.getContainer().contains(target);
}

function letters(editor, event) {
  const key = keyOf(event), tool = document.querySelectorAll("[data-tool]")[Number(key) - 1];
  if (tool && editor.view.editable) return () => { tools.choose(editor, tool.dataset.tool); tool.focus(); };
  return {
    "?": () => help(editor),
    g: () => byId("grids-table").querySelector("tbody button[tabindex='0']")?.focus(),
    b: () => byId("card").querySelector(".border")?.focus(),
    "/": () => byId("filter").focus(),
    h: () => editor.map.fitBounds(editor.grids.getBounds(), { padding: [20, 20], animate: false }),
    t: () => document.querySelector("[data-folds=panel]").click(),
    d: () => document.querySelector("[data-folds=dock]").click(),
  }[key];
}

// ---- a corner of the border in hand --------------------------------------------------------------

function ofCorner(editor, event) {
  const way = WAYS[event.key];
  if (way) return () => move(editor, way, event.shiftKey ? LONG_STEP_M : STEP_M);
  return {
    n: () => choose(editor, 1), p: () => choose(editor, -1), i: () => insert(editor),
    PageDown: () => choose(editor, 1), PageUp: () => choose(editor, -1), Insert: () => insert(editor), Delete: () => remove(editor),
    Enter: corner?.moved ? () => keep(editor) : null,
  }[keyOf(event)];
}

function inHand(editor) {
  if (corner) return corner;
  const { line } = editor, points = line.getLatLngs();
  if (line.pm?.enabled()) line.pm.disable(); // its handles would stay where they are
  const mark = L.circleMarker(points[0], { pane: "found", radius: 9, color: CHOSEN, weight: 3, fillColor: MARKED, fillOpacity: 0.9, interactive: false, pmIgnore: true }).addTo(editor.map);
  corner = { line, mark, at: Math.floor((points.length - 1) / 2), was: points.map((each) => L.latLng(each.lat, each.lng)), moved: false };
  show(editor);
  return corner;
}

function show(editor) {
  const at = corner.line.getLatLngs()[corner.at];
  corner.mark.setLatLng(at);
  if (!editor.map.getBounds().pad(-0.05).contains(at)) editor.map.panTo(at, { animate: false });
  document.documentElement.dataset.corner = String(corner.at);
}

function choose(editor, by) {
  const held = corner, { line, at } = inHand(editor), count = line.getLatLngs().length;
  if (held) corner.at = (at + by + count) % count;
  show(editor);
}

function put(editor, points) {
  corner.line.setLatLngs(points);
  corner.moved = true;
  show(editor);
  editor.preview(byMetres(editor));
}

// A corner set by metres is where it was set: streets and parcels do not pull it.
const byMetres = (editor) => ({ ...editor.lineEdit(), snap_m: 0 });

function move(editor, [east, north], metres) {
  const { line, at } = inHand(editor), points = line.getLatLngs();
  const { lat, lng } = shifted(points[at], east * metres, north * metres);
  put(editor, points.map((each, k) => (k === at ? L.latLng(lat, lng) : each)));
}

// A corner in the middle of the piece after this one, or of the last piece.
function insert(editor) {
  const { line, at } = inHand(editor), points = line.getLatLngs(), from = Math.min(at, points.length - 2);
  const [a, b] = [points[from], points[from + 1]];
  corner.at = from + 1;
  put(editor, [...points.slice(0, from + 1), L.latLng((a.lat + b.lat) / 2, (a.lng + b.lng) / 2), ...points.slice(from + 1)]);
}

function remove(editor) {
  const { line, at } = inHand(editor), points = line.getLatLngs();
  if (at === 0 || at === points.length - 1) return; // the ends are other borders' as well
  corner.at = at - 1;
  put(editor, points.filter((_, k) => k !== at));
}

async function keep(editor) {
  const { grids } = corner.line.arc;
  await editor.keep(byMetres(editor));
  // The focus was lost with the panels while the edit was kept: it comes back to the border.
  [...byId("card").querySelectorAll(".border")].find((each) => each.dataset.grids === grids.join(" "))?.focus();
}

function drop(editor) {
  if (!corner) return;
  if (corner.moved && editor.arcs.hasLayer(corner.line)) corner.line.setLatLngs(corner.was);
  corner.mark.remove();
  corner = null;
  delete document.documentElement.dataset.corner;
}

// ---- help ----------------------------------------------------------------------------------------

function help(editor) {
  const { words } = editor.ui;
  const off = make("input", { type: "checkbox", checked: !localStorage.getItem(OFF), onchange: (event) => {
    if (event.target.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  } });
  const dialog = make("dialog", { class: "sure keys-help", "aria-label": words.keys },
    make("h2", {}, words.keys),
    make("dl", {}, ...editor.ui.keys.flatMap(([key, text]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, text)])),
    make("label", { class: "line" }, off, words.keys_on),
    make("div", { class: "row" }, make("button", { type: "button", autofocus: true, onclick: () => dialog.close() }, words.close)));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
