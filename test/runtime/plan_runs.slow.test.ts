/**
 * What a run may write, and in which order its tasks may run: plans are read-only data, and tasks of a phase know
 * nothing of each other.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { BinaryKernel } from "../../src/compiler/choose_kernel.js";
import { compileGraph, type PlanOptions, planProgram } from "../../src/compiler/compile.js";
import type { BorderValue, Graph, Node } from "../../src/graph/types.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { resnetE } from "../../src/models/resnet_e.js";
import { type BoundPhase, phasesOf, runStep, runTask } from "../../src/runtime/link.js";
import { createSession } from "../../src/runtime/session.js";
import { elementCount, type Shape, type Tensor } from "../../src/tensor.js";
import { add, binary, conv, graphOf, maxPool, norm, relu, sign } from "../compiler/small_graphs.js";
import { noise } from "../compiler/support.js";
import { type TightPlan, tightPlan } from "./tight_plan.js";

const kernels = ["table", "popcount"] as const;

function pixels(shape: Shape): Tensor {
  return { shape, data: Uint8Array.from({ length: elementCount(shape) }, (_, i) => (i * 37 + (i >> 5)) % 256) };
}

const quantizers = [
  { method: "det_sign", quantizer: "det_sign", bits: 1 },
  { method: "sign", quantizer: "det_sign", bits: 1 },
  { method: "sign", quantizer: "sign", bits: 1 },
  { method: "round", quantizer: "dorefa", bits: 2 },
  { method: "dorefa", quantizer: "det_sign", bits: 3 },
] as const;

/** A quantised layer with a border, of each kind, alone and with what its epilogue takes. */
function quantizedGraphs(channels: number, size: number): readonly (readonly [name: string, graph: Graph])[] {
  return quantizers.flatMap(({ method, quantizer, bits }) =>
    ([-1, 0, 1] as const).flatMap((padValue: BorderValue) =>
      [1, 2].map((groups) => {
        const pack = { ...sign("s", "x"), method, bits } as Node;
        const layer = { ...binary("c", "s", { padValue, channels }), quantizer, bits, groups } as Node;
        const nodes = [pack, layer, norm("n", "c"), add("a", "n", "x"), sign("t", "n"), binary("d", "t", { channels })];
        const graph = graphOf([...nodes, add("e", "d", "a")], [1, channels, size, size + 3]);
        return [`${method} ${quantizer} ${bits}, padded with ${padValue}, ${groups} groups`, graph] as const;
      }),
    ),
  );
}

/** Bits that are moved in every way; of `sign` with exact zeros, some from a pad. */
function movedBits(method: "det_sign" | "sign", shape: Shape): Graph {
  const module = "";
  const [, channels] = shape;
  const nodes = [
    { ...sign("s", "x"), method },
    maxPool("p", "s"),
    { kind: "pad", name: "w", inputs: ["p"], module, top: 2, left: 1, bottom: 0, right: 3, value: 0 },
    { kind: "concat", name: "j", inputs: ["w", "w"], module },
    { kind: "channelShuffle", name: "m", inputs: ["j"], module, groups: 2 },
    { kind: "sliceChannels", name: "k", inputs: ["m"], module, begin: 5, end: 2 * channels - 1 },
    { kind: "crop", name: "r", inputs: ["k"], module, top: 1, left: 1 },
    { kind: "flatten", name: "f", inputs: ["r"], module },
    {
      ...{ kind: "binaryDense", name: "d", inputs: ["f"], module, weight: "d.w", bias: null, units: 9 },
      offset: false,
    },
  ].map((node) => (node.kind === "binaryDense" ? { ...node, quantizer: "det_sign", bits: 1 } : node)) as Node[];
  return graphOf(nodes, shape);
}

/** Runs all steps and says what became of the memory. */
function runAll({ steps, words }: TightPlan): void {
  for (const step of steps) runStep(step, words);
}

async function assertWritesItsOwn(name: string, graph: Graph, kernel: BinaryKernel, input: Tensor): Promise<void> {
  const weights = randomWeights(graph, 7);
  const program = compileGraph(graph, weights, { kernel });
  const plan = planProgram(program, input.shape, input.data instanceof Uint8Array ? "u8" : "f32");
  const tight = await tightPlan(plan, input);
  const before = tight.constants.slice();
  runAll(tight);
  const changed = tight.constants.findIndex((byte, i) => byte !== before[i]);
  assert.equal(changed, -1, `${name} on ${kernel}: byte ${changed} before the arena was written`);
  const session = await createSession({ graph, weights }, { kernel });
  assert.deepEqual(tight.output(), session.run(input).data, `${name} on ${kernel}`);
}

test("a run of a network writes to its arena and scratch alone and reads nothing past the end of them", async () => {
  const graph = resnetE({
    version: 1,
    layers: [1, 1, 1, 1],
    inputShape: [1, 3, 32, 32],
    initialLayers: "imagenet",
    classes: 7,
    channels: [9, 9, 16, 24, 67],
  });
  for (const kernel of kernels) {
    await assertWritesItsOwn("resnet_e", graph, kernel, noise([1, 3, 32, 32], 1));
    await assertWritesItsOwn("resnet_e", graph, kernel, noise([2, 3, 37, 45], 2));
    await assertWritesItsOwn("resnet_e", graph, kernel, pixels([3, 3, 33, 47]));
  }
});

test("quantised layers of every border, group and code write to no constant", async () => {
  for (const [name, graph] of quantizedGraphs(6, 5)) {
    for (const kernel of kernels) {
      await assertWritesItsOwn(name, graph, kernel, noise(graph.inputShape, 3));
      // Without an exact zero ternary signs take another way.
      const { shape, data } = noise(graph.inputShape, 3);
      const zeros = { shape, data: Float32Array.from(data, (x, i) => (i % 5 === 0 ? 0 : x)) };
      await assertWritesItsOwn(name, graph, kernel, zeros);
    }
  }
});

test("moved bits are written to buffers of their own", async () => {
  for (const method of ["det_sign", "sign"] as const) {
    const graph = movedBits(method, [2, 37, 9, 8]);
    for (const kernel of kernels) await assertWritesItsOwn(method, graph, kernel, noise(graph.inputShape, 3));
  }
});

/**
 * Runs each task of a phase from the memory as it was before the phase, in scratch full of garbage, and then puts what
 * they wrote together: no two may have written the same word.
 */
function runApart({ arena, scratch }: TightPlan, phase: BoundPhase, place: string): void {
  const before = arena.slice();
  const after = arena.slice();
  const writers = new Uint8Array(arena.length);
  for (const [index, task] of phase.entries()) {
    scratch.fill(0xa5 + index);
    arena.set(before);
    runTask(task);
    for (let i = 0; i < arena.length; i++) {
      if (arena[i] === before[i]) continue;
      assert.equal(writers[i], 0, `${place}: tasks ${writers[i] - 1} and ${index} write to word ${i} of the arena`);
      writers[i] = index + 1;
      after[i] = arena[i];
    }
  }
  arena.set(after);
}

/** The kinds of steps, by how many tasks their longest phase has. */
async function assertTasksAreIndependent(
  name: string,
  graph: Graph,
  kernel: BinaryKernel,
  options: PlanOptions,
  seen: Map<string, number>,
  input = noise(graph.inputShape, 3),
): Promise<void> {
  const weights = randomWeights(graph, 7);
  const program = compileGraph(graph, weights, { kernel, byteStem: true });
  const type = input.data instanceof Uint8Array ? "u8" : "f32";
  const plan = planProgram(program, input.shape, type, options);
  const tight = await tightPlan(plan, input);
  for (const [index, step] of tight.steps.entries()) {
    const { kind } = plan.steps[index];
    for (const phase of phasesOf(step, tight.words)) {
      seen.set(kind, Math.max(seen.get(kind) ?? 0, phase.length));
      runApart(tight, phase, `${name} on ${kernel}, ${plan.steps[index].name} (${kind})`);
    }
  }
  const session = await createSession({ graph, weights }, { kernel, byteStem: true });
  assert.deepEqual(tight.output(), session.run(input).data, `${name} on ${kernel}`);
}

test("tasks of a phase are independent of each other, and the bits are those of a plan for one worker", async () => {
  const seen = new Map<string, number>();
  const channels = 72;
  const shape = [1, channels, 44, 41];
  for (const kernel of kernels) {
    for (const [name, graph] of quantizedGraphs(channels, 30).filter((_, i) => i % 2 === 0)) {
      await assertTasksAreIndependent(name, graph, kernel, { workers: 4 }, seen);
    }
    const blocks = graphOf([sign("s", "x"), binary("c", "s", { channels: 300 }), norm("n", "c")], [2, 200, 9, 7]);
    await assertTasksAreIndependent("blocks of channels", blocks, kernel, { workers: 4 }, seen);
    const zero = graphOf([sign("s", "x"), binary("c", "s", { channels: 300, padValue: 0 })], [1, 201, 11, 9]);
    await assertTasksAreIndependent("blocks and a border of 0", zero, kernel, { workers: 4 }, seen);
  }
  const module = "";
  const groups = (name: string, input: string, count: number) =>
    ({ ...conv(name, input, { channels }), groups: count }) as Node;
  const floats = [
    conv("wide", "x", { kernel: 5, channels }),
    relu("r", "wide"),
    conv("low", "r", { kernel: 1, channels: 6 }),
    maxPool("p", "r"),
    norm("pn", "p"),
    conv("q", "pn", { channels, stride: 2 }),
    groups("depthwise", "q", channels),
    groups("grouped", "depthwise", 8),
    add("a", "grouped", "q"),
    {
      kind: "avgPool",
      name: "avg",
      inputs: ["r"],
      module,
      kernel: [3, 3],
      stride: [2, 2],
      padding: [1, 1],
      countIncludePad: true,
    } as Node,
    { kind: "activation", name: "tanh", inputs: ["wide"], module, function: "tanh" } as Node,
    { kind: "softmax", name: "soft", inputs: ["tanh"], module } as Node,
    { kind: "mul", name: "m", inputs: ["soft", "r"], module } as Node,
    { kind: "channelShuffle", name: "shuffled", inputs: ["m"], module, groups: 4 } as Node,
    { kind: "concat", name: "joined", inputs: ["shuffled", "low"], module } as Node,
    { kind: "pad", name: "padded", inputs: ["joined"], module, top: 3, left: 1, bottom: 2, right: 0, value: 2 } as Node,
    { kind: "crop", name: "cropped", inputs: ["padded"], module, top: 2, left: 2 } as Node,
    { kind: "sliceChannels", name: "cut", inputs: ["cropped"], module, begin: 3, end: 9 } as Node,
    { kind: "flatten", name: "flat", inputs: ["cut"], module } as Node,
    {
      kind: "dense",
      name: "scores",
      inputs: ["flat"],
      module,
      weight: "scores.w",
      bias: "scores.b",
      units: 290,
    } as Node,
  ];
  const taps = ["a", "avg", "scores"].map((name) => ({ ...graphOf(floats, shape), output: name }));
  for (const graph of taps) await assertTasksAreIndependent(graph.output, graph, "table", { workers: 4 }, seen);
  const batch = { ...taps[2], inputShape: [5, channels, 44, 41] };
  await assertTasksAreIndependent("a batch", batch, "table", { workers: 4 }, seen);
  const gated = [
    { kind: "globalAvgPool", name: "mean", inputs: ["x"], module } as Node,
    { kind: "activation", name: "gate", inputs: ["mean"], module, function: "sigmoid" } as Node,
    { kind: "mul", name: "gated", inputs: ["x", "gate"], module } as Node,
    { kind: "prelu", name: "leaky", inputs: ["gated"], module, slope: "slope" } as Node,
    {
      kind: "fakeQuantize",
      name: "grid",
      inputs: ["leaky"],
      module,
      scale: 0.125,
      zeroPoint: 3,
      low: -128,
      high: 127,
      rounding: "half_even",
    } as Node,
    { kind: "logSoftmax", name: "log", inputs: ["grid"], module } as Node,
    { kind: "crop", name: "inner", inputs: ["log"], module, top: 1, left: 0, bottom: 2, right: 3 } as Node,
    { kind: "scaleShift", name: "affine", inputs: ["inner"], module, scale: "scale", shift: "shift" } as Node,
    { ...sign("above", "affine"), method: "sign_greater" } as Node,
    binary("counted", "above", { channels }),
    { kind: "flatten", name: "row", inputs: ["counted"], module, layout: "NHWC" } as Node,
  ];
  for (const inputShape of [
    [1, 44, 41, channels],
    [8, 40, 37, 48],
  ]) {
    const last = inputShape[3] === channels ? gated : gated.slice(0, -2);
    const graph: Graph = { ...graphOf(last, inputShape), layout: "NHWC" };
    await assertTasksAreIndependent("channels last", graph, "table", { workers: 4 }, seen);
    await assertTasksAreIndependent(
      "bytes, channels last",
      graph,
      "popcount",
      { workers: 4 },
      seen,
      pixels(inputShape),
    );
  }
  const wide = [sign("s", "x"), binary("c", "s", { kernel: 1, channels: 16 }), maxPool("p", "c")];
  const flat = { kind: "flatten", name: "f", inputs: ["p"], module } as Node;
  const images = graphOf([...wide, flat], [6, 16, 96, 96]);
  await assertTasksAreIndependent("images", images, "table", { workers: 4 }, seen);
  const stem = graphOf([conv("c", "x", { stride: 2, channels: 32 }), norm("n", "c")], [3, 3, 160, 128]);
  await assertTasksAreIndependent("a byte stem", stem, "table", { workers: 4 }, seen, pixels(stem.inputShape));

  for (const method of ["det_sign", "sign"] as const) {
    const bits = movedBits(method, [4, 72, 44, 41]);
    await assertTasksAreIndependent(`moved bits of ${method}`, bits, "table", { workers: 4 }, seen);
  }

  const single = [...seen].filter(([, tasks]) => tasks < 2).map(([kind]) => kind);
  assert.deepEqual(single, [], `kinds of steps that are one task each, of ${[...seen.keys()].join(", ")}`);
});

test("a small step is one task, a large one many", () => {
  const tasksOf = (size: number, channels: number, options: PlanOptions) => {
    const nodes = [conv("x1", "x", { channels }), sign("s", "x1"), binary("c", "s", { channels }), norm("n", "c")];
    const graph = graphOf(nodes, [1, 3, size, size]);
    const plan = planProgram(compileGraph(graph, randomWeights(graph, 1)), graph.inputShape, "f32", options);
    return plan.steps.map(({ phases }) => Math.max(...phases.map((tasks) => tasks.length)));
  };
  assert.deepEqual([...new Set(tasksOf(8, 16, { workers: 8 }))], [1]);
  const [, float, counts] = tasksOf(112, 64, { workers: 4 });
  assert.ok(float >= 8 && counts >= 8, `${float} and ${counts} tasks`);
});
