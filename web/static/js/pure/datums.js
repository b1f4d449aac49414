// GCJ-02 and BD-09, the shifted coordinates of Chinese web maps, to WGS 84: as gisgrid/core/datums.py.
const A = 6378245, EE = 0.00669342162296594323, BD_PI = (Math.PI * 3000) / 180;
const { PI, sin, cos, sqrt, abs, atan2 } = Math;

const inChina = ([x, y]) => x >= 72.004 && x <= 137.8347 && y >= 0.8293 && y <= 55.8271;

function gcj02([lon, lat]) {
  const x = lon - 105, y = lat - 35, root = 0.1 * sqrt(abs(x));
  const waves = 20 * sin(6 * x * PI) + 20 * sin(2 * x * PI);
  let north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 2 * root;
  north += ((waves + 20 * sin(y * PI) + 40 * sin((y / 3) * PI)) * 2) / 3;
  north += ((160 * sin((y / 12) * PI) + 320 * sin((y * PI) / 30)) * 2) / 3;
  let east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + root;
  east += ((waves + 20 * sin(x * PI) + 40 * sin((x / 3) * PI)) * 2) / 3;
  east += ((150 * sin((x / 12) * PI) + 300 * sin((x / 30) * PI)) * 2) / 3;
  const phi = (lat * PI) / 180, magic = 1 - EE * sin(phi) ** 2, rootMagic = sqrt(magic);
  return [
    lon + ((east * rootMagic) / (A * cos(phi))) * (180 / PI),
    lat + ((north * magic * rootMagic) / (A * (1 - EE))) * (180 / PI),
  ];
}

function bd09([lon, lat]) {
  const z = sqrt(lon * lon + lat * lat) + 0.00002 * sin(lat * BD_PI);
  const theta = atan2(lat, lon) + 0.000003 * cos(lon * BD_PI);
  return [z * cos(theta) + 0.0065, z * sin(theta) + 0.006];
}

// The point that ``forward`` sends to ``goal``; the usual single step errs by up to 4.5 m.
function solve(forward, goal) {
  let [x, y] = goal;
  for (let i = 0; i < 12; i++) {
    const [tx, ty] = forward([x, y]);
    x -= tx - goal[0];
    y -= ty - goal[1];
  }
  return [x, y];
}

const back = (forward, at) => (inChina(at) ? solve(forward, at) : at);

export function toWgs84(datum, lon, lat) {
  const at = [lon, lat];
  if (datum === "gcj02") return back(gcj02, at);
  if (datum === "bd09") return back(gcj02, back(bd09, at));
  return at;
}
