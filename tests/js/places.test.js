import assert from "node:assert/strict";
import { test } from "node:test";
import { PbfReader, PbfWriter } from "pbf";
import { toWgs84 } from "../../web/static/js/pure/datums.js";
import { frame } from "../../web/static/js/pure/frame.js";
import { locate, metresPerDegree, unpack } from "../../web/static/js/pure/packed.js";
import { decode } from "../../web/static/js/pure/vector-tile.js";

const SCALE = 1e6;

// Whole numbers as the index has them: zigzag, seven bits a byte.
function packed(value) {
  const bytes = [];
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  while (rest > 127) { bytes.push((rest % 128) + 128); rest = Math.floor(rest / 128); }
  return [...bytes, rest];
}

// Squares of a thousandth of a degree side by side, "a" in the west; codes in the order given.
function index(codes, more = {}) {
  const rings = {}, vertices = [], numbers = [];
  for (const code of [...codes].sort()) {
    const west = 120e6 + 1000 * codes.indexOf(code), south = 40e6;
    rings[code] = 1;
    vertices.push(4);
    let [x, y] = [0, 0];
    for (const [nx, ny] of [[west, south], [west + 1000, south], [west + 1000, south + 1000], [west, south + 1000]]) {
      numbers.push(nx - x, ny - y);
      [x, y] = [nx, ny];
    }
  }
  const head = { format: 1, scale: SCALE, rings, vertices, plan: { id: 1 }, township: { name: "T" },
    grids: codes.map((code) => ({ code, name: `grid ${code}`, leader: null, community: "C" })), ...more };
  return new Uint8Array([...new TextEncoder().encode(`${JSON.stringify(head)}\n`), ...numbers.flatMap(packed)]);
}

test("a point lies in its grid, on a border in that of the lowest code", () => {
  const town = unpack(index(["b", "a"]));
  assert.equal(locate(town, 120.0005, 40.0005).grid.code, "b");
  assert.equal(locate(town, 120.001, 40.0005).grid.code, "a");
  assert.equal(locate(town, 120.001, 40.0005).others[0].code, "b");
});

test("near a border the other grid is told, with its distance in metres", () => {
  const found = locate(unpack(index(["a", "b"])), 120.0009, 40.0005);
  assert.deepEqual(found.others.map((grid) => grid.code), ["b"]);
  assert.ok(Math.abs(found.border_m - 0.0001 * metresPerDegree(40)[0]) < 0.01);
});

test("outside, the nearest grid is told", () => {
  const found = locate(unpack(index(["a", "b"])), 120.01, 40.0005);
  assert.equal(found.outside, true);
  assert.equal(found.nearest.code, "b");
});

test("an index of another format is refused", () => {
  assert.throws(() => unpack(index(["a"], { format: 2 })), /another format/);
});

test("the picture shows the spot's own grid and its neighbours, and a bar that fits", () => {
  const town = unpack(index(["a", "b"])), answer = locate(town, 120.0009, 40.0005);
  const found = frame(town, answer, 300, 260);
  assert.deepEqual([found.own.length, found.others.length], [1, 1]);
  assert.match(found.own[0], /^M[-\d.]+ [-\d.]+L.*Z$/);
  assert.ok(found.scale_m * found.perMetre <= 120);
  // Forty metres above the spot is the upper edge.
  assert.equal(found.perMetre, 130 / 40);
});

test("WGS 84 stays as it is, and so does what lies outside of China", () => {
  assert.deepEqual(toWgs84("wgs84", 120, 40), [120, 40]);
  assert.deepEqual(toWgs84("gcj02", 2.35, 48.86), [2.35, 48.86]);
});

test("the shifted coordinates of Chinese maps are hundreds of metres off", () => {
  const [kx, ky] = metresPerDegree(40);
  for (const [datum, most] of [["gcj02", 800], ["bd09", 1500]]) {
    const [lon, lat] = toWgs84(datum, 120.89, 40.7);
    const away = Math.hypot((lon - 120.89) * kx, (lat - 40.7) * ky);
    assert.ok(away > 100 && away < most, `${datum}: ${away}`);
  }
});

test("a vector tile gives its points and lines with their properties", () => {
  const writer = new PbfWriter();
  writer.writeMessage(3, (_, layer) => {
    layer.writeStringField(1, "houses");
    layer.writeMessage(2, (__, feature) => {
      feature.writeVarintField(1, 77);
      feature.writePackedVarint(2, [0, 0]);
      feature.writeVarintField(3, 1);
      feature.writePackedVarint(4, [9, 2 * 25, 2 * 17]);
    }, null);
    layer.writeMessage(2, (__, feature) => {
      feature.writeVarintField(3, 2);
      feature.writePackedVarint(4, [9, 4, 4, 18, 0, 16, 16, 0]);
    }, null);
    layer.writeStringField(3, "n");
    layer.writeMessage(4, (__, value) => value.writeVarintField(5, 12), null);
  }, null);
  const [point, line] = decode(new PbfReader(writer.finish()));
  assert.deepEqual([point.id, point.n, point.parts], [77, 12, [[[25, 17]]]]);
  assert.deepEqual(line.parts, [[[2, 2], [2, 10], [10, 10]]]);
});
