// The whole scenario in five figures, beside those of the plan it was drawn from.

import { byId, make } from "./elements.js";
import { outside } from "./pure/grid-table.js";

// As a share; an empty field is what it began with.
export function tolerance() {
  const field = byId("tolerance"), value = field.valueAsNumber;
  return (Number.isFinite(value) ? value : Number(field.defaultValue)) / 100;
}

export function show(editor) {
  const { view, ui } = editor, { words } = ui, today = view.figures_before;
  const now = { ...view.figures, deviations: view.grids.filter((grid) => grid.kind === "basic" && grid.deviation !== null).map((grid) => grid.deviation) };
  const number = (value) => value.toLocaleString(ui.language);
  const share = (value) => `${(100 * value).toFixed(1)} %`;
  const from = view.based_on ? words.beside_plan.replace("{base}", view.based_on) : null;
  // Of each of these less is better.
  const figure = (key, title, of, write, note) => {
    const [a, b] = [today && of(today), of(now)], known = (value) => value !== null && value !== undefined;
    const sense = known(a) && known(b) && write(a) !== write(b) ? (b < a ? "better" : "worse") : null;
    return make("div", { id: `figure-${key}` }, make("dt", {}, title), make("dd", {},
      known(a) ? make("span", { class: "was", title: from }, `${write(a)} → `) : null, make("span", { class: sense }, known(b) ? write(b) : "—",
        sense ? make("span", { role: "img", title: words[sense], "aria-label": words[sense] }, sense === "better" ? " ✓" : " ✗") : null),
      note ? make("span", { class: "was" }, ` ${note}`) : null));
  };
  byId("figures").replaceChildren(
    figure("deviation", words.largest_deviation, (f) => f.largest_deviation, share),
    figure("gini", words.gini, (f) => f.gini, (value) => value.toFixed(3),
      now.unserved_grids ? words.unserved.replace("{n}", number(now.unserved_grids)).replace("{m}", number(Math.round(now.unserved_minutes))) : null),
    figure("outside", words.outside.replace("{x}", share(tolerance())), (f) => outside(f.deviations, tolerance()), number),
    figure("moved", words.residents_moved, (f) => f.residents_moved, number),
    figure("gaps", words.gaps, (f) => f.uncovered_residents, number));
  // On a stale draft what stands before the arrow is no longer how it is.
  byId("figures-from").textContent = view.stale && today ? from : "";
}

export function start(editor) {
  byId("tolerance").addEventListener("input", () => { if (editor.view) show(editor); });
}
