// The whole scenario in five figures, today and now.

import { byId, make } from "./elements.js";
import { outside } from "./pure/grid-table.js";

export function show(editor) {
  const { view, ui } = editor, { words } = ui, now = view.figures, today = view.figures_before;
  const tolerance = Number(byId("tolerance").value) / 100;
  const number = (value) => value.toLocaleString(ui.language);
  const share = (value) => `${(100 * value).toFixed(1)} %`;
  const figure = (key, title, of, write) => {
    const [a, b] = [today && of(today), of(now)], known = (value) => value !== null && value !== undefined;
    const sense = known(a) && known(b) && write(a) !== write(b) ? (b < a ? "better" : "worse") : null;
    return make("div", { id: `figure-${key}` }, make("dt", {}, title), make("dd", {},
      known(a) ? make("span", { class: "was" }, `${write(a)} → `) : null, make("span", { class: sense }, known(b) ? write(b) : "—")));
  };
  byId("figures").replaceChildren(
    figure("deviation", words.largest_deviation, (f) => f.largest_deviation, share),
    figure("gini", words.gini, (f) => f.gini, (value) => value.toFixed(3)),
    figure("outside", words.outside.replace("{x}", share(tolerance)), (f) => outside(f.deviations, tolerance), number),
    figure("moved", words.residents_moved, (f) => f.residents_moved, number),
    figure("gaps", words.gaps, (f) => f.uncovered_residents, number));
}

export function start(editor) {
  byId("tolerance").addEventListener("input", () => { if (editor.view) show(editor); });
}
