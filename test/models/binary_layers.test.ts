/** BMXNet's binary layers as modules of a network. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Block, buildGraph } from "../../src/graph/builder.js";
import { parameterSpecs } from "../../src/graph/parameters.js";
import { inferShapes } from "../../src/graph/shapes.js";
import type { Graph, Node } from "../../src/graph/types.js";
import { type BinaryOptions, binaryConfig, withBinaryLayerConfig } from "../../src/nn/binary_config.js";
import { activatedConv, qActivation, qConv2d, qDense } from "../../src/nn/bmxnet.js";
import { hybridSequential } from "../../src/nn/gluon.js";
import { throwsError } from "../graph/errors.js";

function build(block: Block, inputShape: readonly number[] = [1, 4, 9, 9]): Graph {
  return buildGraph("layer", inputShape, hybridSequential([block]));
}

function find<K extends Node["kind"]>(graph: Graph, kind: K): Extract<Node, { kind: K }> {
  const node = graph.nodes.find((candidate) => candidate.kind === kind);
  assert.ok(node !== undefined, `no ${kind}`);
  return node as Extract<Node, { kind: K }>;
}

describe("QConv2D", () => {
  const offset = (options: Partial<Parameters<typeof qConv2d>[0]>, binary: BinaryOptions = {}) =>
    find(build(qConv2d({ channels: 4, kernelSize: 3, ...options }, binaryConfig(binary))), "binaryConv2d").offset;

  test("has the offset with 1-bit weights only, not with a scale, not without it", () => {
    assert.equal(offset({}), true);
    assert.equal(offset({}, { bitsA: 32 }), true);
    assert.equal(offset({ noOffset: true }), false);
    assert.equal(offset({ applyScaling: true }), false);
    assert.equal(offset({}, { bits: 2 }), false);
    assert.equal(offset({}, { bits: 32 }), false);
    assert.equal(offset({ bits: 1, quantization: "det_sign" }, { bits: 2 }), true);
  });

  test("takes all of gluon's arguments, sizes for each axis too", () => {
    const graph = build(
      qConv2d({
        channels: 6,
        kernelSize: [3, 1],
        strides: [2, 1],
        padding: [1, 0],
        dilation: 2,
        groups: 2,
        inChannels: 4,
        applyScaling: true,
      }),
    );
    const node = find(graph, "binaryConv2d");
    assert.deepEqual(
      [node.kernel, node.stride, node.padding, node.dilation, node.groups, node.padValue, node.scaling],
      [[3, 1], [2, 1], [1, 0], [2, 2], 2, -1, "channel"],
    );
    assert.deepEqual(inferShapes(graph).get("0"), [1, 6, 4, 9]);
    assert.deepEqual(
      parameterSpecs(graph).map(({ name, shape }) => [name, shape]),
      [["0.weight", [6, 2, 3, 1]]],
    );
  });

  test("refuses explicit arguments that BMXNet asserts against", () => {
    throwsError(() => qConv2d({ channels: 4, kernelSize: 3, bits: 2 }), "bad-option", "QConv2D", "bits 2", "det_sign");
    throwsError(() => qConv2d({ channels: 4, kernelSize: 3, bits: 40 }), "bad-option", "40");
    throwsError(() => qConv2d({ channels: 4, kernelSize: 3, quantization: "dorefa" }), "bad-option", "dorefa");
    qConv2d({ channels: 4, kernelSize: 3, bits: 2, quantization: "dorefa" });
    throwsError(() => build(qConv2d({ channels: 4, kernelSize: 3, inChannels: 8 })), "bad-shape", "inChannels 8");
  });
});

test("QActivation takes bits and method from the configuration, or refuses a pair that is not one", () => {
  const method = (block: Block) => {
    const node = find(build(block), "quantize");
    return [node.method, node.bits];
  };
  assert.deepEqual(method(qActivation()), ["det_sign", 1]);
  assert.deepEqual(
    withBinaryLayerConfig({ bitsA: 32, activation: "clip" }, () => method(qActivation())),
    ["clip", 32],
  );
  assert.deepEqual(method(qActivation({ bits: 4, method: "dorefa", threshold: 1.3 })), ["dorefa", 4]);
  throwsError(() => qActivation({ bits: 2 }), "bad-option", "QActivation", "bits 2", "round");
  throwsError(() => qActivation({ method: "relu" }), "bad-option", "relu");
});

describe("QDense", () => {
  test("flattens its input, and has the offset whatever the bits", () => {
    for (const bits of [1, 2, 32]) {
      const graph = build(qDense({ units: 5 }, binaryConfig({ bits })), [2, 3, 4, 5]);
      const node = find(graph, "binaryDense");
      assert.deepEqual([node.offset, node.bits, node.bias], [true, bits, null]);
      assert.deepEqual(inferShapes(graph).get("0"), [2, 5]);
      const [weight] = parameterSpecs(graph);
      assert.deepEqual(
        [weight.name, weight.shape, weight.binary, weight.packing !== null],
        ["0.weight", [5, 60], bits === 1, bits === 1],
      );
    }
    assert.equal(find(build(qDense({ units: 5, noOffset: true })), "binaryDense").offset, false);
    assert.equal(build(qDense({ units: 5 }), [2, 12]).nodes.length, 2);
  });

  test("refuses a bias and an activation, as BMXNet does", () => {
    const refused = (options: object) => () => qDense({ units: 5, ...options });
    throwsError(refused({ useBias: true }), "bad-option", "bias");
    throwsError(refused({ activation: "relu" }), "bad-option", "activation");
  });
});

describe("activatedConv", () => {
  test("has gluon's defaults and children, and dilation", () => {
    const graph = buildGraph(
      "conv",
      [1, 3, 9, 9],
      hybridSequential([
        activatedConv({ channels: 4 }),
        activatedConv({ channels: 5, padding: 2, dilation: 2, stride: 3 }, binaryConfig({ approximation: "binet" })),
        activatedConv({ channels: 5, padding: 1 }, binaryConfig({ approximation: "xnor" })),
      ]),
    );
    assert.deepEqual(
      graph.modules.map(({ path, type }) => [path, type]),
      [
        ["", "HybridSequential"],
        ["0", "BinaryConvolution"],
        ["0.qact", "QActivation"],
        ["0.qconv", "QConv2D"],
        ["1", "ScaledWeightsBinaryConv"],
        ["1.qact", "QActivation"],
        ["1.qconv", "QConv2D"],
        ["2", "ScaledBinaryConv"],
        ["2.qact", "QActivation"],
        ["2.qconv", "QConv2D"],
      ],
    );
    assert.deepEqual(inferShapes(graph).get("0.qconv"), [1, 4, 7, 7]);
    assert.deepEqual(inferShapes(graph).get("1.qconv"), [1, 5, 3, 3]);
    assert.deepEqual(inferShapes(graph).get("2.mul"), [1, 5, 3, 3]);
    const scaling = graph.nodes.flatMap((node) => (node.kind === "binaryConv2d" ? [[node.scaling, node.offset]] : []));
    assert.deepEqual(scaling, [
      ["none", true],
      ["channel", false],
      ["channel", false],
    ]);
  });

  test("xnor multiplies by the pooled magnitude of the raw input", () => {
    const graph = build(activatedConv({ channels: 6, stride: 2, padding: 1 }, binaryConfig({ approximation: "xnor" })));
    assert.deepEqual(find(graph, "absMean").inputs, ["input"]);
    const pool = find(graph, "avgPool");
    assert.deepEqual([pool.kernel, pool.stride, pool.padding, pool.countIncludePad], [[3, 3], [2, 2], [1, 1], true]);
    assert.deepEqual(find(graph, "mul").inputs, ["0.qconv", pool.name]);
    assert.deepEqual(inferShapes(graph).get(pool.name), [1, 1, 5, 5]);
    assert.equal(graph.output, "0.mul");
  });

  test("xnor pads the magnitude by itself where the padding is as wide as the kernel", () => {
    const options = { channels: 6, kernelSize: 1, padding: 1 };
    const graph = build(activatedConv(options, binaryConfig({ approximation: "xnor" })));
    assert.deepEqual(inferShapes(graph).get("0.mul"), [1, 6, 11, 11]);
    assert.equal(find(graph, "pad").value, 0);
  });

  test("xnor with dilation fails on shapes, as in BMXNet, and with a 1x1 kernel does not", () => {
    const xnor = binaryConfig({ approximation: "xnor" });
    throwsError(
      () => build(activatedConv({ channels: 6, padding: 2, dilation: 2 }, xnor)),
      "bad-shape",
      "layer 0",
      "dilation 2",
      "9x9",
      "11x11",
    );
    build(activatedConv({ channels: 6, kernelSize: 1, dilation: 2 }, xnor));
  });

  test("takes every combination of bits and approximation", () => {
    for (const bits of [1, 2, 4, 8, 32]) {
      for (const bitsA of [1, 2, 4, 8, 32]) {
        for (const approximation of ["", "binet", "xnor"]) {
          const config = binaryConfig({ bits, bitsA, approximation });
          const node = find(build(activatedConv({ channels: 2 }, config)), "binaryConv2d");
          assert.deepEqual([node.bits, node.quantizer], [bits, config.weightQuantization]);
        }
      }
    }
  });

  test("has no groups, as in BMXNet", () => {
    throwsError(() => activatedConv({ channels: 4, groups: 2 } as { channels: number }), "bad-option", '"groups"');
  });
});
