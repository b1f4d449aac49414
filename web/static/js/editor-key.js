// What the grids are coloured by, and the one legend that says so.

import { byId, make } from "./elements.js";
import { pattern, patternSample } from "./patterns.js";
import { colouring } from "./pure/classes.js";
import { NOTHING } from "./pure/colours.js";

// Numbers of a grid, as they are sorted into classes.
const NUMBERS = { houses: 1, households: 1, residents: 1, minutes: 1, per_post: 1, compactness: 100, pieces: 1 };

const rounded = (grid) => Object.fromEntries(Object.entries(NUMBERS).map(([key, times]) =>
  [key, grid[key] === null ? null : Math.round(times * grid[key])]));

// Colour and pattern of the deviation, as the server gives it.
export function deviationFill(ui) {
  const patterns = new Map(ui.legend.map(([colour], k) => [colour, ui.patterns[k]]));
  return (grid) => pattern(patterns.get(grid.colour), grid.colour);
}

export const deviationLegend = (ui) => ui.legend.map(([colour, label], k) =>
  make("li", {}, patternSample(ui.patterns[k], colour), make("span", {}, label)));

export function start(editor) {
  const { ui } = editor, { words } = ui, by = byId("colour-by");
  by.append(...["deviation", ...Object.keys(NUMBERS), "kind", "locked"].map((key) => make("option", { value: key }, words[key])));
  by.addEventListener("change", () => { choose(editor); editor.grids.paint(); });
  editor.fill = (grid) => editor.colouring(grid);
}

// Hatches of the ramp from few to many, as the legend shows them beside the colours.
const RAMP_HATCHES = ["", "dots-1", "", "lines-1", "dots-2"];

// Takes up what is chosen; the classes stay while what an edit changed has a place in them.
export function choose(editor) {
  const { ui, view } = editor, { words } = ui, key = byId("colour-by").value;
  byId("legend-title").textContent = key === "deviation" ? words.workload_from_mean : key === "compactness" ? `${words.compactness} × 100` : words[key];
  if (key === "deviation") {
    byId("legend").replaceChildren(...deviationLegend(ui));
    editor.colouring = deviationFill(ui);
    editor.fits = () => true;
    none(editor);
    return;
  }
  const swatches = { kind: [["basic", words.basic], ["exclusive", words.exclusive]], locked: [[false, words.unlocked], [true, words.locked]] }[key];
  const counts = new Map(view.grids.map((grid) => [grid.code, rounded(grid)]));
  const found = colouring(swatches ? { key, swatches: swatches.map(([value, label], k) => ({ key: value, label, colour: ui.kinds[k] })) }
    : { key, swatches: [], ramp: ui.ramp }, counts, { hidden: words.nobody_present, no_count: "—" });
  const hatched = (colour) => (swatches ? (colour === ui.kinds[1] ? "lines-1" : "") : RAMP_HATCHES[ui.ramp.indexOf(colour)] || "");
  byId("legend").replaceChildren(...found.lines.map((line) =>
    make("li", {}, patternSample(hatched(line.colour), line.colour), make("span", {}, line.label))));
  editor.colouring = (grid) => {
    counts.set(grid.code, rounded(grid));
    const colour = found.of(grid) || NOTHING;
    return pattern(hatched(colour), colour);
  };
  editor.fits = (grid) => Boolean(swatches) || found.fits(rounded(grid)[key]);
  none(editor);
}

// After an edit: whether the legend had to be chosen anew, so that every grid is to be painted.
export function renew(editor, grids) {
  const other = !grids.every(editor.fits);
  if (other) choose(editor);
  else none(editor);
  return other;
}

function none(editor) {
  const bare = byId("colour-by").value === "deviation" && editor.view.grids.some((grid) => grid.deviation === null);
  byId("legend-none").replaceChildren(...(bare ? [patternSample("", NOTHING), editor.ui.words.exclusive] : []));
}
