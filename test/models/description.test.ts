import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { parameterSpecs } from "../../src/graph/parameters.js";
import { fromDescription } from "../../src/models/description.js";
import { resnetE } from "../../src/models/resnet_e.js";
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

describe("refuses", () => {
  const withModel = (change: object) => ({ ...description, model: { ...description.model, ...change } });
  const withConfig = (config: unknown) => ({ ...description, set_binary_layer_config: config });
  const cases: readonly [string, unknown, Parameters<typeof throwsError>[1], ...string[]][] = [
    ["text that is not JSON", "{", "bad-file", "not JSON"],
    ["an array", [], "bad-option", "model description"],
    ["no framework", { model: {} }, "bad-option", "framework"],
    ["another framework", { framework: "caffe" }, "bad-option", '"caffe"'],
    ["AWNAS", { framework: "awnas", search_space_cfg: {}, model_cfg: {} }, "unsupported", "awnas"],
    ["no model", { framework: "bmxnet-v2" }, "bad-option", "model"],
    ["a family not built", withModel({ family: "basenet" }), "unsupported", "basenet"],
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
    ["other bit widths, for now", withConfig({ bits_a: 2 }), "unsupported", "bitsA 2"],
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
