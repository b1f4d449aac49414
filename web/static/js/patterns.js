// Fills with a pattern, so that a colour is never the only signal.
import { FRAME, INK, WHITE } from "./pure/colours.js";

const SVG = "http://www.w3.org/2000/svg";
const made = new Map();
// Drawn over the colour in a square of 10 pixels.
const drawings = {
  "lines-1": ["path", { d: "M-2 8 L8 -2 M4 14 L14 4", stroke: INK, "stroke-width": 1, opacity: 0.45 }],
  "lines-2": ["path", { d: "M-2 8 L8 -2 M3 13 L13 3 M-2 3 L3 -2 M8 13 L13 8", stroke: INK, "stroke-width": 1.4, opacity: 0.6 }],
  "lines-3": ["path", { d: "M2 -2 L12 8 M-4 4 L6 14", stroke: WHITE, "stroke-width": 3, opacity: 0.8 }],
  "dots-1": ["circle", { cx: 5, cy: 5, r: 1.2, fill: INK, opacity: 0.5 }],
  "dots-2": ["path", { d: "M2 1.2 v3 M7 6.2 v3", stroke: WHITE, "stroke-width": 3, "stroke-linecap": "round", opacity: 0.85 }],
};

function element(tag, attributes, ...inside) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...inside);
  return made;
}

// What an SVG `fill` takes for a colour with a pattern; without a pattern the colour itself.
export function pattern(name, colour) {
  if (!name) return colour;
  const id = `${name}-${colour.slice(1)}`;
  if (!made.has(id)) {
    let defs = document.getElementById("patterns");
    if (!defs) {
      defs = element("defs", { id: "patterns" });
      const sheet = element("svg", { width: 0, height: 0, "aria-hidden": true }, defs);
      sheet.style.position = "absolute"; // by script: the page's policy takes no style attribute
      document.body.append(sheet);
    }
    const [tag, attributes] = drawings[name];
    defs.append(element("pattern", { id, width: 10, height: 10, patternUnits: "userSpaceOnUse" },
      element("rect", { width: 10, height: 10, fill: colour }), element(tag, attributes)));
    made.set(id, `url(#${id})`);
  }
  return made.get(id);
}

// A little picture of a fill, for a legend.
export function patternSample(name, colour) {
  return element("svg", { class: "sample", width: 24, height: 14, "aria-hidden": true },
    element("rect", { width: 24, height: 14, rx: 3, fill: pattern(name, colour), stroke: FRAME }));
}
