/**
 * The reference against what the frameworks compute (tolerances: the reference meets float64 outputs, taps are
 * float32).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { findValue } from "../../src/graph/lookup.js";
import { runReference, type Value } from "../../src/reference/index.js";
import { skipWithout } from "../support/shared.js";
import {
  BMXNET_GOLDENS,
  compare,
  DIGITS_FILES,
  type DoubleTensor,
  type FloatTensor,
  goldenFiles,
  loadDigits,
  loadGolden,
} from "./support.js";

const OUTPUT_TOLERANCE = 1e-6;
const TAP_TOLERANCE = 1e-4;

function assertClose(actual: Value | undefined, expected: FloatTensor | DoubleTensor, tolerance: number, name: string) {
  assert.ok(actual !== undefined, `${name} is not there`);
  assert.deepEqual(actual.shape, expected.shape, `shape of ${name}`);
  const { difference, scale } = compare(actual.data, expected.data);
  assert.ok(difference <= tolerance * scale, `${name} differs by ${difference}, allowed ${tolerance * scale}`);
}

for (const name of BMXNET_GOLDENS) {
  test(`the reference computes ${name} with all its taps`, { skip: skipWithout(...goldenFiles(name)) }, () => {
    const golden = loadGolden(name);
    assert.ok(golden.taps.size > 10);
    const values = new Map([...golden.taps.keys()].map((path) => [path, findValue(golden.graph, path)]));
    const { output, taps } = runReference(golden.graph, golden.weights, golden.input, { taps: [...values.values()] });
    assertClose(output, golden.outputF64, OUTPUT_TOLERANCE, "output");
    for (const [path, expected] of golden.taps) {
      assertClose(taps.get(values.get(path) ?? ""), expected, TAP_TOLERANCE, `tap ${path}`);
    }
  });
}

test("the reference computes the digits network on 200 pictures", { skip: skipWithout(...DIGITS_FILES) }, () => {
  const { graph, weights, images, outputF64 } = loadDigits();
  const { output } = runReference(graph, weights, images);
  assert.deepEqual(output.shape, outputF64.shape);
  const { difference } = compare(output.data, outputF64.data);
  assert.ok(difference <= 1e-5, `differs by ${difference}`);
});
