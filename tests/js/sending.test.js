import assert from "node:assert/strict";
import { test } from "node:test";
import { age, allKept, due, mendAt, mends, nearlyFull, pause, stuck, tally, verdict } from "../../web/static/js/pure/sending.js";

test("a try that failed waits twice as long as the one before, and five minutes at most", () => {
  assert.deepEqual([1, 2, 3, 20].map(pause), [5000, 10000, 20000, 300000]);
});

test("an entry is taken or refused by our own answer alone; all else is tried again", () => {
  assert.equal(verdict(200, { state: "taken" }), "taken");
  assert.equal(verdict(422, { state: "refused" }), "refused");
  assert.equal(verdict(401, null), "log_in");
  // The page of a hotel between, a server that is shutting down, half an answer.
  for (const [status, told] of [[200, null], [200, {}], [503, { state: "again" }], [500, null], [404, null], [400, { state: "again" }]]) {
    assert.equal(verdict(status, told), "again");
  }
});

test("what was written down first goes first; refused and another's entries are passed over", () => {
  const url = "/report";
  const entries = [
    { n: 3, state: "waiting", account: 1 }, { n: 1, state: "refused", account: 1 },
    { n: 2, state: "waiting", account: null }, { n: 4, state: "waiting", account: 2 }, { n: 5, state: "sent", account: 1 },
  ].map((each) => ({ url, ...each }));
  assert.deepEqual(due(entries, 1).map((each) => each.n), [2, 3]);
  assert.deepEqual(due(entries, null).map((each) => each.n), [2]);
  assert.deepEqual(tally(entries), { waiting: 3, refused: 1 });
});

test("the phone lets go of photos that the server holds, all of them or none", () => {
  assert.ok(allKept([], []));
  assert.ok(allKept(["a", "b"], ["b", "a", "c"]));
  assert.ok(!allKept(["a", "b"], ["a"]));
});

test("how long ago is counted by the phone itself, and is never before now", () => {
  assert.equal(age(1000, 61000), 60);
  assert.equal(age(61000, 1000), 0);
});

test("what is stuck holds up only what hangs on it: the same house, the same case", () => {
  const one = (n, more) => ({ n, state: "waiting", account: 1, failed: 0, house: null, url: "/report", ...more });
  const order = (...entries) => due(entries, 1).map((each) => each.n);
  assert.deepEqual(order(one(1, { failed: 2 }), one(2)), [1, 2]);
  assert.deepEqual(order(one(1, { failed: 3 }), one(2), one(3)), [2, 3, 1]);
  assert.deepEqual(order(one(1, { house: "7", failed: 3 }), one(2, { house: "7" }), one(3, { house: "8" })), [3, 1, 2]);
  const step = { url: "/cases/5/steps" };
  assert.deepEqual(order(one(1, { ...step, failed: 4 }), one(2, step), one(3, { url: "/cases/6/steps" })), [3, 1, 2]);
  // Of several, the one that failed least has its turn; what hangs on it stays behind it.
  assert.deepEqual(order(one(1, { house: "7", failed: 5 }), one(2, { house: "7" }), one(3, { failed: 3 }), one(4)), [4, 3, 1, 2]);
  assert.ok(stuck(one(1, { failed: 3 })) && !stuck(one(1)) && !stuck({ n: 1 }));
});

test("what was refused is mended where it was written, on a page of its own or a part of one", () => {
  for (const [page, at] of [
    ["/report?township=1", "/report?township=1#entry=k"],
    ["/phone/grid#house/3/visit", "/phone/grid#house/3/visit?entry=k"],
    ["/phone/grid#house/3/correct?resident=5", "/phone/grid#house/3/correct?resident=5&entry=k"],
  ]) {
    assert.equal(mendAt({ page, key: "k" }), at);
    assert.equal(mends(`#${at.split("#")[1]}`), "k");
  }
  assert.equal(mends("#house/3/visit?resident=5"), null);
  assert.equal(mends(""), null);
});

test("a phone is nearly full when less than fifty megabytes are left, and where it says so", () => {
  assert.ok(nearlyFull({ quota: 1e9, usage: 0.96e9 }));
  assert.ok(!nearlyFull({ quota: 1e9, usage: 0.5e9 }));
  assert.ok(!nearlyFull(null) && !nearlyFull({}));
});
