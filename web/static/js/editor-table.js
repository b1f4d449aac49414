// The table of grids: sorted, filtered, chosen; only rows of grids that changed are written anew.

import { byId, make } from "./elements.js";
import { holds, ordered, total } from "./pure/grid-table.js";
import { percent } from "./pure/words.js";

const COLUMNS = ["name", "kind", "houses", "households", "residents", "minutes", "per_post", "deviation", "compactness", "pieces", "locked"];
const TEXTS = new Set(["name", "kind", "locked"]);

export function start(editor) {
  const { ui } = editor, { words } = ui;
  const table = { rows: new Map(), key: "name", down: false, body: make("tbody"), foot: make("tfoot") };
  editor.table = table;
  table.heads = COLUMNS.map((key) => make("th", { scope: "col", class: TEXTS.has(key) ? null : "n" },
    make("button", { type: "button", onclick: () => sort(editor, key) }, words[key === "name" ? "grid" : key])));
  byId("grids-table").append(make("table", {}, make("thead", {}, make("tr", {}, ...table.heads)), table.body, table.foot));
  table.body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (row) choose(editor, row.dataset.code);
  });
  table.body.addEventListener("keydown", (event) => step(event));
  byId("filter").addEventListener("input", () => arrange(editor));
}

// Everything anew, or the rows of some codes.
export function show(editor, fresh, gone) {
  const { table, view } = editor;
  const grids = fresh || view.grids;
  if (!fresh) { table.rows.clear(); table.body.replaceChildren(); }
  for (const code of gone || []) { table.rows.get(code)?.remove(); table.rows.delete(code); }
  for (const grid of grids) {
    const row = line(editor, grid);
    table.rows.get(grid.code)?.replaceWith(row);
    table.rows.set(grid.code, row);
  }
  arrange(editor);
}

function line(editor, grid) {
  const name = make("button", { type: "button", tabindex: "-1" }, grid.name);
  const cells = COLUMNS.map((key) => (key === "name" ? make("th", { scope: "row" }, name)
    : make("td", { class: TEXTS.has(key) ? null : "n" }, said(editor.ui, grid, key))));
  return make("tr", { "data-code": grid.code, "aria-current": grid.code === editor.selected && "true" }, ...cells);
}

function said(ui, grid, key) {
  const { words } = ui;
  if (key === "kind") return words[grid.kind];
  if (key === "locked") return grid.locked ? words.locked : "";
  if (key === "deviation") return percent(grid.deviation);
  if (key === "compactness") return grid.compactness.toFixed(2);
  return grid[key] === null ? "—" : Math.round(grid[key]).toLocaleString(ui.language);
}

function sort(editor, key) {
  const { table } = editor;
  // Numbers from the largest first, words from the first.
  table.down = table.key === key ? !table.down : !TEXTS.has(key);
  table.key = key;
  arrange(editor);
}

// Order, filter and sums; rows that stay where they were are not touched.
function arrange(editor) {
  const { table, view, ui } = editor, text = byId("filter").value.trim();
  table.heads.forEach((head, k) => head.setAttribute("aria-sort", COLUMNS[k] !== table.key ? "none" : table.down ? "descending" : "ascending"));
  const shown = view.grids.filter((grid) => holds(grid, text, ui.communities[grid.community] || ""));
  let at = table.body.firstElementChild;
  for (const grid of ordered(shown, table.key, table.down)) {
    const row = table.rows.get(grid.code);
    if (row === at) at = at.nextElementSibling;
    else table.body.insertBefore(row, at);
  }
  while (at) { const next = at.nextElementSibling; at.remove(); at = next; }
  sums(editor, shown);
  mark(editor);
}

// The grids shown, what lies in no grid, and, with all grids shown, the whole township.
function sums(editor, shown) {
  const { table, view, ui } = editor, { words } = ui, sum = total(shown);
  const number = (value) => (value === null ? "—" : Math.round(value).toLocaleString(ui.language));
  const { uncovered_houses, uncovered_households, uncovered_residents, uncovered_minutes } = view.figures;
  const bare = { houses: uncovered_houses, households: uncovered_households, residents: uncovered_residents, minutes: Math.round(uncovered_minutes) };
  const row = (title, of) => make("tr", {}, make("th", { scope: "row", colspan: "2" }, title),
    ...COLUMNS.slice(2).map((key) => make("td", { class: "n" }, of(key))));
  const lines = [row(words.grids_shown.replace("{n}", shown.length).replace("{all}", view.grids.length), (key) => (
    key === "compactness" ? "" : key === "deviation" ? `≤ ${(100 * sum.deviation).toFixed(1)} %` : number(sum[key])))];
  if (shown.length === view.grids.length) {
    lines.push(row(words.in_no_grid, (key) => (key in bare ? number(bare[key]) : "")),
      row(words.whole_town, (key) => (key in bare ? number(bare[key] + sum[key]) : "")));
  }
  table.foot.replaceChildren(...lines);
}

// The chosen grid's row is marked and in sight; the first row takes the focus that comes by Tab.
export function mark(editor) {
  const { table } = editor;
  table.body.querySelectorAll("[aria-current]").forEach((row) => row.removeAttribute("aria-current"));
  table.body.querySelectorAll("button[tabindex='0']").forEach((button) => { button.tabIndex = -1; });
  const row = editor.selected && table.rows.get(editor.selected);
  const first = row?.isConnected ? row : table.body.firstElementChild;
  if (first) first.querySelector("button").tabIndex = 0;
  if (!row?.isConnected) return;
  row.setAttribute("aria-current", "true");
  const box = byId("grids-table"), top = row.offsetTop, room = box.clientHeight - table.foot.offsetHeight;
  if (top < box.scrollTop + row.offsetHeight || top + row.offsetHeight > box.scrollTop + room) box.scrollTop = top - room / 2;
}

function choose(editor, code) {
  editor.select(code);
  editor.zoomTo(code);
}

// Up and down go from row to row.
function step(event) {
  const row = event.target.closest("tr");
  const to = event.key === "ArrowDown" ? row.nextElementSibling : event.key === "ArrowUp" ? row.previousElementSibling : null;
  if (!to) return;
  event.preventDefault();
  event.stopPropagation();
  row.querySelector("button").tabIndex = -1;
  const button = to.querySelector("button");
  button.tabIndex = 0;
  button.focus();
}
