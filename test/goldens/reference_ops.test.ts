/** The reference's binary layers against single layers of BMXNet v2: quantisers, QConv2D, QDense and activated_conv. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkWeights } from "../../src/graph/parameters.js";
import { runReference } from "../../src/reference/index.js";
import { skipWithout } from "../support/shared.js";
import { loadOpGoldens, OP_FILES } from "./bmxnet_ops.js";
import { compare } from "./support.js";

const TOLERANCE = 1e-4;

test("the reference computes all 112 layers of BMXNet v2", { skip: skipWithout(...OP_FILES) }, () => {
  const computed = { QActivation: 0, QConv2D: 0, QDense: 0, activated_conv: 0 };
  for (const { id, kind, graph, weights, input, output: expected, config, recordedConfig } of loadOpGoldens()) {
    assert.deepEqual(config, recordedConfig, id);
    checkWeights(graph, weights);
    const { output } = runReference(graph, weights, input);
    assert.deepEqual(output.shape, expected.shape, id);
    const { difference, scale } = compare(output.data, expected.data);
    assert.ok(difference <= TOLERANCE * scale, `${id} differs by ${difference}, allowed ${TOLERANCE * scale}`);
    computed[kind]++;
  }
  assert.deepEqual(computed, { QActivation: 14, QConv2D: 41, QDense: 6, activated_conv: 51 });
});
