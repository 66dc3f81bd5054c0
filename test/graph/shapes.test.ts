/** The shapes of values, and layers that cannot read their input. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Block, buildGraph } from "../../src/graph/builder.js";
import { inferShapes } from "../../src/graph/shapes.js";
import type { Graph } from "../../src/graph/types.js";
import { resnetE } from "../../src/models/resnet_e.js";
import { avgPool2d, conv2d, dense, flatten, globalAvgPool2d, hybridSequential } from "../../src/nn/gluon.js";
import { linear } from "../../src/nn/torch.js";
import { throwsError } from "./errors.js";

const small = { layers: [1, 1], channels: [8, 8, 16], classes: 5, initialLayers: "thumbnail", version: 1 } as const;

/** Positions of a window, counted one by one. */
function countPositions(size: number, kernel: number, stride: number, padding: number): number {
  let count = 0;
  for (let start = -padding; start + kernel - 1 < size + padding; start += stride) count++;
  return count;
}

test("convolution sizes are the number of positions that the kernel has", () => {
  const sizes = fc.record({
    size: fc.integer({ min: 1, max: 40 }),
    kernel: fc.integer({ min: 1, max: 7 }),
    stride: fc.integer({ min: 1, max: 4 }),
    padding: fc.integer({ min: 0, max: 3 }),
  });
  fc.assert(
    fc.property(sizes, ({ size, kernel, stride, padding }) => {
      const network = hybridSequential([conv2d({ channels: 4, kernelSize: kernel, strides: stride, padding })]);
      const build = () => buildGraph("one", [2, 3, size, size + 5], network);
      if (kernel > size + 2 * padding) return throwsError(build, "bad-shape", "layer 0", "kernel");
      assert.deepEqual(inferShapes(build()).get("0"), [
        2,
        4,
        countPositions(size, kernel, stride, padding),
        countPositions(size + 5, kernel, stride, padding),
      ]);
    }),
    { numRuns: 200 },
  );
});

test("another batch and image size keeps the parameters", () => {
  const graph = resnetE(small);
  assert.deepEqual(inferShapes(graph, [3, 3, 20, 27]).get(graph.output), [3, 5]);
  assert.deepEqual(inferShapes(graph, [3, 3, 20, 27]).get("features.4.1.add"), [3, 16, 10, 14]);
  throwsError(() => inferShapes(graph, [1, 1, 32, 32]), "bad-shape", "1x3x32x32", "1x1x32x32");
  throwsError(() => inferShapes(graph, [1, 3, 32]), "bad-shape", "1x3x32");
  throwsError(() => inferShapes(graph, [1, 3, 0, 32]), "bad-shape", "1x3x0x32");
  throwsError(() => inferShapes(graph, [1, 3, 2.5, 32]), "bad-shape");
});

test("a dense layer without global pooling is tied to the image size", () => {
  const network = hybridSequential([conv2d({ channels: 2, kernelSize: 1 }), flatten(), dense({ units: 3 })]);
  const graph = buildGraph("tied", [1, 1, 4, 4], network);
  throwsError(() => inferShapes(graph, [1, 1, 5, 5]), "bad-shape", "layer 2", "32 features", "gives it 50");
});

test("pooled shortcuts on an odd size name the layer, both shapes and the reason", () => {
  const graph = resnetE({ ...small, usePooling: true });
  throwsError(
    () => inferShapes(graph, [1, 3, 33, 32]),
    "bad-shape",
    "features.4.0.add",
    "1x16x17x16",
    "1x16x16x16",
    "rounds an odd size down",
  );
});

test("layers refuse inputs that they cannot read", () => {
  const build =
    (blocks: readonly Block[], size = 8) =>
    () =>
      buildGraph("bad", [1, 6, size, size], hybridSequential(blocks));
  throwsError(build([linear(6, 3)]), "bad-shape", "layer 0", "flatten");
  assert.deepEqual(inferShapes(build([dense({ units: 3 })])()).get("0.flatten"), [1, 384], "gluon flattens by itself");
  throwsError(build([flatten(), globalAvgPool2d()]), "bad-shape", "layer 1", "1x384");
  throwsError(build([conv2d({ channels: 4, kernelSize: 3, groups: 4 })]), "bad-shape", "4 groups", "6 input channels");
  throwsError(build([avgPool2d()], 1), "bad-shape", "layer 0", "1x6x1x1");
  throwsError(build([avgPool2d({ padding: 2 })]), "bad-shape", "padding 2x2");
});

test("a graph that reads a value before it is computed is refused", () => {
  const graph = resnetE(small);
  const broken: Graph = { ...graph, nodes: graph.nodes.filter(({ name }) => name !== "features.1") };
  throwsError(() => inferShapes(broken), "bad-graph", "features.2", "features.1");
});

test("sliced additions must stay inside the channels", () => {
  const graph = resnetE({ ...small, slices: 2 });
  const nodes = graph.nodes.map((node) =>
    node.kind === "add" && node.name === "features.3.1.add" ? { ...node, channelOffset: 5 } : node,
  );
  throwsError(() => inferShapes({ ...graph, nodes }), "bad-shape", "features.3.1.add", "from channel 5", "8 channels");
});
