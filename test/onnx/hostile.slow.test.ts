/**
 * Twenty thousand damaged .onnx files: one sentence each, or a valid graph. More, with time and memory watched:
 * `npm run fuzz -- onnx`.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../formats/support.js";
import { skipWithout } from "../support/shared.js";
import { besideVictims, isImported, victims } from "./hostile_support.js";
import { mutate } from "./mutate.js";

const COUNT = 20_000;

test(`${COUNT} mutations of real files`, { skip: skipWithout("goldens/onnx", "data/onnx") }, () => {
  const next = seededRandom(99);
  const [files, beside] = [victims(), besideVictims()];
  let imported = 0;
  for (let n = 0; n < COUNT; n++) {
    const victim = files[n % files.length];
    if (isImported(mutate(victim, next), beside, `${victim.name}, mutation ${n}`)) imported++;
  }
  assert.ok(imported > COUNT / 100 && imported < COUNT, `${imported} of ${COUNT} are imported`);
});

test("cut at many places", { skip: skipWithout("goldens/onnx", "data/onnx") }, () => {
  const beside = besideVictims();
  for (const { name, bytes } of victims()) {
    for (let end = 0; end < bytes.length; end += 1 + Math.floor(bytes.length / 60))
      isImported(bytes.subarray(0, end), beside, `${name} cut at ${end}`);
  }
});
