// Which names of a map can be written without running into each other, and how thick its borders are.

// Of labels as { x, y, width, height } about their middle, those that touch none before them.
export function apart(labels) {
  const kept = [];
  for (const label of labels) {
    const free = kept.every((other) => Math.abs(label.x - other.x) * 2 >= label.width + other.width
      || Math.abs(label.y - other.y) * 2 >= label.height + other.height);
    if (free) kept.push(label);
  }
  return kept;
}

const between = (low, value, high) => Math.min(high, Math.max(low, value));

// Pixels of a border that can be moved, one that cannot, and one of a community, which is the thickest
// always, where a grid is so many pixels wide.
export const widths = (pixels) => ({
  movable: between(1.2, pixels / 18, 5), fixed: between(1, pixels / 40, 2), community: between(2.2, pixels / 18 + 1, 6),
});
