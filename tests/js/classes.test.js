import assert from "node:assert/strict";
import { test } from "node:test";
import { colouring } from "../../web/static/js/pure/classes.js";

const WORDS = { hidden: "not public", no_count: "nothing counted" };
const RAMP = ["c1", "c2", "c3"];
const of = (numbers) => colouring({ key: "houses", swatches: [], ramp: RAMP }, new Map(Object.entries(numbers).map(([code, houses]) => [code, { houses }])), WORDS);
const labels = (found) => found.lines.map((line) => line.label);

test("a kind has its colour, whatever is counted", () => {
  const swatches = [{ key: "basic", colour: "blue" }, { key: "exclusive", colour: "red" }];
  const found = colouring({ key: "kind", swatches, ramp: [] }, new Map(), WORDS);
  assert.equal(found.of({ kind: "exclusive" }), "red");
  assert.equal(found.lines, swatches);
});

test("classes hold about as many grids each, and their labels tell all numbers once", () => {
  const found = of({ a: 1, b: 2, c: 3, d: 4, e: 5, f: 9 });
  assert.deepEqual(labels(found), ["1 – 2", "3 – 4", "5 – 9"]);
  assert.deepEqual(["a", "b", "c", "f"].map((code) => found.of({ code })), ["c1", "c1", "c2", "c3"]);
});

test("few classes span the whole ramp, and one number is one class", () => {
  assert.deepEqual(of({ a: 1, b: 1, c: 8 }).lines.map((line) => line.colour), ["c1", "c3"]);
  assert.deepEqual(labels(of({ a: 4, b: 4 })), ["4"]);
});

test("what is not public has no colour, and the legend says so", () => {
  const found = of({ a: 1, b: null });
  assert.equal(found.of({ code: "b" }), undefined);
  assert.equal(found.of({ code: "elsewhere" }), undefined);
  assert.deepEqual(labels(found), ["1", "not public"]);
});

test("a number beyond the classes, or none where there was one, asks for a new legend", () => {
  const fits = (numbers, ...values) => values.map((value) => of(numbers).fits(value));
  assert.deepEqual(fits({ a: 2, b: 5 }, 1, 2, 4, 5, 6, null), [false, true, true, true, false, false]);
  assert.deepEqual(fits({ a: 2, b: null }, 2, null), [true, true]);
  assert.deepEqual(fits({}, 2, null), [false, false], "without grids there are no classes");
  assert.equal(colouring({ key: "houses", swatches: [], ramp: RAMP }, new Map(), WORDS).of({ code: "a" }), undefined);
});

test("before anything is counted the legend says so", () => {
  assert.deepEqual(labels(of({})), ["nothing counted"]);
});
