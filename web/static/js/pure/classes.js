// Grids by a number or by a kind: which colour each has, and what the legend says of it.
import { NOTHING } from "./colours.js";

// Colours for the grids, and what the legend says of them. `of` gives a grid's colour; `fits` tells
// whether a number, or null for none, is one that the legend has a line for.
export function colouring(choice, counts, words) {
  if (choice.swatches.length) {
    const colours = new Map(choice.swatches.map((s) => [s.key, s.colour]));
    return { of: (grid) => colours.get(grid[choice.key]), lines: choice.swatches, fits: () => true };
  }
  // What is not public is null, and has no class.
  const all = [...counts.values()].map((row) => row[choice.key]);
  const values = all.filter((n) => n !== null);
  const bounds = classes(values, choice.ramp.length), most = Math.max(...values);
  const lines = bounds.map((from, i) => ({
    colour: choice.ramp[ramp(i, bounds.length, choice.ramp.length)],
    label: range(from, bounds[i + 1], most),
  }));
  if (values.length < all.length) lines.push({ colour: NOTHING, label: words.hidden });
  return {
    of: (grid) => {
      const row = counts.get(grid.code);
      if (!row || row[choice.key] === null) return undefined;
      let i = bounds.length - 1;
      while (i > 0 && row[choice.key] < bounds[i]) i--;
      return lines[i]?.colour;
    },
    fits: (value) => (value === null ? values.length < all.length : value >= bounds[0] && value <= most),
    lines: lines.length ? lines : [{ colour: NOTHING, label: words.no_count }],
  };
}

// First numbers of up to n classes with about as many grids in each; never an empty class.
function classes(values, n) {
  const sorted = values.slice().sort((a, b) => a - b);
  const bounds = [];
  for (let i = 0; i < n && sorted.length; i++) {
    const from = sorted[Math.floor((i * sorted.length) / n)];
    if (!bounds.length || from > bounds[bounds.length - 1]) bounds.push(from);
  }
  return bounds;
}

// Few classes still span the whole ramp.
function ramp(i, n, colours) {
  return n === 1 ? 0 : Math.round((i * (colours - 1)) / (n - 1));
}

function range(from, next, most) {
  const to = next === undefined ? most : next - 1;
  return to === from ? String(from) : `${from} – ${to}`;
}
