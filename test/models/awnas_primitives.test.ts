/** Every primitive of AWNAS by itself: what it gives, what it stores, and that it runs. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { primitiveNames } from "../../src/awnas.js";
import { buildGraph } from "../../src/graph/builder.js";
import { parameterSpecs } from "../../src/graph/parameters.js";
import { inferShapes } from "../../src/graph/shapes.js";
import type { Graph } from "../../src/graph/types.js";
import { newConstructionState } from "../../src/models/awnas/primitive.js";
import { buildPrimitive } from "../../src/models/awnas/primitives.js";
import type { Shape } from "../../src/tensor.js";
import { runSmall } from "./awnas_networks.js";

interface Options {
  readonly channels?: number;
  readonly outChannels?: number;
  readonly stride?: number;
  readonly affine?: boolean;
  readonly size?: number;
}

function build(name: string, options: Options = {}): Graph {
  const { channels = 8, outChannels = channels, stride = 1, affine = true, size = 8 } = options;
  const block = buildPrimitive(name, { channels, outChannels, stride, affine, place: name }, newConstructionState());
  return buildGraph(name, [1, channels, size, size], {
    type: "Module",
    forward: (scope, x) => scope.child("op", block, x),
  });
}

function outputShape(graph: Graph): Shape | undefined {
  return inferShapes(graph).get(graph.output);
}

function parameters(graph: Graph): readonly string[] {
  return parameterSpecs(graph)
    .filter(({ role }) => role === "weight" || role === "bias")
    .map(({ name, shape }) => `${name.replace(/^op\./, "")} ${shape.join("x")}`);
}

const stemSizes = new Map([
  ["imagenet_stem0", 4],
  ["imagenet_stem0_7x7", 2],
  ["imagenet_stem1", 8],
  ["tnas", 4],
]);

describe("runs at strides 1 and 2", () => {
  for (const name of primitiveNames()) {
    test(name, () => {
      const reduced = stemSizes.get(name);
      if (reduced !== undefined) {
        const graph = build(name, { channels: 3, outChannels: 8, size: 16 });
        assert.deepEqual(outputShape(graph), [1, 8, 16 / reduced, 16 / reduced]);
        assert.ok(runSmall(graph).every(Number.isFinite));
        return;
      }
      if (name === "identity") return assert.equal(build(name).nodes.length, 1);
      for (const stride of [1, 2]) {
        // The pooled downsampling doubles the channels; bn_relu knows no stride, 2x2 pooling no padding.
        const outChannels = name === "resnet_block_pool_downsample" ? 8 * stride : 8;
        const graph = build(name, { stride, outChannels });
        const size = name === "avg_pool_2x2" && stride === 1 ? 7 : name === "bn_relu" ? 8 : 8 / stride;
        assert.deepEqual(outputShape(graph), [1, outChannels, size, size]);
        assert.ok(runSmall(graph).every(Number.isFinite));
      }
    });
  }
});

test("primitives that change their channels", () => {
  const keep = ["identity", "none", "bn_relu", "conv_7x1_1x7", "avg_pool_2x2", "avg_pool_3x3", "max_pool_3x3"];
  for (const name of primitiveNames()) {
    if (keep.includes(name) || stemSizes.has(name)) continue;
    assert.deepEqual(outputShape(build(name, { outChannels: 16, stride: 2 })), [1, 16, 4, 4], name);
  }
  for (const name of ["none", "avg_pool_3x3", "max_pool_3x3"]) {
    assert.deepEqual(outputShape(build(name, { outChannels: 16, stride: 2 })), [1, 8, 4, 4], name);
  }
});

describe("parameters", () => {
  test("expanding separable convolutions keep as many groups as they read channels", () => {
    const expected = (kernel: string, inner: number) => [
      `op.1.weight 8x1x${kernel}`,
      `op.2.weight ${inner}x8x1x1`,
      `op.5.weight ${inner}x${inner / 8}x${kernel}`,
      `op.6.weight 8x${inner}x1x1`,
    ];
    assert.deepEqual(parameters(build("sep_conv_3x3_exp3")), expected("3x3", 24));
    assert.deepEqual(parameters(build("sep_conv_5x5_exp3")), expected("5x5", 48));
  });

  test("affine false leaves batch norms without gamma and beta, but not those of binary convolutions", () => {
    const roles = (name: string) => new Set(parameterSpecs(build(name, { affine: false })).map(({ role }) => role));
    assert.deepEqual([...roles("relu_conv_bn_3x3")].sort(), ["mean", "variance", "weight"]);
    assert.ok(roles("xnor_conv_3x3_noskip").has("gamma"));
  });

  test("the relu6 MobileNet blocks have 1x1 kernels", () => {
    assert.deepEqual(parameters(build("mobilenet_block_6_relu6")), [
      "conv1.weight 48x8x1x1",
      "conv2.weight 48x1x1x1",
      "conv3.weight 8x48x1x1",
    ]);
    assert.equal(build("mobilenet_block_6_relu6").nodes.filter(({ kind }) => kind === "relu").length, 2);
  });

  test("plain convolutions and VGG blocks have a bias", () => {
    assert.deepEqual(parameters(build("conv_3x3")), ["weight 8x8x3x3", "bias 8"]);
    assert.deepEqual(parameters(build("vgg_block")).slice(0, 2), ["conv_bn.0.weight 8x8x3x3", "conv_bn.0.bias 8"]);
  });

  test("a row and a column of seven are strided apart", () => {
    const graph = build("conv_7x1_1x7", { stride: 2 });
    const found = graph.nodes.flatMap((node) =>
      node.kind === "conv2d" ? [[node.kernel, node.stride, node.padding]] : [],
    );
    assert.deepEqual(found, [
      [
        [1, 7],
        [1, 2],
        [0, 3],
      ],
      [
        [7, 1],
        [2, 1],
        [3, 0],
      ],
    ]);
  });
});

describe("what the settings in force say", () => {
  const convolutions = (name: string, stride: number) =>
    build(name, { stride }).nodes.flatMap((node) => (node.kind === "binaryConv2d" ? [node.scaling] : []));

  test("scales: of the tensor in plain convolutions, of the channels in factorised ones", () => {
    for (const name of ["noskip", "cond_skip", "cond_skip_v0"].map((end) => `xnor_conv_3x3_${end}`)) {
      assert.deepEqual(convolutions(name, 1), ["tensor"]);
      assert.deepEqual(convolutions(name, 2), ["channel", "channel"]);
      assert.ok(!build(name).nodes.some(({ kind }) => kind === "add"), `${name} has no skip`);
    }
    assert.deepEqual(convolutions("xnor_vgg_block", 2), ["tensor"]);
    assert.deepEqual(convolutions("bireal_resnet_block", 2), ["channel", "channel"]);
    assert.deepEqual(convolutions("xnor_resnet_block", 2), ["channel", "channel", "channel"]);
  });

  test("bireal primitives have float activations", () => {
    for (const name of ["bireal_resnet_block", "bireal_vgg_block"]) {
      assert.ok(!build(name).nodes.some(({ kind }) => kind === "quantize"));
    }
  });

  test("an odd height pads both axes of a factorised reduction, on top and on the left", () => {
    const graph = build("xnor_conv_3x3_noskip", { stride: 2, size: 7 });
    const pad = graph.nodes.find(({ kind }) => kind === "pad");
    assert.deepEqual(pad, {
      ...{ kind: "pad", name: "op.pad", inputs: ["op.bn"], module: "op" },
      ...{ top: 1, left: 1, bottom: 0, right: 0, value: 0 },
    });
    assert.deepEqual(outputShape(graph), [1, 8, 4, 4]);
  });
});
