/** The example scripts under Deno and Bun. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runCommand, runtimes, samplePaths, skipWithoutRuntime } from "./support.js";

const labels = (printed: string) =>
  printed
    .trim()
    .split("\n")
    .map((line) => line.split("\t").slice(0, 2));
const expected = samplePaths.map((path, digit) => [path, String(digit)]);

test("examples/deno reads the sample digits", { skip: skipWithoutRuntime("deno") }, () => {
  const args = ["run", "--no-prompt", "--allow-read", "examples/deno/classify.js", ...samplePaths];
  assert.deepEqual(labels(runCommand(runtimes.deno, args)), expected);
});

test("examples/bun reads the sample digits", { skip: skipWithoutRuntime("bun") }, () => {
  assert.deepEqual(labels(runCommand(runtimes.bun, ["examples/bun/classify.js", ...samplePaths])), expected);
});
