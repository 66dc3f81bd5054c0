/**
 * No combination that BMXNet v2 accepts is refused: bits of weights and of activations, every quantiser that is legal
 * for them, and approximations, in a network of activated_conv, QActivation and QDense, on both kernels against the
 * reference.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Block, buildGraph } from "../../src/graph/builder.js";
import type { ActivationQuantizer } from "../../src/graph/types.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { type BinaryConfig, binaryConfig, configWarnings } from "../../src/nn/binary_config.js";
import { activatedConv, qActivation, qDense } from "../../src/nn/bmxnet.js";
import { followDecisions } from "../goldens/decisions.js";
import { noise } from "./support.js";

// What the papers use, and the ends of the ranges that are computed as planes, as float levels and as floats.
const weightBits = [1, 2, 3, 4, 8, 9, 16, 31, 32];
const activationBits = [1, 2, 4, 8, 9, 16, 24, 31, 32];

function activations(bits: number): readonly ActivationQuantizer[] {
  if (bits === 1) return ["det_sign", "sign_approx_sign", "round"];
  if (bits === 32) return ["relu", "identity", "approx_sign", "clip", "leaky_clip"];
  return ["round", "dorefa"];
}

/** 3x3 to 10 channels, 3x3 with stride 2 to 6, and a dense layer on their quantised values. */
function network(config: BinaryConfig): Block {
  const layers = [
    activatedConv({ channels: 10, padding: 1 }, config),
    activatedConv({ channels: 6, stride: 2, padding: 1 }, config),
    qActivation({}, config),
    qDense({ units: 4 }, config),
  ];
  return {
    type: "Network",
    forward: (scope, input) => layers.reduce((value, layer, index) => scope.child(`${index}`, layer, value), input),
  };
}

for (const approximation of ["", "binet", "xnor"] as const) {
  test(`every number of bits and quantiser with approximation "${approximation}"`, async () => {
    let combinations = 0;
    for (const bits of weightBits) {
      for (const bitsA of activationBits) {
        for (const activation of activations(bitsA)) {
          const weightQuantization = bits === 1 ? "det_sign" : bits === 32 ? "identity" : "dorefa";
          const options = { bits, bitsA, activation, weightQuantization, approximation };
          assert.deepEqual(configWarnings(options), []);
          const graph = buildGraph("network", [2, 5, 6, 5], network(binaryConfig(options)));
          const weights = randomWeights(graph, combinations);
          const input = noise(graph.inputShape, combinations);
          combinations++;
          for (const kernel of ["table", "popcount"] as const) {
            const what = `${bits}/${bitsA} bits, ${activation} by ${kernel}`;
            const { farthest, difference, scale } = await followDecisions({ graph, weights }, input, { kernel });
            assert.ok(farthest < 1e-4, `${what}: a decision differs ${farthest} from its threshold`);
            assert.ok(difference <= 1e-5 * scale, `${what}: output differs by ${difference} at a scale of ${scale}`);
          }
        }
      }
    }
    assert.equal(combinations, 198);
  });
}
