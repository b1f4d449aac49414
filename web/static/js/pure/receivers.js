// Colours for grids that receive houses, so that neighbours differ.

// A colour for each grid that receives, another than those of grids beside it in the moves.
export function receivers(moves, palette) {
  const beside = new Map();
  const join = (a, b) => { if (a !== b) { beside.get(a).add(b); beside.get(b).add(a); } };
  for (const move of moves) for (const code of [move.from, move.to]) if (!beside.has(code)) beside.set(code, new Set());
  const givenBy = new Map();
  for (const move of moves) {
    join(move.from, move.to);
    const others = givenBy.get(move.from) || [];
    for (const code of others) join(code, move.to);
    givenBy.set(move.from, [...others, move.to]);
  }
  const colours = new Map();
  for (const move of moves) {
    if (!move.to || colours.has(move.to)) continue;
    const taken = new Set([...beside.get(move.to)].map((code) => colours.get(code)));
    // Of the free colours the least used, so that neighbours beyond the moves differ, too.
    const used = (colour) => [...colours.values()].filter((each) => each === colour).length;
    const free = palette.filter((colour) => !taken.has(colour));
    colours.set(move.to, (free.length ? free : palette).reduce((a, b) => (used(b) < used(a) ? b : a)));
  }
  return colours;
}
