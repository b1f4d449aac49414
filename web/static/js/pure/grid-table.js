// Rows of the table of grids: their order, which are shown, and what they sum up to.

// Grids by a column, names by their code, which numbers them; without a value last, whichever way; of one value by code.
export function ordered(grids, column, down) {
  const sign = down ? -1 : 1, key = column === "name" ? "code" : column;
  return [...grids].sort((a, b) => {
    const [x, y] = [a[key], b[key]], none = (x === null) - (y === null);
    if (none) return none;
    const by = typeof x === "string" ? Number(x > y) - Number(x < y) : x - y;
    return by ? sign * by : a.code < b.code ? -1 : 1;
  });
}

// Whether a grid has all words of a text in its name, code or community.
export function holds(grid, text, community) {
  const said = `${grid.name} ${grid.code} ${community}`.toLowerCase();
  return text.toLowerCase().split(/\s+/).every((word) => said.includes(word));
}

const COUNTED = ["houses", "households", "residents", "minutes", "posts", "pieces"];

// What grids hold together. A worker's minutes are those of the grids with somebody present. Minutes are
// rounded once, in each row, so that what is read under a column is what its rows add up to.
export function total(grids) {
  const out = Object.fromEntries(COUNTED.map((key) => [key, grids.reduce((sum, grid) => sum + (key === "minutes" ? Math.round(grid[key]) : grid[key]), 0)]));
  const served = grids.filter((grid) => grid.posts > 0);
  const posts = served.reduce((sum, grid) => sum + grid.posts, 0);
  out.per_post = posts ? served.reduce((sum, grid) => sum + grid.minutes, 0) / posts : null;
  out.deviation = grids.reduce((worst, grid) => Math.max(worst, Math.abs(grid.deviation ?? 0)), 0);
  out.locked = grids.filter((grid) => grid.locked).length;
  out.grids = grids.length;
  return out;
}

// How many of some shares from the mean are farther from it than a tolerance.
export const outside = (shares, tolerance) => shares.filter((share) => Math.abs(share) > tolerance).length;
