import assert from "node:assert/strict";
import { test } from "node:test";
import { order as ofColumn } from "../../web/static/js/pure/columns.js";
import { came, told } from "../../web/static/js/pure/rows.js";

const row = (id, more) => ({ case_id: id, open: true, emergency: false, due_at: null, reported_at: "2026-11-01T00:00:00Z", ...more });
const ids = (rows) => rows.map((each) => each.case_id);

test("what came stands above something that was there, or the whole list was there", () => {
  const rows = [row(5), row(2), row(9)];
  assert.deepEqual(came(rows, [row(5), row(7), row(2), row(9), row(8)], false), [7]);
  assert.deepEqual(came(rows, [row(5), row(7), row(2), row(9), row(8)], true), [7, 8]);
  assert.deepEqual(came(rows, [row(1), row(3)], false), []);
  assert.deepEqual(came([], [row(1)], true), [1]);
});

test("news say what changed in its place, what came, as the store has it, and what is asked for no more", () => {
  const rows = [row(1, { due_at: "2026-11-10T00:00:00Z" }), row(2, { due_at: "2026-11-11T00:00:00Z" }), row(3)];
  const fresh = [row(1, { due_at: "2026-11-12T00:00:00Z" }), row(8), row(7, { emergency: true })];
  const { kept, news, gone } = told(rows, [1, 3, 4, 7, 8], fresh);
  assert.deepEqual([ids(kept), kept[0].due_at], [[1], "2026-11-12T00:00:00Z"]);
  assert.deepEqual(ids(news), [8, 7]);
  assert.deepEqual(gone, [3]);
});

test("a column of numbers stands by size, minus signs and thousands as they are written", () => {
  const cells = ["1,200", "−3", "12 %", "", "7"];
  assert.deepEqual([...cells].sort(ofColumn(cells, "en")), ["−3", "", "7", "12 %", "1,200"]);
});

test("a column of words stands as its language has it, a number within them by its size", () => {
  const sorted = (cells, language) => [...cells].sort(ofColumn(cells, language));
  assert.deepEqual(sorted(["b10", "B2", "a"], "en"), ["a", "B2", "b10"]);
  assert.deepEqual(sorted(["样本路10号", "样本路9号", "安居路1号"], "zh"), ["安居路1号", "样本路9号", "样本路10号"]);
});
