import assert from "node:assert/strict";
import { test } from "node:test";
import { shifted } from "../../web/static/js/pure/edits.js";
import { holds, ordered, outside, total } from "../../web/static/js/pure/grid-table.js";
import { apart, widths } from "../../web/static/js/pure/names.js";

const grid = (code, more) => ({ code, name: `第${code}网格`, houses: 1, households: 2, residents: 3, minutes: 10, posts: 1, per_post: 10, pieces: 1, deviation: 0, locked: false, ...more });

test("grids in order of a column, of one value by code, without a value last either way", () => {
  const grids = [grid("3", { deviation: null }), grid("2", { deviation: 0.1 }), grid("1", { deviation: 0.1 }), grid("4", { deviation: -0.2 })];
  const codes = (down) => ordered(grids, "deviation", down).map((each) => each.code).join("");
  assert.deepEqual([codes(false), codes(true)], ["4123", "1243"]);
  assert.equal(ordered(grids, "name", false).map((each) => each.code).join(""), "1234", "names by their number");
});

test("a filter holds all its words in name, code or community", () => {
  assert.ok(holds(grid("12"), "石桥 12", "石桥社区"));
  assert.ok(holds(grid("12"), "", "石桥社区"));
  assert.ok(!holds(grid("12"), "石桥 13", "石桥社区"));
});

test("sums are those of the rows, a worker's minutes those of grids with somebody present", () => {
  const sum = total([grid("1", { minutes: 30, posts: 2, deviation: -0.3, locked: true }), grid("2", { minutes: 50, posts: 0, deviation: 0.2 })]);
  assert.deepEqual([sum.grids, sum.houses, sum.residents, sum.minutes, sum.per_post, sum.deviation, sum.locked], [2, 2, 6, 80, 15, 0.3, 1]);
  assert.equal(total([]).per_post, null);
});

test("minutes are rounded in each row, and the sum is that of what is read", () => {
  assert.equal(total([0.4, 0.4, 0.4, 1.6].map((minutes, k) => grid(String(k), { minutes }))).minutes, 2);
});

test("a community's border is thicker than any of grids, however near", () => {
  for (const pixels of [1, 30, 60, 100, 400]) {
    const { community, movable, fixed } = widths(pixels);
    assert.ok(community > movable && community > fixed);
  }
});

test("outside a tolerance is farther than it, on either side", () => {
  assert.equal(outside([0.1, -0.11, 0.09, 0.2], 0.1), 2);
});

test("names that would touch one before them are left out", () => {
  const label = (text, x, y) => ({ text, x, y, width: 40, height: 18 });
  const kept = apart([label("a", 0, 0), label("b", 39, 0), label("c", 40, 0), label("d", 0, 17), label("e", 0, 18)]);
  assert.deepEqual(kept.map((each) => each.text), ["a", "c", "e"]);
});

test("borders are thin where grids are small, those of communities always the thicker", () => {
  const [far, near] = [widths(20), widths(400)];
  assert.ok(far.movable < 1.5 && near.movable === 5);
  for (const each of [far, near]) assert.ok(each.community > each.fixed);
  assert.ok(far.community > far.movable);
});

test("a corner moves by metres, wherever it is", () => {
  const metres = (a, b) => { // by the haversine formula on the mean sphere
    const rad = Math.PI / 180, h = Math.sin(((b.lat - a.lat) * rad) / 2) ** 2 + Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * Math.sin(((b.lng - a.lng) * rad) / 2) ** 2;
    return 2 * 6371008.8 * Math.asin(Math.sqrt(h));
  };
  for (const lat of [3, 40.7, 53]) {
    const at = { lat, lng: 120.9 };
    for (const [east, north] of [[1, 0], [0, 10], [-10, 0], [0, -1]]) {
      const far = metres(at, shifted(at, east, north)), wanted = Math.hypot(east, north);
      assert.ok(Math.abs(far - wanted) < 0.006 * wanted, `${lat}: ${far}`);
    }
  }
});
