import assert from "node:assert/strict";
import { test } from "node:test";
import { corners, merged } from "../../web/static/js/pure/edits.js";
import { receivers } from "../../web/static/js/pure/receivers.js";

test("a corner that was there stays to the last digit, a new one gets a centimetre", () => {
  const old = [120.12345678901, 40.1];
  const known = new Map([[`${old[0]},${old[1]}`, old]]);
  assert.deepEqual(corners([{ lng: old[0], lat: old[1] }, { lng: 120.12345678901, lat: 40.2 }], known), [old, [120.1234568, 40.2]]);
});

test("all corners are new where none was known", () => {
  assert.deepEqual(corners([{ lng: 1.00000004, lat: 2.00000006 }]), [[1, 2.0000001]]);
});

test("an answer changes what it names, adds what is new, and what is gone goes", () => {
  const old = [{ code: "a", n: 1 }, { code: "b", n: 2 }, { code: "c", n: 3 }];
  const now = merged(old, [{ code: "b", n: 9 }, { code: "d", n: 4 }], ["c"], "code");
  assert.deepEqual(now, [{ code: "a", n: 1 }, { code: "b", n: 9 }, { code: "d", n: 4 }]);
  assert.equal(old.length, 3, "the list before stays as it was");
});

test("what is gone and there again, is there", () => {
  assert.deepEqual(merged([{ id: 1, n: 1 }], [{ id: 1, n: 2 }], [1], "id"), [{ id: 1, n: 2 }]);
});

const PALETTE = ["red", "green", "blue"];
const move = (from, to) => ({ from, to });

test("two grids that exchange houses, or take of one giver, have other colours", () => {
  const colours = receivers([move("a", "b"), move("b", "a"), move("c", "a"), move("c", "b")], PALETTE);
  assert.notEqual(colours.get("a"), colours.get("b"));
  assert.equal(colours.has("c"), false, "who only gives has none");
});

test("more receivers than colours have one each all the same, and nobody's ground has none", () => {
  const moves = ["b", "c", "d", "e", null].map((to) => move("a", to));
  const colours = receivers(moves, PALETTE);
  assert.deepEqual([...colours.keys()].sort(), ["b", "c", "d", "e"]);
  assert.equal(new Set(["b", "c", "d"].map((code) => colours.get(code))).size, 3);
});
