// Which grid is this in, without a connection: reads the packed index (gisgrid/locate/packed.py) and
// answers by the same rule: of the grids that cover a point, border included, the lowest code.
const SEMI_MAJOR_M = 6378137, ECCENTRICITY2 = 0.00669437999014, WITHIN_M = 15;

export function unpack(bytes) {
  const end = bytes.indexOf(10);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
  if (head.format !== 1) throw new Error("packed index of another format");
  let at = end + 1, ring = 0;
  function step() {
    // Numbers may pass 2^32, so no bit operations but on single bytes.
    let value = 0, factor = 1, byte;
    do {
      byte = bytes[at++];
      value += (byte & 127) * factor;
      factor *= 128;
    } while (byte > 127);
    return value % 2 ? -(value + 1) / 2 : value / 2;
  }
  const cards = new Map(head.grids.map((card) => [card.code, card]));
  const grids = Object.keys(head.rings).sort(byCode).map((code) => {
    const rings = [], box = [Infinity, Infinity, -Infinity, -Infinity];
    for (let r = 0; r < head.rings[code]; r++) {
      const n = head.vertices[ring++], xy = new Float64Array(2 * (n + 1));
      let x = 0, y = 0;
      for (let i = 0; i < n; i++) {
        xy[2 * i] = x += step();
        xy[2 * i + 1] = y += step();
        box[0] = Math.min(box[0], x); box[1] = Math.min(box[1], y);
        box[2] = Math.max(box[2], x); box[3] = Math.max(box[3], y);
      }
      xy[2 * n] = xy[0];
      xy[2 * n + 1] = xy[1];
      rings.push(xy);
    }
    return { card: cards.get(code), rings, box };
  });
  return { ...head, grids, cards };
}

// By code points, as the server compares; for the digits and Latin letters of codes < does that.
function byCode(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

// Sign of twice the area of (a, b, p); exact: all are whole numbers.
function side(ax, ay, bx, by, px, py) {
  const one = (ax - px) * (by - py), two = (bx - px) * (ay - py), found = one - two;
  if (Math.abs(found) > 1e-15 * (Math.abs(one) + Math.abs(two))) return Math.sign(found);
  const [ux, uy, vx, vy] = [ax - px, ay - py, bx - px, by - py].map(BigInt);
  const exact = ux * vy - vx * uy;
  return exact > 0n ? 1 : exact < 0n ? -1 : 0;
}

// Border included; rings nest, so that a point within an odd number of them is inside.
function covers(grid, px, py) {
  const [west, south, east, north] = grid.box;
  if (px < west || px > east || py < south || py > north) return false;
  let inside = false;
  for (const xy of grid.rings) {
    for (let i = 0; i + 3 < xy.length; i += 2) {
      const ax = xy[i], ay = xy[i + 1], bx = xy[i + 2], by = xy[i + 3];
      if ((ay < py && by < py) || (ay > py && by > py)) continue;
      if (ay === by) {
        if (Math.min(ax, bx) <= px && px <= Math.max(ax, bx)) return true;
        continue;
      }
      const turn = side(ax, ay, bx, by, px, py);
      if (turn === 0) return true;
      // Each edge owns its lower end, so that a ray through a vertex crosses once.
      if ((ay <= py) !== (by <= py) && (turn > 0) === (by > ay)) inside = !inside;
    }
  }
  return inside;
}

// Metres of a degree of longitude and of latitude.
export function metresPerDegree(lat) {
  const phi = (lat * Math.PI) / 180, w2 = 1 - ECCENTRICITY2 * Math.sin(phi) ** 2;
  const prime = SEMI_MAJOR_M / Math.sqrt(w2), meridian = (prime * (1 - ECCENTRICITY2)) / w2;
  return [(prime * Math.cos(phi) * Math.PI) / 180, (meridian * Math.PI) / 180];
}

function borderMetres(grid, px, py, kx, ky) {
  let best = Infinity;
  for (const xy of grid.rings) {
    for (let i = 0; i + 3 < xy.length; i += 2) {
      const x1 = (xy[i] - px) * kx, y1 = (xy[i + 1] - py) * ky;
      const dx = (xy[i + 2] - px) * kx - x1, dy = (xy[i + 3] - py) * ky - y1;
      const square = dx * dx + dy * dy;
      const t = square > 0 ? Math.min(Math.max(-(x1 * dx + y1 * dy) / square, 0), 1) : 0;
      best = Math.min(best, (x1 + t * dx) ** 2 + (y1 + t * dy) ** 2);
    }
  }
  return Math.sqrt(best);
}

// The answer in the words of GET /api/v1/locate, or { outside: true, nearest, distance_m }.
export function locate(index, lon, lat) {
  const px = Math.round(lon * index.scale), py = Math.round(lat * index.scale);
  const [kx, ky] = metresPerDegree(lat).map((m) => m / index.scale);
  const owners = index.grids.filter((grid) => !grid.card.over);
  const own = owners.find((grid) => covers(grid, px, py));
  const near = (grid) => ({ ...grid.card, distance_m: borderMetres(grid, px, py, kx, ky) });
  if (!own) {
    const all = owners.map(near).sort((a, b) => a.distance_m - b.distance_m || byCode(a.code, b.code));
    return { outside: true, nearest: all[0] || null, plan: index.plan };
  }
  const over = index.grids.find((grid) => grid.card.over && covers(grid, px, py));
  const [mx, my] = [WITHIN_M / kx, WITHIN_M / ky];
  const others = owners
    .filter((grid) => grid !== own && grid.box[0] - mx <= px && px <= grid.box[2] + mx
      && grid.box[1] - my <= py && py <= grid.box[3] + my)
    .map((grid) => (covers(grid, px, py) ? { ...grid.card, distance_m: 0 } : near(grid)))
    .filter((grid) => grid.distance_m <= WITHIN_M)
    .sort((a, b) => a.distance_m - b.distance_m || byCode(a.code, b.code));
  return {
    township: index.township,
    community: { name: own.card.community },
    grid: own.card,
    exclusive: over ? over.card : null,
    leader: own.card.leader,
    plan: index.plan,
    border_m: borderMetres(own, px, py, kx, ky),
    others,
    place: { lon, lat },
    house: null,
    nearest: null,
    how: "point",
    confidence: 1,
  };
}
