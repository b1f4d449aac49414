import assert from "node:assert/strict";
import { test } from "node:test";
import { order as ofColumn } from "../../web/static/js/pure/columns.js";
import { order, told } from "../../web/static/js/pure/rows.js";

const row = (id, more) => ({ case_id: id, open: true, emergency: false, due_at: null, reported_at: "2026-11-01T00:00:00Z", ...more });
const ids = (rows) => rows.map((each) => each.case_id);

test("an emergency comes first, then what is due first, then what has no term, then what is closed", () => {
  const rows = [
    row(1, { open: false }), row(2), row(3, { due_at: "2026-11-20T00:00:00Z" }),
    row(4, { due_at: "2026-11-10T00:00:00Z" }), row(5, { emergency: true }),
  ];
  assert.deepEqual(ids(rows.sort(order)), [5, 4, 3, 2, 1]);
});

test("what is closed stands newest first, an emergency or not", () => {
  const closed = (id, day, more) => row(id, { open: false, reported_at: `2026-11-${day}T00:00:00Z`, ...more });
  assert.deepEqual(ids([closed(1, "01", { emergency: true }), closed(2, "03"), closed(3, "02")].sort(order)), [2, 3, 1]);
});

test("equals stand by their number, and nothing comes before itself", () => {
  assert.deepEqual(ids([row(9), row(4)].sort(order)), [4, 9]);
  assert.equal(order(row(4), row(4)), 0);
});

test("news say what changed in its place, what came, the most urgent first, and what is asked for no more", () => {
  const rows = [row(1, { due_at: "2026-11-10T00:00:00Z" }), row(2, { due_at: "2026-11-11T00:00:00Z" }), row(3)];
  const fresh = [row(1, { due_at: "2026-11-12T00:00:00Z" }), row(8), row(7, { emergency: true })];
  const { kept, news, gone } = told(rows, [1, 3, 4, 7, 8], fresh);
  assert.deepEqual([ids(kept), kept[0].due_at], [[1], "2026-11-12T00:00:00Z"]);
  assert.deepEqual(ids(news), [7, 8]);
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
