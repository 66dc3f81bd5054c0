import assert from "node:assert/strict";
import { test } from "node:test";
import { buildGraph } from "../../src/graph/builder.js";
import { inferShapes } from "../../src/graph/shapes.js";
import { activatedConv } from "../../src/nn/activated_conv.js";
import { type BinaryOptions, binaryConfig } from "../../src/nn/binary_config.js";
import { hybridSequential } from "../../src/nn/layers.js";
import { throwsError } from "../graph/errors.js";

test("defaults", () => {
  const config = binaryConfig();
  assert.deepEqual(config, {
    bits: 1,
    bitsA: 1,
    activation: "det_sign",
    weightQuantization: "det_sign",
    approximation: "",
    gradCancel: 1,
  });
  assert.ok(Object.isFrozen(config));
});

test("methods that are illegal for their width are replaced, as BMXNet does", () => {
  const methods = (options: BinaryOptions) => {
    const { activation, weightQuantization } = binaryConfig(options);
    return [activation, weightQuantization];
  };
  assert.deepEqual(methods({ bits: 2, bitsA: 2 }), ["round", "dorefa"]);
  assert.deepEqual(methods({ bits: 32, bitsA: 32 }), ["relu", "identity"]);
  assert.deepEqual(methods({ bitsA: 1, activation: "round" }), ["round", "det_sign"]);
  assert.deepEqual(methods({ bitsA: 1, activation: "dorefa", weightQuantization: "dorefa" }), ["det_sign", "det_sign"]);
  assert.deepEqual(methods({ bitsA: 32, activation: "leaky_clip" }), ["leaky_clip", "det_sign"]);
  assert.deepEqual(methods({ bitsA: 4, activation: "dorefa" }), ["dorefa", "det_sign"]);
  assert.deepEqual(methods({ weightQuantization: "sign_approx_sign" }), ["det_sign", "sign_approx_sign"]);
  assert.equal(binaryConfig({ approximation: "other" }).approximation, "");
});

test("bits must be integers from 1 to 32", () => {
  for (const bits of [0, 33, 1.5, Number.NaN, -1]) {
    throwsError(() => binaryConfig({ bits }), "bad-option", "bits is");
    throwsError(() => binaryConfig({ bitsA: bits }), "bad-option", "bitsA is");
  }
});

test("variants that are not computed are refused by option", () => {
  const build = (options: BinaryOptions) => () => activatedConv({ channels: 4 }, binaryConfig(options));
  throwsError(build({ bits: 2 }), "unsupported", "bits 2");
  throwsError(build({ bitsA: 32 }), "unsupported", "bitsA 32");
  throwsError(build({ activation: "round" }), "unsupported", 'activation "round"');
  throwsError(build({ approximation: "binet" }), "unsupported", 'approximation "binet"');
  throwsError(build({ approximation: "xnor" }), "unsupported", 'approximation "xnor"');
  build({ activation: "sign_approx_sign", weightQuantization: "sign_approx_sign" })();
});

test("activatedConv has gluon's defaults and children, and dilation", () => {
  const graph = buildGraph(
    "conv",
    [1, 3, 9, 9],
    hybridSequential([
      activatedConv({ channels: 4 }, binaryConfig()),
      activatedConv({ channels: 5, padding: 2, dilation: 2, stride: 3 }, binaryConfig()),
    ]),
  );
  assert.deepEqual(
    graph.modules.map(({ path, type }) => [path, type]),
    [
      ["", "HybridSequential"],
      ["0", "BinaryConvolution"],
      ["0.qact", "QActivation"],
      ["0.qconv", "QConv2D"],
      ["1", "BinaryConvolution"],
      ["1.qact", "QActivation"],
      ["1.qconv", "QConv2D"],
    ],
  );
  assert.deepEqual(inferShapes(graph).get("0.qconv"), [1, 4, 7, 7]);
  assert.deepEqual(inferShapes(graph).get("1.qconv"), [1, 5, 3, 3]);
});
