import assert from "node:assert/strict";
import { test } from "node:test";
import { dayIn, fill, metres, moment, percent, roundPercent, short, span, spanOf } from "../../web/static/js/pure/words.js";

test("values go into a sentence by their names", () => {
  assert.equal(fill("{n} of {all} houses, {n} again", { n: 3, all: 12 }), "3 of 12 houses, 3 again");
});

test("a value is text, whatever it holds", () => {
  assert.equal(fill("{a}", { a: "$& {b}" }), "$& {b}");
});

test("metres are told to the decimetre below ten", () => {
  assert.deepEqual([0, 9.94, 10, 123.6].map(metres), ["0.0", "9.9", "10", "124"]);
});

test("a share from the mean bears its sign, and what has no mean is a dash", () => {
  assert.deepEqual([0.1234, -0.05, 0, null, undefined].map(percent), ["+12.3 %", "-5.0 %", "0.0 %", "—", "—"]);
  assert.deepEqual([0.126, -0.05, 0.004].map(roundPercent), ["+13 %", "−5 %", "±0 %"]);
});

test("many things are told in few letters", () => {
  assert.deepEqual([7, 999, 1000, 1234, 12345].map(short), ["7", "999", "1.0k", "1.2k", "12k"]);
});

test("the day is the township's, whatever the clock of the machine is set to", () => {
  const late = new Date("2026-11-30T16:30:00Z");
  assert.equal(dayIn("Asia/Shanghai", late), "2026-12-01");
  assert.equal(dayIn("UTC", late), "2026-11-30");
});

test("a moment stands in the township's time", () => {
  assert.equal(moment("2026-11-30T16:30:00Z", "Asia/Shanghai"), "2026-12-01 00:30");
});

test("a span ends so many days back, and holds its first and last day", () => {
  assert.deepEqual(span("2024-03-01", 1, 0), { since: "2024-03-01", until: "2024-03-01" });
  assert.deepEqual(span("2024-03-01", 7, 1), { since: "2024-02-23", until: "2024-02-29" });
});

test("a span is read back as it was set", () => {
  for (const [days, back] of [[1, 0], [7, 3], [91, 300]]) {
    const { since, until } = span("2026-11-30", days, back);
    assert.deepEqual(spanOf("2026-11-30", since, until), { days, back });
  }
});
