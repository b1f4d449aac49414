// A small map's measures: the borders about a spot as outlines of a picture whose middle it is.

import { metresPerDegree } from "./packed.js";

// Half the height of the picture in metres: the nearest border is in it, and not much more.
const reach = (borderM) => Math.min(Math.max(40, borderM * 1.3), 400);

// Outlines (`d` of an SVG path) of the spot's own grid and of others in the picture, its scale in pixels
// a metre, and the length of the bar that tells it.
export function frame(index, answer, width, height) {
  const { lon, lat } = answer.place;
  const [kx, ky] = metresPerDegree(lat).map((m) => m / index.scale);
  const px = lon * index.scale, py = lat * index.scale;
  const perMetre = height / 2 / reach(answer.border_m);
  const mx = width / 2 / perMetre / kx, my = height / 2 / perMetre / ky;
  const x = (v) => (width / 2 + (v - px) * kx * perMetre).toFixed(1);
  const y = (v) => (height / 2 - (v - py) * ky * perMetre).toFixed(1);
  const outline = (grid) => grid.rings.map((xy) => {
    let path = "M";
    for (let i = 0; i < xy.length; i += 2) path += `${x(xy[i])} ${y(xy[i + 1])}L`;
    return `${path.slice(0, -1)}Z`;
  }).join("");
  const seen = index.grids.filter(({ box }) =>
    box[0] <= px + mx && box[2] >= px - mx && box[1] <= py + my && box[3] >= py - my);
  const own = seen.filter((grid) => grid.card.code === answer.grid.code);
  return {
    own: own.map(outline),
    others: seen.filter((grid) => !own.includes(grid)).map(outline),
    perMetre,
    scale_m: [10, 20, 50, 100, 200].filter((m) => m * perMetre <= width * 0.4).pop() || 10,
  };
}
