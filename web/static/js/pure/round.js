// A round on foot: from where one stands to each place once, the nearest first, then made shorter by turning pieces round
// (nearest neighbour and 2-opt). Good to some percent, in a moment for some hundred places.

const EARTH_M = 6371008.8, MOST_TURNS = 40;

// Metres between two places in degrees, over a few kilometres.
export function apart(a, b) {
  const middle = ((a.lat + b.lat) / 2) * Math.PI / 180;
  return EARTH_M * Math.PI / 180 * Math.hypot((a.lon - b.lon) * Math.cos(middle), a.lat - b.lat);
}

// Metres of a way through places, in their order.
export const long = (way) => way.slice(1).reduce((sum, place, n) => sum + apart(way[n], place), 0);

// The places in the order in which to walk, from `start`; it does not lead back.
export function round(start, places) {
  const left = [...places], way = [start];
  while (left.length) {
    const here = way[way.length - 1];
    let best = 0;
    for (let n = 1; n < left.length; n++) if (apart(here, left[n]) < apart(here, left[best])) best = n;
    way.push(...left.splice(best, 1));
  }
  for (let turn = 0, better = true; better && turn < MOST_TURNS; turn++) better = shorten(way);
  return way.slice(1);
}

function shorten(way) {
  let better = false;
  for (let a = 0; a < way.length - 2; a++) {
    for (let b = a + 2; b < way.length; b++) {
      const after = way[b + 1];
      const now = apart(way[a], way[a + 1]) + (after ? apart(way[b], after) : 0);
      const then = apart(way[a], way[b]) + (after ? apart(way[a + 1], after) : 0);
      if (then < now - 1e-9) {
        way.splice(a + 1, b - a, ...way.slice(a + 1, b + 1).reverse());
        better = true;
      }
    }
  }
  return better;
}
