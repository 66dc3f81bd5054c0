/**
 * AWNAS's networks and single layers: names and shapes of the state dict, and the reference against what AWNAS
 * computes.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { graphFromJson, graphToJson } from "../../src/graph/json.js";
import { findValue } from "../../src/graph/lookup.js";
import { checkWeights, isKnownExtra, parameterSpecs } from "../../src/graph/parameters.js";
import { runReference } from "../../src/reference/index.js";
import { skipWithout } from "../support/shared.js";
import { AWNAS_OP_FILES, loadAwnasOps } from "./awnas_ops.js";
import { AWNAS_FULL_GOLDEN, AWNAS_GOLDENS, compare, goldenFiles, loadGolden, readTensors } from "./support.js";

const OUTPUT_TOLERANCE = 1e-6;
const TAP_TOLERANCE = 1e-4;

for (const name of [...AWNAS_GOLDENS, AWNAS_FULL_GOLDEN]) {
  test(`${name} has the parameters of the state dict, in its order`, {
    skip: skipWithout(...goldenFiles(name)),
  }, () => {
    const { graph, weights } = loadGolden(name);
    const stored = [...readTensors(goldenFiles(name)[1])].filter(([parameter]) => !isKnownExtra(parameter));
    assert.deepEqual(
      parameterSpecs(graph).map(({ name: parameter, shape }) => [parameter, shape]),
      stored.map(([parameter, { shape }]) => [parameter, shape]),
    );
    checkWeights(graph, weights);
    assert.deepEqual(graphFromJson(graphToJson(graph)), graph);
  });

  test(`the reference computes ${name} with all its taps`, { skip: skipWithout(...goldenFiles(name)) }, () => {
    const { graph, weights, input, outputF64, taps: expectedTaps } = loadGolden(name);
    assert.ok(expectedTaps.size >= 6);
    const values = new Map([...expectedTaps.keys()].map((path) => [path, findValue(graph, path)]));
    const { output, taps } = runReference(graph, weights, input, { taps: [...values.values()] });
    assert.deepEqual(output.shape, outputF64.shape);
    const { difference, scale } = compare(output.data, outputF64.data);
    assert.ok(difference <= OUTPUT_TOLERANCE * scale, `output differs by ${difference} at a scale of ${scale}`);
    for (const [path, expected] of expectedTaps) {
      const actual = taps.get(values.get(path) ?? "");
      assert.ok(actual !== undefined, path);
      assert.deepEqual(actual.shape, expected.shape, path);
      const tap = compare(actual.data, expected.data);
      assert.ok(tap.difference <= TAP_TOLERANCE * tap.scale, `tap ${path} differs by ${tap.difference}`);
    }
  });
}

test("the reference computes all 107 layers of AWNAS", { skip: skipWithout(...AWNAS_OP_FILES) }, () => {
  const computed = { primitive: 0, BinaryConv2d: 0, BinaryConvBNReLU: 0, BinaryResNetBlock: 0 };
  for (const { id, kind, graph, weights, input, output: expected, nearTies } of loadAwnasOps()) {
    assert.equal(nearTies, 0, id);
    checkWeights(graph, weights);
    assert.deepEqual(
      [...weights.keys()],
      parameterSpecs(graph).map(({ name }) => name),
      id,
    );
    const { output } = runReference(graph, weights, input);
    assert.deepEqual(output.shape, expected.shape, id);
    const { difference, scale } = compare(output.data, expected.data);
    assert.ok(difference <= TAP_TOLERANCE * scale, `${id} differs by ${difference} at a scale of ${scale}`);
    computed[kind]++;
  }
  assert.deepEqual(computed, { primitive: 72, BinaryConv2d: 15, BinaryConvBNReLU: 17, BinaryResNetBlock: 3 });
});
