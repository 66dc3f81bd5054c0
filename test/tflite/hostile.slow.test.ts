/** A hundred thousand damaged .tflite files: one sentence each, or a valid graph. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { it } from "node:test";
import { seededRandom } from "../formats/support.js";
import { sharedPath, skipWithout } from "../support/shared.js";
import { damage, isRead, readVictim } from "./hostile_support.js";

const GOLDENS = "goldens/tflite";
const COUNT = 100_000;

it(`${COUNT} mutations of header, tables, vtables, indices and options`, { skip: skipWithout(GOLDENS) }, () => {
  const random = seededRandom(99);
  const names = readdirSync(sharedPath(GOLDENS)).filter((name) => name.endsWith(".tflite"));
  const victims = names.map(readVictim);
  let read = 0;
  for (let n = 0; n < COUNT; n++) {
    const victim = victims[n % victims.length];
    if (isRead(damage(victim, random), `${victim.name}, mutation ${n}`)) read++;
  }
  assert.ok(read > 0 && read < COUNT, `${read} of ${COUNT} are read`);
});
