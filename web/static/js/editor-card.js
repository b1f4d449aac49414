// The chosen grid in words and numbers, and what an edit would change.

import { drawGrids } from "./editor-view.js";
import * as tools from "./editor-tools.js";
import { byId, make } from "./elements.js";
import { CHOSEN, LATE } from "./pure/colours.js";
import { percent } from "./pure/words.js";

const MOST_ROWS = 60; // of a table of grids

export function show(editor) {
  const { ui } = editor;
  const grid = editor.selected && editor.grid(editor.selected), { words } = ui;
  byId("card").hidden = !grid;
  // Told in one line, where the card is folded away too; the card itself is read by whoever goes there.
  byId("chosen").textContent = grid ? ui.words.chosen.replace("{name}", grid.name) : "";
  if (!grid) return;
  byId("card").replaceChildren(
    make("header", {}, make("h2", {}, grid.name), make("span", { class: `badge badge-${grid.kind}` }, words[grid.kind]),
      make("button", { class: "close", "aria-label": words.close, onclick: () => editor.select(null) }, "×")),
    make("dl", { class: "facts" }, make("dt", {}, words.code), make("dd", {}, grid.code),
      make("dt", {}, words.deviation), make("dd", {}, percent(grid.deviation)),
      make("dt", {}, words.compactness), make("dd", {}, grid.compactness.toFixed(2)),
      make("dt", {}, words.pieces), make("dd", {}, String(grid.pieces))),
    make("dl", { class: "numbers" }, ...["houses", "households", "residents", "minutes"].map((key) =>
      make("div", {}, make("dt", {}, words[key]), make("dd", {}, Math.round(grid[key]).toLocaleString(ui.language))))),
    ...heavy(editor, grid), borders(editor, grid),
    editor.view.editable ? make("div", { class: "acts" },
      make("button", { type: "button", id: "lock-grid", onclick: () => editor.post("lock", { kind: "grid", codes: [grid.code], on: !grid.locked }) },
        grid.locked ? words.unlock : words.lock),
      grid.kind === "exclusive" && ui.overlay ? make("button", { type: "button", onclick: () => editor.keep({ kind: "remove", grid: grid.code }) }, words.remove) : null) : "");
}

// What its work is for, beside the mean of its community's basic grids; the part that weighs most is told.
function heavy(editor, grid) {
  const { ui, view } = editor, { words } = ui, number = (value) => Math.round(value).toLocaleString(ui.language);
  const mates = view.grids.filter((each) => each.community === grid.community && each.kind === "basic");
  const means = view.parts.map((_, k) => mates.reduce((sum, each) => sum + each.parts[k], 0) / Math.max(mates.length, 1));
  const off = grid.parts.map((part, k) => part - means[k]), all = off.reduce((sum, each) => sum + each, 0);
  const sign = Math.sign(all), most = off.reduce((best, each, k) => (each * sign > off[best] * sign ? k : best), 0);
  const signed = (value) => `${value >= 0 ? "+" : "−"}${number(Math.abs(value))}`;
  const why = (all > 0 ? words.heavier : words.lighter).replace("{n}", number(Math.abs(all)))
    .replace("{part}", words[`part_${view.parts[most]}`]).replace("{m}", signed(off[most]));
  return [
    grid.kind === "basic" && mates.length > 1 ? make("p", { class: "why" }, why) : null,
    make("table", { class: "parts" },
      make("thead", {}, make("tr", {}, ...[words.work_part, words.minutes, words.mean].map((text, k) => make("th", { class: k ? "n" : null }, text)))),
      make("tbody", {}, ...view.parts.map((name, k) => make("tr", {}, make("td", {}, words[`part_${name}`]),
        make("td", { class: "n" }, number(grid.parts[k])), make("td", { class: "n" }, number(means[k])))))),
    make("p", { class: "was" }, grid.per_post === null ? words.nobody_present
      : words.present.replace("{n}", grid.posts.toLocaleString(ui.language, { maximumFractionDigits: 1 })).replace("{m}", number(grid.per_post))),
  ].filter(Boolean);
}

// Its borders by the grids on their other side, to be taken up without a pointer.
function borders(editor, grid) {
  const { words } = editor.ui, own = editor.view.arcs.filter((arc) => arc.grids.includes(grid.code));
  const name = (arc) => {
    const other = arc.grids.find((code) => code !== grid.code);
    return arc.movable ? editor.grid(other).name : `${other ? editor.grid(other).name : words.outside_town} (${words.fixed})`;
  };
  const take = (arc) => {
    if (editor.tool !== "drag") tools.choose(editor, "drag");
    const line = editor.arcs.of.get(arc.id);
    editor.map.fitBounds(line.getBounds(), { padding: [60, 60], maxZoom: 19, animate: false });
    tools.clickArc(editor, line);
  };
  return make("div", { class: "borders" }, make("h3", {}, words.borders),
    ...own.sort((a, b) => b.movable - a.movable).map((arc) => make("button", { type: "button", class: "border", "data-grids": arc.grids.join(" "), "data-arc": arc.id,
      onclick: () => take(arc) }, `${name(arc)}${arc.locked ? ` · ${words.locked}` : ""}`)));
}

// Before and after of the grids that an edit would change.
export function live(editor, answer) {
  const { ui } = editor;
  const { words } = ui, box = byId("live");
  editor.proposed.clearLayers();
  const bad = Boolean(answer.refused);
  drawGrids(answer.grids, { pane: "fills", fill: editor.fill }).eachLayer((layer) => {
    layer.setStyle({ color: bad ? LATE : CHOSEN, weight: 2 });
    layer.options.interactive = false;
    editor.proposed.addLayer(layer);
  });
  const columns = ["houses", "households", "residents", "minutes", "deviation", "compactness", "pieces"];
  const text = (grid, key) => (!grid ? "—" : key === "deviation" ? percent(grid.deviation)
    : key === "compactness" ? grid.compactness.toFixed(2) : Math.round(grid[key]).toLocaleString(ui.language));
  box.replaceChildren(
    bad ? make("p", { class: "refused" }, answer.refused.message) : "",
    answer.grids.length ? make("table", {},
      make("thead", {}, make("tr", {}, make("th", {}, words.grid), ...columns.map((key) => make("th", { class: "n" }, words[key])))),
      make("tbody", {}, ...answer.grids.slice(0, MOST_ROWS).map((grid) => make("tr", {}, make("td", {}, grid.name),
        ...columns.map((key) => make("td", { class: "n" },
          text(grid.before, key) === text(grid, key) ? text(grid, key)
            : make("span", {}, make("span", { class: "was" }, `${text(grid.before, key)} → `), make("b", {}, text(grid, key))))))))) : "",
    answer.grids.length > MOST_ROWS ? make("p", { class: "was" }, words.more.replace("{n}", answer.grids.length - MOST_ROWS)) : "",
    answer.flows.length ? make("ul", {}, ...answer.flows.map((flow) => make("li", {}, editor.flowText(flow))),
      answer.more ? make("li", {}, words.more.replace("{n}", answer.more)) : null)
      : bad ? "" : make("p", { class: "was" }, words.none_moves));
  box.hidden = false;
  document.documentElement.dataset.live = String(Number(document.documentElement.dataset.live || 0) + 1);
}
