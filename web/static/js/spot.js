// A small map of the spot and the borders about it, drawn from the packed index: no tile is asked for.

import { frame } from "./pure/frame.js";
import { CHOSEN, HERE, NEIGHBOUR, OWN_GROUND, SCALE, WHITE } from "./pure/colours.js";

const SVG = "http://www.w3.org/2000/svg", HEIGHT = 260;
const OWN = { fill: OWN_GROUND, stroke: CHOSEN, "stroke-width": 6 };
const OTHER = { fill: "none", stroke: NEIGHBOUR, "stroke-width": 3, "stroke-dasharray": "10 7" };

function draw(tag, attributes, ...inside) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...inside);
  return element;
}

export function spot(index, answer, words, width) {
  const { own, others, scale_m: bar, perMetre } = frame(index, answer, width, HEIGHT);
  const line = (d, style) => draw("path", { d, "fill-rule": "evenodd", "stroke-linejoin": "round", ...style });
  return draw("svg", {
    viewBox: `0 0 ${width} ${HEIGHT}`, role: "img",
    "aria-label": words.map.replace("{grid}", answer.grid.name),
  },
  ...others.map((d) => line(d, OTHER)),
  ...own.map((d) => line(d, OWN)),
  mark(width / 2, HEIGHT / 2),
  draw("path", {
    d: `M14 ${HEIGHT - 26}v10h${bar * perMetre}v-10`, fill: "none", stroke: SCALE, "stroke-width": 3,
  }),
  draw("text", { x: 22 + bar * perMetre, y: HEIGHT - 14 }, `${bar} m`));
}

function mark(cx, cy) {
  return draw("g", { fill: "none" },
    draw("circle", { cx, cy, r: 15, stroke: WHITE, "stroke-width": 9 }),
    draw("path", { d: `M${cx} ${cy - 26}v52M${cx - 26} ${cy}h52`, stroke: WHITE, "stroke-width": 8 }),
    draw("circle", { cx, cy, r: 15, stroke: HERE, "stroke-width": 4 }),
    draw("path", { d: `M${cx} ${cy - 26}v52M${cx - 26} ${cy}h52`, stroke: HERE, "stroke-width": 3 }));
}

// The mark alone, as a picture of its own.
export const cross = () => draw("svg", { viewBox: "0 0 56 56", width: 56, height: 56, "aria-hidden": "true" }, mark(28, 28));

// What the lines mean, as pictures beside words.
export function spotKey(words) {
  const sample = (...inside) => draw("svg", { width: 52, height: 52, viewBox: "0 0 52 52", "aria-hidden": "true" }, ...inside);
  const line = (style) => draw("path", { d: "M2 26h48", ...style });
  return [
    [sample(mark(26, 26)), words.spot],
    [sample(line({ ...OWN, fill: "none" })), words.this_grid],
    [sample(line(OTHER)), words.other_grids],
  ];
}
