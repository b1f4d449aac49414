import assert from "node:assert/strict";
import { test } from "node:test";

import * as colours from "../../web/static/js/pure/colours.js";

test("each colour has one name and is written in full", () => {
  const values = Object.values(colours);
  assert.ok(values.length > 20);
  assert.equal(new Set(values).size, values.length);
  for (const value of values) assert.match(value, /^#[0-9a-f]{6}$/);
});
