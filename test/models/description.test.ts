/** Networks from descriptions in their framework's words. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { parameterSpecs } from "../../src/graph/parameters.js";
import { baseNetDense } from "../../src/models/base_net_dense.js";
import { binet } from "../../src/models/binet.js";
import { descriptionWarnings, fromDescription } from "../../src/models/description.js";
import { resnet } from "../../src/models/resnet.js";
import { resnetE } from "../../src/models/resnet_e.js";
import { withBinaryLayerConfig } from "../../src/nn/binary_config.js";
import { elementCount } from "../../src/tensor.js";
import { throwsError } from "../graph/errors.js";
import { sharedPath, skipWithout } from "../support/shared.js";

const description = {
  framework: "bmxnet-v2",
  set_binary_layer_config: { bits: 1, bits_a: 1, activation: null },
  model: {
    family: "resnet_e",
    version: 2,
    layers: [1, 2],
    channels: [8, 8, 16],
    classes: 4,
    initial_layers: "thumbnail",
    use_fp: true,
    use_pooling: true,
    slices: 2,
    num_groups: 4,
  },
  input_shape: [2, 1, 16, 16],
};

test("builds what the options say, from text and from a value", () => {
  const expected = resnetE({
    version: 2,
    layers: [1, 2],
    channels: [8, 8, 16],
    classes: 4,
    initialLayers: "thumbnail",
    useFp: true,
    usePooling: true,
    slices: 2,
    numGroups: 4,
    inputShape: [2, 1, 16, 16],
  });
  assert.deepEqual(fromDescription(description), expected);
  assert.deepEqual(fromDescription(JSON.stringify(description)), expected);
});

test("what is left out or null has the framework's default", () => {
  const model = { family: "resnet_e", version: 1, layers: [1], channels: [8, 8], classes: null };
  const graph = fromDescription({ framework: "bmxnet-v2", model });
  assert.deepEqual(graph, resnetE({ version: 1, layers: [1], channels: [8, 8] }));
});

test("records are ignored; name, labels and preprocessing are taken", () => {
  const graph = fromDescription({
    ...description,
    name: "digits",
    taps: ["features.0"],
    margins: 3,
    labels: ["0", "1", "2", "3"],
    preprocess: { mean: [0], std: [255] },
  });
  assert.equal(graph.name, "digits");
  assert.deepEqual(graph.labels, ["0", "1", "2", "3"]);
  assert.deepEqual(graph.preprocess, { mean: [0], std: [255] });
  assert.equal(fromDescription({ ...description, preprocess: "pixel / 255" }).preprocess, undefined);
});

test("other families, with the words of the source", () => {
  const read = (model: object, config?: object) =>
    fromDescription({ framework: "bmxnet-v2", set_binary_layer_config: config, model });
  const table = { layers: [1, 1], channels: [8, 8, 16], classes: 3, initial_layers: "thumbnail" };
  const built = { layers: [1, 1], channels: [8, 8, 16], classes: 3, initialLayers: "thumbnail" } as const;
  assert.deepEqual(read({ family: "resnet", version: 2, ...table }), resnet({ version: 2, ...built }));
  assert.deepEqual(
    read({ family: "binet", ...table, bits: 1, bits_a: 1 }, { bits_a: 1, activation: "round" }),
    binet({ ...built, bits: 1, bitsA: 1, binary: { activation: "round" } }),
  );
  const options = {
    growthRate: 32,
    initFeatures: 32,
    reduction: [2.5],
    downsample: "bn,relu,cs:4,fp_conv:4,pool,pool",
  };
  assert.deepEqual(
    read({
      family: "basenet",
      kind: "meliusnet",
      spec: null,
      block_config: [1, 2],
      growth_rate: 32,
      init_features: 32,
      reduction: [2.5],
      downsample: options.downsample,
      dilated: false,
      initial_layers: "thumbnail",
    }),
    baseNetDense({ kind: "meliusnet", spec: "flex", blockConfig: [1, 2], ...options, initialLayers: "thumbnail" }),
  );
  assert.deepEqual(
    read({ family: "basenet", kind: "densenet", spec: 28 }),
    baseNetDense({ kind: "densenet", spec: "28" }),
  );
});

test("a description does not read the configuration that holds around it", () => {
  const within = withBinaryLayerConfig({ bits: 2 }, () => fromDescription(description));
  assert.deepEqual(within, fromDescription(description));
});

test("warnings tell what BMXNet replaces", () => {
  assert.deepEqual(descriptionWarnings(description), []);
  const config = { bits: 1, bits_a: 2, activation: "relu" };
  assert.deepEqual(descriptionWarnings({ ...description, set_binary_layer_config: config }), [
    "activation relu does not exist for bitsA 2: round is used, as in BMXNet",
  ]);
});

describe("refuses", () => {
  const withModel = (change: object) => ({ ...description, model: { ...description.model, ...change } });
  const withoutResnet = (model: object) => ({ framework: "bmxnet-v2", model: { family: "basenet", ...model } });
  const withConfig = (config: unknown) => ({ ...description, set_binary_layer_config: config });
  const cases: readonly [string, unknown, Parameters<typeof throwsError>[1], ...string[]][] = [
    ["text that is not JSON", "{", "bad-file", "not JSON"],
    ["an array", [], "bad-option", "model description"],
    ["no framework", { model: {} }, "bad-option", "framework"],
    ["another framework", { framework: "caffe" }, "bad-option", '"caffe"'],
    ["AWNAS", { framework: "awnas", search_space_cfg: {}, model_cfg: {} }, "unsupported", "awnas"],
    ["no model", { framework: "bmxnet-v2" }, "bad-option", "model"],
    ["another family's keys", withModel({ family: "basenet" }), "bad-option", '"version"'],
    ["an unknown kind", withoutResnet({ kind: "vggnet", spec: "28" }), "bad-option", '"vggnet"', "densenet"],
    ["an unknown spec", withoutResnet({ kind: "meliusnet", spec: "23" }), "bad-option", '"23"', '"22"'],
    ["a flex network without blocks", withoutResnet({ kind: "densenet", spec: null }), "bad-option", "blockConfig"],
    ["an unknown family", withModel({ family: "vgg" }), "bad-option", '"vgg"'],
    ["an unknown key of the model", withModel({ use_fpp: true }), "bad-option", '"use_fpp"', '"use_fp"'],
    ["layers of a wrong type", withModel({ layers: "2,2" }), "bad-option", "model.layers"],
    ["a layer of a wrong type", withModel({ layers: [1, "2"] }), "bad-option", "model.layers[1]"],
    ["no channels", withModel({ channels: undefined }), "bad-option", "model.channels"],
    ["a version of a wrong type", withModel({ version: "1" }), "bad-option", "model.version"],
    ["a flag of a wrong type", withModel({ use_fp: 1 }), "bad-option", "model.use_fp is 1"],
    ["a stem of a wrong type", withModel({ initial_layers: 3 }), "bad-option", "model.initial_layers"],
    ["an unknown stem", withModel({ initial_layers: "cifar" }), "bad-option", '"cifar"'],
    ["bits of a wrong type", withConfig({ bits: "1" }), "bad-option", "set_binary_layer_config.bits"],
    ["an unknown option of the configuration", withConfig({ bits_w: 1 }), "bad-option", '"bits_w"'],
    ["a configuration of a wrong type", withConfig(3), "bad-option", "set_binary_layer_config"],
    ["bits out of range", withConfig({ bits_a: 33 }), "bad-option", "bitsA is 33"],
    ["an input shape of a wrong type", { ...description, input_shape: "1,3,32,32" }, "bad-option", "input_shape"],
    ["an input shape with a zero", { ...description, input_shape: [1, 3, 0, 32] }, "bad-option", "input_shape[2]"],
    ["labels of a wrong type", { ...description, labels: "a" }, "bad-option", "labels"],
    ["a zero deviation", { ...description, preprocess: { mean: [0], std: [0] } }, "bad-option", "preprocess.std"],
  ];
  for (const [title, json, code, ...parts] of cases) {
    test(title, () => throwsError(() => fromDescription(json), code, ...parts));
  }
});

test("the project's own trained network", { skip: skipWithout("models/digits.json") }, () => {
  const record = JSON.parse(readFileSync(sharedPath("models/digits.json"), "utf8"));
  const graph = fromDescription(record.description);
  const specs = parameterSpecs(graph);
  const count = (chosen: typeof specs) => chosen.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  assert.equal(count(specs.filter(({ binary }) => binary)), record.binary_weights);
  assert.deepEqual(graph.inputShape, [1, 1, 32, 32]);
});
