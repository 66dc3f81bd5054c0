/** The configuration of binary layers: defaults, replacements, scope. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { getModel } from "../../src/models/registry.js";
import {
  type BinaryOptions,
  binaryConfig,
  configWarnings,
  currentBinaryConfig,
  defaultBinaryConfig,
  withBinaryLayerConfig,
} from "../../src/nn/binary_config.js";
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
  assert.deepEqual(binaryConfig({ bits: null, bitsA: null, activation: null, gradCancel: null }), config);
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
  assert.equal(binaryConfig({ gradCancel: 0.5 }).gradCancel, 0.5);
});

test("what is replaced is told, one sentence each, and nothing else", () => {
  assert.deepEqual(configWarnings(), []);
  assert.deepEqual(configWarnings({ bits: 2, bitsA: 4, activation: "dorefa", weightQuantization: "dorefa" }), []);
  assert.deepEqual(configWarnings({ bitsA: 1, activation: "dorefa" }), [
    "activation dorefa does not exist for bitsA 1: det_sign is used, as in BMXNet",
  ]);
  const all = configWarnings({ bits: 2, bitsA: 32, activation: "round", approximation: "xnr" });
  assert.deepEqual(
    all.map((warning) => warning.split(" ")[0]),
    ["activation", "weightQuantization", "approximation"],
  );
  assert.match(all[2], /"xnr"/);
});

test("a legal configuration stays as it is and gives no warning", () => {
  const options = fc.record({
    bits: fc.integer({ min: 1, max: 32 }),
    bitsA: fc.integer({ min: 1, max: 32 }),
    activation: fc.constantFrom("det_sign", "round", "dorefa", "relu", "clip", "none"),
    weightQuantization: fc.constantFrom("det_sign", "dorefa", "identity"),
    approximation: fc.constantFrom("", "binet", "xnor", "other"),
  });
  fc.assert(
    fc.property(options, (any) => {
      const legal = binaryConfig(any);
      assert.deepEqual(binaryConfig(legal), legal);
      assert.deepEqual(configWarnings(legal), []);
    }),
  );
});

test("bits must be integers from 1 to 32", () => {
  for (const bits of [0, 33, 1.5, Number.NaN, -1]) {
    throwsError(() => binaryConfig({ bits }), "bad-option", "bits is");
    throwsError(() => binaryConfig({ bitsA: bits }), "bad-option", "bitsA is");
    throwsError(() => configWarnings({ bits }), "bad-option", "bits is");
  }
  throwsError(() => binaryConfig({ gradCancel: Number.NaN }), "bad-option", "gradCancel");
});

test("withBinaryLayerConfig holds while it builds, nests, and ends with its block", () => {
  const seen = withBinaryLayerConfig({ bits: 2, bitsA: 1, activation: "round", approximation: "binet" }, () => {
    const outer = currentBinaryConfig();
    const inner = withBinaryLayerConfig({ bitsA: 4, approximation: null }, () => currentBinaryConfig());
    assert.equal(currentBinaryConfig(), outer);
    assert.throws(() =>
      withBinaryLayerConfig({ bits: 8 }, () => {
        throw new Error("in the block");
      }),
    );
    assert.equal(currentBinaryConfig(), outer);
    throwsError(() => withBinaryLayerConfig({ bits: 99 }, () => 0), "bad-option");
    return { outer, inner };
  });
  assert.equal(currentBinaryConfig(), defaultBinaryConfig);
  assert.deepEqual(seen.outer, {
    ...defaultBinaryConfig,
    bits: 2,
    activation: "round",
    weightQuantization: "dorefa",
    approximation: "binet",
  });
  assert.deepEqual(seen.inner, { ...seen.outer, bitsA: 4 });
});

test("networks take the configuration that holds when they are built, and their own option before it", () => {
  const binary = { bits: 2, bitsA: 2, approximation: "xnor" };
  const options = { initialLayers: "thumbnail" } as const;
  const within = withBinaryLayerConfig(binary, () => getModel("resnet18_e1", options));
  assert.deepEqual(within, getModel("resnet18_e1", { ...options, binary }));
  const own = withBinaryLayerConfig(binary, () => getModel("resnet18_e1", { ...options, binary: defaultBinaryConfig }));
  assert.deepEqual(own, getModel("resnet18_e1", options));
});
