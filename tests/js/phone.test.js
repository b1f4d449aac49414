import assert from "node:assert/strict";
import { test } from "node:test";
import { apart, long, round } from "../../web/static/js/pure/round.js";
import { halfKey, makeLock, open, seal, unlock } from "../../web/static/js/pure/seal.js";

const half = (byte) => halfKey(new Uint8Array(32).fill(byte));

test("what is sealed opens with the PIN and the half together, and with neither alone", async () => {
  const { lock, key } = await makeLock("246813", await half(7), 1000);
  const sealed = await seal(key, { houses: ["样本街1号"] });
  const again = await unlock(lock, "246813", await half(7));
  assert.deepEqual(await open(again, sealed), { houses: ["样本街1号"] });
  assert.equal(await unlock(lock, "246814", await half(7)), null);
  assert.equal(await unlock(lock, "246813", await half(8)), null);
  assert.ok(!Buffer.from(sealed.bytes).includes("样本街"));
  await assert.rejects(crypto.subtle.exportKey("raw", again));
});

test("a PIN is tried in six hundred thousand rounds, and never two phones alike", async () => {
  const [one, two] = await Promise.all([makeLock("111111", await half(1)), makeLock("111111", await half(1))]);
  assert.equal(one.lock.rounds, 600000);
  assert.notDeepEqual(one.lock.salt, two.lock.salt);
  assert.notDeepEqual(new Uint8Array(one.lock.wrapped), new Uint8Array(two.lock.wrapped));
});

test("a round visits each place once, and is never longer than from one to the nearest next", () => {
  const at = (x, y) => ({ lon: 120.9 + x * 0.001, lat: 40.7 + y * 0.001 });
  const street = [at(3, 0), at(1, 0), at(4, 0), at(2, 0)];
  assert.deepEqual(round(at(0, 0), street), [at(1, 0), at(2, 0), at(3, 0), at(4, 0)]);
  let state = 11;
  const any = () => (state = state * 16807 % 2147483647) / 2147483647;
  const houses = Array.from({ length: 60 }, () => at(10 * any(), 10 * any())), start = at(0, 0);
  const walked = round(start, houses);
  assert.equal(new Set(walked).size, 60);
  const naive = [start], left = [...houses];
  while (left.length) {
    left.sort((a, b) => apart(naive.at(-1), a) - apart(naive.at(-1), b));
    naive.push(left.shift());
  }
  assert.ok(long([start, ...walked]) < long(naive));
  assert.deepEqual(round(start, []), []);
});
