import assert from "node:assert/strict";
import { test } from "node:test";
import { answered, counted, missing, own, toAnswer } from "../../web/static/js/pure/tasks.js";

// Two questions have to be answered, one may; house 3 lacks a register, too; of house 5 one answer is there.
const task = {
  id: 12,
  questions: [{ id: 1, required: true }, { id: 2, required: true }, { id: 4 }],
  houses: { 3: { left: 3 }, 5: { left: 1, held: { 1: ["2026-11-30T08:00:00Z", "样本一"] } }, 7: { left: 0, held: { 1: [], 2: [] } } },
};
const ASKED = 1000;
const waits = (url, state = "waiting", more = {}) => ({ url, state, ...more });

test("an answer that waits is counted where it was given, and nowhere else", () => {
  const entries = [waits("/collecting/12/house/3"), waits("/collecting/12/house/3?lang=zh"), waits("/collecting/1/house/5"),
    waits("/collecting/12/house/5", "refused"), waits("/register/house/5/enter/visit"), waits("/town/collecting/12/house/7")];
  assert.deepEqual([...answered(task, entries, ASKED)], [["3", { waits: 2, sent: 0 }], ["7", { waits: 1, sent: 0 }]]);
});

test("an answer that was sent counts as given until the grid that knows of it is fetched, and waits no more", () => {
  const entries = [waits("/collecting/12/house/5", "sent", { sent: 1001 }), waits("/collecting/12/house/3", "sent", { sent: 999 }), waits(undefined, "sent", { sent: 1001 })];
  assert.deepEqual([...answered(task, entries, ASKED)], [["5", { waits: 0, sent: 1 }]]);
  assert.deepEqual(counted(task, entries, ASKED), { all: 3, left: 1, waiting: 0 });
  assert.deepEqual(counted(task, entries, 1002), { all: 3, left: 2, waiting: 0 });
});

test("what another account wrote on this phone is not counted as one's own", () => {
  const entries = [waits("/a", "waiting", { account: 4 }), waits("/b", "waiting", { account: 5 }), waits("/c", "waiting", { account: null })];
  assert.deepEqual(own(entries, 5).map((each) => each.url), ["/b", "/c"]);
});

test("a form that waits has said what had to be answered; the register it has not", () => {
  assert.equal(missing(task, task.houses[3], undefined), 3);
  assert.equal(missing(task, task.houses[3], { waits: 1, sent: 0 }), 1);
  assert.equal(missing(task, task.houses[5], { waits: 1, sent: 0 }), 0);
  assert.deepEqual(toAnswer(task, task.houses[5], undefined).map((each) => each.id), [2]);
  assert.deepEqual(toAnswer(task, task.houses[5], { waits: 0, sent: 1 }), []);
});

test("houses that are left, with what waits", () => {
  assert.deepEqual(counted(task, [], ASKED), { all: 3, left: 2, waiting: 0 });
  assert.deepEqual(counted(task, [waits("/collecting/12/house/5")], ASKED), { all: 3, left: 1, waiting: 1 });
});
