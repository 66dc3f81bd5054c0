/** AWNAS's networks: registry, cells as modules, widths, strides, stems, shared operations. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { awnasFromDescription, awnasModelNames, getAwnasModel } from "../../src/awnas.js";
import { summarize } from "../../src/graph/cost.js";
import { parameterSpecs } from "../../src/graph/parameters.js";
import { inferShapes } from "../../src/graph/shapes.js";
import { build, moduleType, parameterNames, runSmall, smallModel, smallSpace } from "./awnas_networks.js";

describe("the registry", () => {
  test("awnas_resnet18 costs what the framework counts", () => {
    const { totals } = summarize(getAwnasModel("awnas_resnet18"));
    assert.equal(totals.binaryMacs, 1_676_279_808);
    assert.equal(totals.floatMacs, 87_908_352);
    assert.equal(totals.denseMacs, 512_000);
    assert.equal(totals.parameters, 11_698_568);
  });

  test("the counts of bireal blocks are the same, with float activations", () => {
    const graph = getAwnasModel("awnas_resnet18", { block: "bireal_resnet_block" });
    assert.equal(summarize(graph).totals.binaryMacs, 1_676_279_808);
    assert.equal(graph.nodes.filter(({ kind }) => kind === "quantize").length, 0);
  });

  test("every depth builds, with its cells and options", () => {
    const cells = new Map([
      [18, 8],
      [34, 16],
      [50, 16],
      [101, 33],
      [152, 50],
    ]);
    assert.deepEqual(
      awnasModelNames(),
      [...cells.keys()].map((depth) => `awnas_resnet${depth}`),
    );
    for (const [depth, count] of cells) {
      const graph = getAwnasModel(`awnas_resnet${depth}`, { stem: "conv_bn_relu_3x3", classes: 10 });
      assert.equal(graph.modules.filter(({ path }) => /^cells\.\d+$/.test(path)).length, count);
      assert.deepEqual(graph.inputShape, [1, 3, 32, 32]);
      assert.deepEqual(inferShapes(graph).get(graph.output), [1, 10]);
    }
  });
});

test("a cell is a module with its operations, skip included, in registration order", () => {
  const graph = getAwnasModel("awnas_resnet18");
  const paths = graph.modules.map(({ path }) => path).filter((path) => path.startsWith("cells.2"));
  const block = "cells.2.edge_mod.f_0_t_1-xnor_resnet_block-0";
  assert.deepEqual(paths, [
    "cells.2",
    "cells.2.concat_op",
    "cells.2.preprocess_ops",
    "cells.2.preprocess_ops.0",
    "cells.2.edge_mod",
    block,
    ...["", ".bn", ".relu", ".convs", ".convs.0", ".convs.1", ".shortcut", ".shortcut.op1", ".shortcut.op2"].map(
      (child) => `${block}.op_1${child}`,
    ),
    ...["", ".bn", ".relu", ".conv", ".shortcut", ".shortcut.op"].map((child) => `${block}.op_2${child}`),
    ...["", ".op", ".op.0", ".op.1", ".op.2"].map((child) => `${block}.skip_op${child}`),
  ]);
  assert.equal(moduleType(graph, "cells.2"), "CNNGenotypeCell");
  assert.equal(moduleType(graph, block), "BinaryResNetBlock");
  assert.equal(moduleType(graph, `${block}.op_1`), "BinaryConvBNReLU");
  assert.equal(moduleType(graph, `${block}.op_1.shortcut`), "SkipConnectV2");
  assert.equal(moduleType(graph, "cells.0.edge_mod.f_0_t_1-xnor_resnet_block-0.skip_op"), "Identity");
});

test("binary convolutions have AWNAS's semantics", () => {
  const graph = build();
  const convolutions = graph.nodes.flatMap((node) => (node.kind === "binaryConv2d" ? [node] : []));
  assert.equal(convolutions.length, 5);
  for (const { padValue, quantizer, scaling, offset } of convolutions) {
    assert.deepEqual([padValue, quantizer, scaling, offset], [0, "sign", "channel", false]);
  }
  for (const node of graph.nodes) if (node.kind === "quantize") assert.equal(node.method, "sign");
});

test("weights are packed with a scale a channel, and zeros stay zeros", () => {
  const packings = parameterSpecs(build()).flatMap(({ binary, packing }) => (binary ? [packing] : []));
  assert.ok(packings.length > 0);
  for (const packing of packings) assert.deepEqual(packing, { signs: "sign", scaling: "channel" });
});

describe("widths", () => {
  const block = (cell: number) => `cells.${cell}.edge_mod.f_0_t_1-xnor_conv_3x3_noskip-0`;
  const genotypes = "normal_0=[('xnor_conv_3x3_noskip', 0, 1)], reduce_1=[('xnor_conv_3x3_noskip', 0, 1)]";
  const widthOf = (graph: ReturnType<typeof build>, value: string) => inferShapes(graph).get(value)?.slice(1);

  test("without layer_channels double at each reducing cell", () => {
    const preprocess = { layer_channels: [], cell_use_preprocess: true, genotypes };
    const graph = build({ num_layers: 4, cell_layout: [0, 1, 0, 1] }, preprocess);
    const found = [0, 1, 2, 3].map((cell) => widthOf(graph, `${block(cell)}.relu`));
    assert.deepEqual(found, [
      [8, 8, 8],
      [16, 4, 4],
      [16, 4, 4],
      [32, 2, 2],
    ]);
  });

  test("C_in of a group persists as the base width of later cells, C_out does not", () => {
    const graph = build(
      { num_layers: 3, cell_layout: [0, 1, 0] },
      { layer_channels: null, cell_use_preprocess: true, genotypes, cell_group_kwargs: [{}, { C_in: 24, C_out: 24 }] },
    );
    assert.deepEqual(
      [0, 1, 2].map((cell) => widthOf(graph, `${block(cell)}.relu`)?.[0]),
      [8, 24, 24],
    );
    const narrow = build(
      { num_layers: 3, cell_layout: [0, 1, 0] },
      { layer_channels: null, cell_use_preprocess: true, genotypes, cell_group_kwargs: [{ C_out: 40 }, {}] },
    );
    assert.deepEqual(
      [0, 1, 2].map((cell) => widthOf(narrow, `${block(cell)}.relu`)?.[0]),
      [40, 16, 40],
    );
  });

  test("concatenated nodes multiply the width that the next cell reads", () => {
    const two = "[('xnor_conv_3x3_noskip', 0, 1), ('xnor_conv_3x3_noskip', 1, 2)]";
    const graph = build(
      { num_steps: 2 },
      { layer_channels: [], cell_use_preprocess: true, genotypes: `normal_0=${two}, reduce_1=${two}` },
    );
    assert.deepEqual(widthOf(graph, "cells.0.concat_op"), [16, 8, 8]);
    assert.deepEqual(widthOf(graph, "cells.1.concat_op"), [32, 4, 4]);
    assert.deepEqual(parameterSpecs(graph).find(({ name }) => name === "classifier.weight")?.shape, [4, 32]);
  });

  test("steps may differ from group to group", () => {
    const genotypes = "normal_0=[('identity', 0, 1), ('identity', 1, 2)], reduce_1=[('max_pool_3x3', 0, 1)]";
    const graph = build({ num_steps: [2, 1] }, { layer_channels: [], cell_use_preprocess: true, genotypes });
    assert.deepEqual(widthOf(graph, "cells.0.concat_op"), [16, 8, 8]);
    assert.equal(runSmall(graph).length, 4);
  });
});

test("the default layout has reducing cells at a third and two thirds", () => {
  const graph = awnasFromDescription({
    framework: "awnas",
    search_space_cfg: { num_init_nodes: 1, num_steps: 1, num_layers: 6 },
    final_model_cfg: { ...smallModel, layer_channels: [], cell_use_preprocess: true, stem_multiplier: 3 },
    input_shape: [2, 3, 16, 16],
    name: "thirds",
    labels: ["a", "b", "c", "d"],
  });
  const sizes = Array.from({ length: 6 }, (_, cell) =>
    inferShapes(graph).get(graph.modules.find(({ path }) => path === `cells.${cell}`)?.output ?? ""),
  );
  assert.deepEqual(
    sizes.map((shape) => shape?.[2]),
    [16, 16, 8, 8, 4, 4],
  );
  assert.equal(graph.name, "thirds");
  assert.equal(graph.labels?.length, 4);
});

describe("preprocess", () => {
  const genotypes = "normal_0=[('identity', 2, 3)], reduce_1=[('max_pool_3x3', 2, 3)]";
  const model = { layer_channels: [], cell_use_preprocess: true, genotypes };
  const space = { num_init_nodes: 3, num_layers: 5, cell_layout: [0, 1, 1, 0, 0] };

  test("an input is reduced by the strides of all cells after it", () => {
    const graph = build(space, model, [1, 3, 16, 16]);
    const types = [0, 1, 2].map((input) => moduleType(graph, `cells.3.preprocess_ops.${input}`));
    assert.deepEqual(types, ["FactorizedReduce", "FactorizedReduce", "ReLUConvBN"]);
    const convolutions = (input: number) =>
      parameterNames(graph).filter((name) => name.startsWith(`cells.3.preprocess_ops.${input}.convs`)).length;
    assert.deepEqual([convolutions(0), convolutions(1)], [4, 2]); // strides 4 and 2
    assert.equal(runSmall(graph).length, 4);
  });

  test("the options name the primitives", () => {
    const graph = build(
      space,
      {
        ...model,
        cell_preprocess_stride: "conv_bn_relu_3x3",
        cell_preprocess_normal: "xnor_conv_1x1_noskip",
      },
      [1, 3, 16, 16],
    );
    const types = [0, 2].map((input) => moduleType(graph, `cells.3.preprocess_ops.${input}`));
    assert.deepEqual(types, ["ConvBNReLU", "BinaryConvBNReLU"]);
  });
});

describe("stems", () => {
  test("a list is chained, and each output is an input of the first cell", () => {
    const genotypes =
      "normal_0=[('identity', 0, 2), ('conv_bn_3x3', 1, 2)], reduce_1=[('conv_bn_3x3', 0, 2), ('conv_bn_3x3', 1, 2)]";
    const graph = build(
      { num_init_nodes: 2, cell_layout: [1, 0] },
      {
        genotypes,
        use_stem: ["conv_bn_3x3", "conv_bn_relu_3x3"],
        layer_channels: [],
        cell_use_preprocess: true,
        stem_multiplier: 2,
      },
    );
    const shapes = new Map(parameterSpecs(graph).map(({ name, shape }) => [name, shape]));
    assert.deepEqual(shapes.get("stems.0.op.0.weight"), [16, 3, 3, 3]);
    assert.deepEqual(shapes.get("stems.1.op.0.weight"), [16, 16, 3, 3]);
    assert.equal(moduleType(graph, "stems"), "ModuleList");
    assert.equal(runSmall(graph).length, 4);
  });

  test("the stride of listed stems counts for preprocessing, that of a single stem does not", () => {
    const genotypes = "normal_0=[('identity', 1, 2)], reduce_1=[('max_pool_3x3', 1, 2)]";
    const model = { genotypes, layer_channels: [], cell_use_preprocess: true, stem_stride: 2 };
    const space = { num_init_nodes: 2 };
    const listed = build(space, { ...model, use_stem: ["conv_bn_3x3", "conv_bn_3x3"] }, [1, 3, 16, 16]);
    assert.equal(moduleType(listed, "cells.0.preprocess_ops.0"), "FactorizedReduce");
    const single = build(space, { ...model, use_stem: "conv_bn_3x3" }, [1, 3, 16, 16]);
    assert.equal(moduleType(single, "cells.0.preprocess_ops.0"), "ReLUConvBN");
  });

  test("without a stem the cells read the image", () => {
    const graph = build({}, { use_stem: null, layer_channels: [3, 3, 6] });
    assert.equal(parameterNames(graph)[0], "cells.0.edge_mod.f_0_t_1-xnor_resnet_block-0.op_1.bn.weight");
  });
});

describe("repeated connections", () => {
  const twice = "[('conv_1x1', 0, 1), ('conv_1x1', 0, 1)]";
  const model = { genotypes: `normal_0=${twice}, reduce_1=${twice}` };

  test("share one module, which is added twice", () => {
    const graph = build({}, model);
    assert.equal(parameterNames(graph).filter((name) => name.startsWith("cells.0")).length, 2);
    const sum = graph.nodes.find(({ name }) => name === "cells.0.node_1");
    const value = "cells.0.edge_mod.f_0_t_1-conv_1x1-0";
    assert.deepEqual(sum?.inputs, [value, value]);
    assert.equal(runSmall(graph).length, 4);
  });

  test("have their own modules with cell_independent_conn", () => {
    const names = parameterNames(build({}, { ...model, cell_independent_conn: true }));
    assert.deepEqual(
      names.filter((name) => name.startsWith("cells.0")),
      ["-0.weight", "-0.bias", "-1.weight", "-1.bias"].map((end) => `cells.0.edge_mod.f_0_t_1-conv_1x1${end}`),
    );
  });
});

test("bireal_vgg_block takes the inner shortcut of the bireal_resnet_blocks constructed after it", () => {
  const inner = (genotypes: string) =>
    build({ num_steps: 2, concat_op: "sum" }, { genotypes, layer_channels: [8, 8, 8] }).nodes.filter(
      ({ name }) => name.endsWith("op_1.add") || name.endsWith("op_2.add"),
    ).length;
  const resnet = "('bireal_resnet_block', 0, 1)";
  const vgg = "('bireal_vgg_block', 0, 2)";
  assert.equal(inner(`normal_0=[${resnet}, ('identity', 1, 2)], reduce_1=[${resnet}, ('identity', 1, 2)]`), 4);
  // The first cell's ResNet block comes before the VGG block of its second node, the next cell's after it.
  assert.equal(inner(`normal_0=[${resnet}, ${vgg}], reduce_1=[${resnet}, ('identity', 1, 2)]`), 2);
  // One network does not change the next.
  assert.equal(inner(`normal_0=[${resnet}, ('identity', 1, 2)], reduce_1=[${resnet}, ('identity', 1, 2)]`), 4);
});

test("pooling primitives get a batch norm without parameters with cell_pool_batchnorm", () => {
  const genotypes = "normal_0=[('avg_pool_3x3', 0, 1)], reduce_1=[('max_pool_3x3', 0, 1)]";
  const graph = build({}, { genotypes, layer_channels: [8, 8, 8], cell_pool_batchnorm: true });
  assert.deepEqual(
    parameterNames(graph).filter((name) => name.startsWith("cells")),
    [0, 1].flatMap((cell) =>
      ["running_mean", "running_var"].map(
        (statistic) => `cells.${cell}.edge_mod.f_0_t_1-${cell === 0 ? "avg" : "max"}_pool_3x3-0.1.${statistic}`,
      ),
    ),
  );
  assert.equal(runSmall(graph).length, 4);
});

describe("the shortcut of cells", () => {
  const genotypes = "normal_0=[('conv_bn_3x3', 0, 1)], reduce_1=[('conv_bn_3x3', 0, 1)]";
  const model = { genotypes, cell_use_shortcut: true, cell_shortcut_op_type: "conv_bn_relu_1x1" };

  test("exists in the first cell with its parameters, but is not applied there", () => {
    const graph = build({}, model);
    const names = parameterNames(graph);
    assert.ok(names.includes("cells.0.shortcut_reduction_op.op.0.weight"));
    assert.ok(names.includes("cells.1.shortcut_reduction_op.op.0.weight"));
    const added = graph.nodes.filter(({ kind, name }) => kind === "add" && /^cells\.\d\.add$/.test(name));
    assert.deepEqual(
      added.map(({ name }) => name),
      ["cells.1.add"],
    );
    assert.equal(runSmall(graph).length, 4);
  });

  test("costs parameters in the first cell, but no operations", () => {
    const layers = new Map(summarize(build({}, model)).layers.map((layer) => [layer.path, layer]));
    const [first, second] = [0, 1].map((cell) => layers.get(`cells.${cell}.shortcut_reduction_op`));
    assert.equal(first?.floatMacs, 0);
    assert.equal(first?.parameters, 8 * 8 + 16);
    assert.equal(second?.floatMacs, 8 * 16 * 16);
  });

  test("is registered after the preprocess operations and before the edges", () => {
    const names = parameterNames(build({}, { ...model, layer_channels: [], cell_use_preprocess: true }));
    const first = (part: string) => names.findIndex((name) => name.startsWith(`cells.1.${part}`));
    assert.ok(first("preprocess_ops") < first("shortcut_reduction_op"));
    assert.ok(first("shortcut_reduction_op") < first("edge_mod"));
  });
});

test("what concerns training alone changes nothing", () => {
  const changed = build(
    { num_node_inputs: 2, shared_primitives: ["none"] },
    { dropout_path_rate: 0.2, auxiliary_head: "imagenet", auxiliary_cfg: {}, schedule_cfg: null },
  );
  assert.deepEqual(changed, build());
});

test("no_fc gives the pooled features", () => {
  const graph = build({}, { no_fc: true });
  assert.deepEqual(inferShapes(graph).get(graph.output), [1, 16]);
  assert.equal(moduleType(graph, "classifier"), "Identity");
});

test("a description is read from text as well", () => {
  const description = {
    framework: "awnas",
    search_space_cfg: smallSpace,
    model_cfg: smallModel,
    input_shape: [1, 3, 8, 8],
    name: "small",
  };
  assert.deepEqual(awnasFromDescription(JSON.stringify(description)), build());
});
