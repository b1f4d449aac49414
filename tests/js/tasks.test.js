import assert from "node:assert/strict";
import { test } from "node:test";
import { answersWaiting, counted, missing, toAnswer } from "../../web/static/js/pure/tasks.js";

// Two questions have to be answered, one may; house 3 lacks a register, too; of house 5 one answer is there.
const task = {
  id: 12,
  questions: [{ id: 1, required: true }, { id: 2, required: true }, { id: 4 }],
  houses: { 3: { left: 3 }, 5: { left: 1, held: { 1: ["2026-11-30T08:00:00Z", "样本一"] } }, 7: { left: 0, held: { 1: [], 2: [] } } },
};
const waits = (url, state = "waiting") => ({ url, state });

test("an answer that waits is counted where it was given, and nowhere else", () => {
  const entries = [waits("/collecting/12/house/3"), waits("/collecting/12/house/3?lang=zh"), waits("/collecting/1/house/5"),
    waits("/collecting/12/house/5", "refused"), waits("/register/house/5/enter/visit"), waits("/town/collecting/12/house/7")];
  assert.deepEqual([...answersWaiting(task, entries)], [["3", 2], ["7", 1]]);
});

test("a form that waits has said what had to be answered; the register it has not", () => {
  assert.equal(missing(task, task.houses[3], 0), 3);
  assert.equal(missing(task, task.houses[3], 1), 1);
  assert.equal(missing(task, task.houses[5], 1), 0);
  assert.deepEqual(toAnswer(task, task.houses[5], 0).map((each) => each.id), [2]);
  assert.deepEqual(toAnswer(task, task.houses[5], 1), []);
});

test("houses that are left, with what waits", () => {
  assert.deepEqual(counted(task, []), { all: 3, left: 2, waiting: 0 });
  assert.deepEqual(counted(task, [waits("/collecting/12/house/5")]), { all: 3, left: 1, waiting: 1 });
});
