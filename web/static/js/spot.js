// A small map of the spot and the borders about it, drawn from the packed index: no tile is asked for.
"use strict";

(function (gisgrid) {
  const SVG = "http://www.w3.org/2000/svg", HEIGHT = 260;
  const OWN = { fill: "#d6e6f7", stroke: "#12355b", "stroke-width": 6 };
  const OTHER = { fill: "none", stroke: "#47566a", "stroke-width": 3, "stroke-dasharray": "10 7" };

  function draw(tag, attributes, ...inside) {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...inside);
    return element;
  }

  // Half the height of the picture in metres: the nearest border is in it, and not much more.
  const reach = (borderM) => Math.min(Math.max(40, borderM * 1.3), 400);

  gisgrid.spot = function (index, answer, words, width) {
    const { lon, lat } = answer.place;
    const [kx, ky] = gisgrid.metresPerDegree(lat).map((m) => m / index.scale);
    const px = lon * index.scale, py = lat * index.scale;
    const perMetre = HEIGHT / 2 / reach(answer.border_m);
    const mx = width / 2 / perMetre / kx, my = HEIGHT / 2 / perMetre / ky;
    const x = (v) => (width / 2 + (v - px) * kx * perMetre).toFixed(1);
    const y = (v) => (HEIGHT / 2 - (v - py) * ky * perMetre).toFixed(1);
    function outline(grid, style) {
      const d = grid.rings.map((xy) => {
        let path = "M";
        for (let i = 0; i < xy.length; i += 2) path += `${x(xy[i])} ${y(xy[i + 1])}L`;
        return `${path.slice(0, -1)}Z`;
      }).join("");
      return draw("path", { d, "fill-rule": "evenodd", "stroke-linejoin": "round", ...style });
    }
    const seen = index.grids.filter(({ box }) =>
      box[0] <= px + mx && box[2] >= px - mx && box[1] <= py + my && box[3] >= py - my);
    const own = seen.filter((grid) => grid.card.code === answer.grid.code);
    const [cx, cy] = [width / 2, HEIGHT / 2];
    const bar = [10, 20, 50, 100, 200].filter((m) => m * perMetre <= width * 0.4).pop() || 10;
    const svg = draw("svg", {
      viewBox: `0 0 ${width} ${HEIGHT}`, role: "img",
      "aria-label": words.map.replace("{grid}", answer.grid.name),
    },
    ...seen.filter((grid) => !own.includes(grid)).map((grid) => outline(grid, OTHER)),
    ...own.map((grid) => outline(grid, OWN)),
    mark(cx, cy),
    draw("path", {
      d: `M14 ${HEIGHT - 26}v10h${bar * perMetre}v-10`, fill: "none", stroke: "#14202e", "stroke-width": 3,
    }),
    draw("text", { x: 22 + bar * perMetre, y: HEIGHT - 14 }, `${bar} m`));
    return svg;
  };

  function mark(cx, cy) {
    return draw("g", { fill: "none" },
      draw("circle", { cx, cy, r: 15, stroke: "#fff", "stroke-width": 9 }),
      draw("path", { d: `M${cx} ${cy - 26}v52M${cx - 26} ${cy}h52`, stroke: "#fff", "stroke-width": 8 }),
      draw("circle", { cx, cy, r: 15, stroke: "#a3161c", "stroke-width": 4 }),
      draw("path", { d: `M${cx} ${cy - 26}v52M${cx - 26} ${cy}h52`, stroke: "#a3161c", "stroke-width": 3 }));
  }

  // What the lines mean, as pictures beside words.
  gisgrid.spotKey = function (words) {
    const sample = (...inside) => draw("svg", { width: 52, height: 52, viewBox: "0 0 52 52", "aria-hidden": "true" }, ...inside);
    const line = (style) => draw("path", { d: "M2 26h48", ...style });
    return [
      [sample(mark(26, 26)), words.spot],
      [sample(line({ ...OWN, fill: "none" })), words.this_grid],
      [sample(line(OTHER)), words.other_grids],
    ];
  };
})((window.gisgrid = window.gisgrid || {}));
