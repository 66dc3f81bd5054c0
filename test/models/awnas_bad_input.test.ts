/** Configurations and genotypes that do not fit: one sentence each, that names the key or the module. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { awnas, awnasFromDescription, awnasFromYaml, getAwnasModel, primitiveNames } from "../../src/awnas.js";
import { type ErrorCode, XnorkitError } from "../../src/errors.js";
import { fromDescription } from "../../src/models/description.js";
import { getModel } from "../../src/models/registry.js";
import { throwsError } from "../graph/errors.js";
import { build, type Changes, smallModel, smallSpace } from "./awnas_networks.js";
import { smallYaml } from "./awnas_yaml.js";

type Case = readonly [title: string, space: Changes, model: Changes, code: ErrorCode, ...parts: string[]];

function genotype(primitive: string): Changes {
  return { genotypes: `normal_0=[('${primitive}', 0, 1)], reduce_1=[('${primitive}', 0, 1)]` };
}

describe("refuses", () => {
  const cases: readonly Case[] = [
    [
      "an unknown primitive",
      {},
      genotype("xnor_resnet_blok"),
      "unknown-name",
      '"xnor_resnet_blok"',
      '"xnor_resnet_block"',
      "cells.0.edge_mod",
    ],
    ["an unknown stem", {}, { use_stem: "imagenet_stem" }, "unknown-name", "stem:", '"imagenet_stem0"'],
    [
      "a primitive that AWNAS cannot construct",
      {},
      genotype("xnor_nin"),
      "unsupported",
      "xnor_nin",
      "never initialises",
    ],
    ["a primitive that AWNAS cannot run", {}, genotype("resnet_block_split"), "unsupported", "resnet_block_split"],
    ["a primitive that draws lots", {}, genotype("inspect_block"), "unsupported", "draws lots"],
    ["a primitive that changes its input", {}, genotype("relu6"), "unsupported", "in place"],
    [
      "a primitive that AWNAS cannot call by keyword",
      { num_init_nodes: 2 },
      { layer_channels: [], cell_use_preprocess: true, cell_preprocess_normal: "xnor_conv_3x3_cond_skip_v0" },
      "unsupported",
      "cells.0.preprocess_ops.0",
      "C_in",
    ],
    [
      "the same as a shortcut",
      {},
      { cell_use_shortcut: true, cell_shortcut_op_type: "xnor_conv_3x3_cond_skip_v0" },
      "unsupported",
      "shortcut_reduction_op",
    ],
    [
      "a node that does not exist",
      { num_steps: 2 },
      { genotypes: "normal_0=[('identity', 0, 1), ('identity', 2, 3)], reduce_1=[]" },
      "bad-option",
      "cells.0",
      "node 2",
      "normal_0",
    ],
    [
      "an output node that does not exist",
      {},
      { genotypes: "normal_0=[], reduce_1=[], normal_0_concat=[7], reduce_1_concat=[0]" },
      "bad-option",
      "normal_0_concat",
      "node 7",
    ],
    ["output nodes without default", { concat_nodes: [1] }, {}, "bad-option", "normal_0_concat", "concat_nodes"],
    [
      "output nodes without default with loose ends",
      { loose_end: true, concat_op: "sum" },
      {},
      "bad-option",
      "normal_0_concat",
      "loose_end",
    ],
    [
      "a genotype for other groups",
      {},
      { genotypes: "normal_0=[('none', 0, 1)], normal_1=[('none', 0, 1)]" },
      "bad-option",
      "normal_1",
    ],
    ["a genotype without a group", {}, { genotypes: "normal_0=[('none', 0, 1)]" }, "bad-option", "reduce_1"],
    ["a genotype of a wrong type", {}, { genotypes: ["none"] }, "bad-option", "model_cfg.genotypes"],
    [
      "channels that a strided binary block cannot give",
      {},
      { layer_channels: [8, 8, 24] },
      "bad-option",
      "cells.1.edge_mod",
      "24",
    ],
    [
      "channels that a binary block cannot keep",
      {},
      { layer_channels: [8, 16, 16] },
      "bad-option",
      "cells.0.edge_mod",
      "16",
    ],
    [
      "channels that cells do not hand on",
      {},
      { ...genotype("conv_3x3"), layer_channels: [16, 8, 16] },
      "bad-shape",
      "cells.0.edge_mod",
      "16 channels",
    ],
    ["channels that only seem to fit", {}, { layer_channels: [8, 12, 24] }, "bad-shape", "cells.0.edge_mod", "op_1"],
    [
      "an inner edge of another width",
      { num_steps: 2 },
      {
        genotypes:
          "normal_0=[('conv_3x3', 0, 1), ('conv_3x3', 1, 2)], reduce_1=[('conv_3x3', 0, 1), ('conv_3x3', 1, 2)]",
        layer_channels: [8, 16, 32],
      },
      "bad-shape",
      "f_1_t_2-conv_3x3-0",
    ],
    [
      "a stride that SkipConnectV2 does not compute",
      { num_init_nodes: 3, num_layers: 3, cell_layout: [1, 1, 0] },
      {
        layer_channels: [8, 8, 8, 8],
        cell_use_preprocess: true,
        cell_preprocess_stride: "xnor_skip_connect",
        genotypes: "normal_0=[('identity', 2, 3)], reduce_1=[('max_pool_3x3', 2, 3)]",
      },
      "bad-option",
      "cells.2.preprocess_ops.0",
      "stride 4",
    ],
    [
      "arguments that no primitive takes",
      {},
      { cell_group_kwargs: [{ reduction: 4 }, {}] },
      "bad-option",
      '"reduction"',
      "xnor_resnet_block",
    ],
    ["options for too few groups", {}, { cell_group_kwargs: [{}] }, "bad-option", "cell_group_kwargs"],
    [
      "a group width of a wrong type",
      {},
      { cell_group_kwargs: [{ C_in: "8" }, {}] },
      "bad-option",
      "cell_group_kwargs[0].C_in",
    ],
    [
      "as many stems as there are no inputs",
      { num_init_nodes: 2 },
      { use_stem: ["conv_bn_3x3"] },
      "bad-option",
      "use_stem",
    ],
    ["a stem of a wrong type", {}, { use_stem: 3 }, "bad-option", "model_cfg.use_stem"],
    [
      "widths for another number of layers",
      {},
      { layer_channels: [8, 8] },
      "bad-option",
      "layer_channels",
      "num_layers",
    ],
    ["an unknown key of the model", {}, { init_channel: 8 }, "bad-option", '"init_channel"', '"init_channels"'],
    ["an unknown key of the search space", { num_step: 1 }, {}, "bad-option", '"num_step"', '"num_steps"'],
    ["an unknown concat operation", { concat_op: "add" }, {}, "bad-option", '"add"', '"sum"'],
    ["loose ends that are concatenated", { loose_end: true }, {}, "bad-option", "loose_end"],
    [
      "loose ends with output nodes",
      { loose_end: true, concat_nodes: [1], concat_op: "sum" },
      {},
      "bad-option",
      "loose_end",
    ],
    [
      "a list of lists of output nodes",
      { concat_nodes: [[1], [1]] },
      {},
      "bad-option",
      "concat_nodes",
      "list of lists",
    ],
    ["an output node past the steps", { concat_nodes: [2] }, {}, "bad-option", "concat_nodes"],
    ["a layout of another length", { cell_layout: [0] }, {}, "bad-option", "cell_layout"],
    ["a layout without its last group", { cell_layout: [0, 0] }, {}, "bad-option", "cell_layout"],
    [
      "other than two groups without layout",
      { num_cell_groups: 3, cell_layout: null },
      {},
      "bad-option",
      "cell_layout",
    ],
    ["steps for another number of groups", { num_steps: [1] }, {}, "bad-option", "num_steps"],
    ["no layers", { num_layers: 0 }, {}, "bad-option", "num_layers"],
    ["a flag of a wrong type", {}, { no_fc: "yes" }, "bad-option", "model_cfg.no_fc"],
  ];
  for (const [title, space, model, code, ...parts] of cases) {
    test(title, () => throwsError(() => build(space, model), code, ...parts));
  }

  test("more connections than any network has", () => {
    const connections = Array.from({ length: 100 }, (_, step) => `('none', 0, ${step + 1})`).join(", ");
    const genotypes = `normal_0=[${connections}], reduce_1=[${connections}]`;
    const layers = { num_layers: 4096, cell_layout: Array.from({ length: 4096 }, (_, layer) => layer % 2) };
    throwsError(() => build(layers, { genotypes, layer_channels: [] }), "bad-option", "409600 connections");
  });

  test("images of other channels or sizes", () => {
    throwsError(() => build({}, {}, [1, 1, 8, 8]), "bad-shape", "stem.op.0", "3 channels");
    throwsError(() => build({}, genotype("bireal_resnet_block"), [1, 3, 7, 7]), "bad-shape", "cells.1", "op_1");
    throwsError(() => build({}, {}, [1, 3, 8, 7]), "bad-shape", "cells.1");
  });

  test("names and options of the registry", () => {
    throwsError(() => getAwnasModel("awnas_resnet20"), "unknown-name", '"awnas_resnet18"');
    throwsError(() => getModel("awnas_resnet18"), "unsupported", "getAwnasModel of xnorkit/awnas");
    throwsError(
      () => getAwnasModel("awnas_resnet18", { block: "xnor_vgg_block" as "xnor_resnet_block" }),
      "bad-option",
      "block",
    );
    throwsError(() => getAwnasModel("awnas_resnet18", { stem: "imagenet" }), "bad-option", '"imagenet_stem0"');
    throwsError(() => getAwnasModel("awnas_resnet18", { classes: 0 }), "bad-option", "classes");
    throwsError(() => getAwnasModel("awnas_resnet18", { depth: 18 } as object), "bad-option", '"depth"');
  });

  test("descriptions", () => {
    const description = { framework: "awnas", search_space_cfg: smallSpace, model_cfg: smallModel };
    throwsError(() => awnasFromDescription("{"), "bad-file", "not JSON");
    throwsError(() => awnasFromDescription({ ...description, framework: "bmxnet-v2" }), "bad-option", "framework");
    throwsError(() => awnasFromDescription({ ...description, model_cfg: null }), "bad-option", "model_cfg");
    throwsError(() => awnasFromDescription({ ...description, search_space_cfg: 3 }), "bad-option", "search_space_cfg");
    throwsError(() => awnasFromDescription({ ...description, search_space_type: "rnn" }), "unsupported", '"rnn"');
    throwsError(() => awnasFromDescription({ ...description, final_model_type: "ofa_final_model" }), "unsupported");
    throwsError(() => fromDescription(description), "unsupported", "awnasFromDescription of xnorkit/awnas");
  });
});

const yaml = `# what aw_nas writes beside a checkpoint${smallYaml}final_trainer_cfg: {epochs: 100, learning_rate: 0.1}
`;

test("a configuration file gives the network of its objects", () => {
  assert.deepEqual(awnasFromYaml(yaml, { inputShape: [1, 3, 8, 8], name: "small" }), build());
  throwsError(() => awnasFromYaml("a: [1"), "bad-file", "not YAML");
  throwsError(() => awnasFromYaml("3"), "bad-option", "the AWNAS configuration");
  throwsError(() => awnasFromYaml("a: 1"), "bad-option", "search_space_cfg");
});

test("whatever stands in the configurations, a network or one sentence comes out", () => {
  const value = fc.oneof(
    fc.constantFrom(
      null,
      true,
      0,
      1,
      2,
      3,
      16,
      -1,
      1e9,
      0.5,
      "concat",
      "mul",
      "none",
      "",
      {},
      [],
      [1],
      [[1]],
      [{}, {}],
    ),
    fc.constantFrom(...primitiveNames()),
    fc.array(fc.nat(20), { maxLength: 4 }),
  );
  const spaceKeys = [...Object.keys(smallSpace), "concat_op", "concat_nodes", "loose_end"];
  const modelKeys = [
    ...Object.keys(smallModel),
    "use_stem",
    "stem_stride",
    "cell_group_kwargs",
    "cell_use_shortcut",
    "cell_shortcut_op_type",
    "cell_preprocess_stride",
    "cell_preprocess_normal",
    "cell_pool_batchnorm",
    "no_fc",
  ];
  const connection = fc.tuple(fc.constantFrom(...primitiveNames()), fc.nat(3), fc.integer({ min: 1, max: 4 }));
  const group = fc
    .array(connection, { maxLength: 4 })
    .map((list) => `[${list.map(([name, from, to]) => `('${name}', ${from}, ${to})`).join(", ")}]`);
  const genotypes = fc.tuple(group, group).map(([normal, reduce]) => `normal_0=${normal}, reduce_1=${reduce}`);
  const changes = (keys: readonly string[]) =>
    fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 2 }) as fc.Arbitrary<Changes>;
  let built = 0;
  fc.assert(
    fc.property(changes(spaceKeys), changes(modelKeys), fc.option(genotypes), (space, model, text) => {
      const changed = text === null ? {} : { genotypes: text };
      try {
        awnas({
          searchSpace: { ...smallSpace, ...space },
          model: { ...smallModel, ...changed, ...model },
          inputShape: [1, 3, 16, 16],
        });
        built++;
      } catch (error) {
        assert.ok(error instanceof XnorkitError, String(error));
        assert.ok(error.message.length < 600 && !error.message.includes("undefined"), error.message);
      }
    }),
    { numRuns: 1500 },
  );
  assert.ok(built > 20, `${built} networks`);
});
