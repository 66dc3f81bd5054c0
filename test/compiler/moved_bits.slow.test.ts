/** Values of few bits that layers move between a quantiser and a convolution: nothing is unpacked, and all is exact. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compileGraph, planProgram } from "../../src/compiler/compile.js";
import type { BinaryConv2dNode, Graph, Node } from "../../src/graph/types.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { runReference } from "../../src/reference/index.js";
import { createSession } from "../../src/runtime/session.js";
import type { Shape } from "../../src/tensor.js";
import { compare } from "../goldens/support.js";
import { specification } from "./random_choices.js";
import { buildRandomGraph } from "./random_graph.js";
import { add, binary, conv, fused, graphOf, maxPool, norm, sign } from "./small_graphs.js";
import { noise } from "./support.js";

const module = "";

function pad(name: string, input: string, value: number, sides: readonly number[] = [1, 1, 1, 1]): Node {
  const [top, left, bottom, right] = sides;
  return { kind: "pad", name, inputs: [input], module, top, left, bottom, right, value };
}

function concat(name: string, ...inputs: readonly string[]): Node {
  return { kind: "concat", name, inputs, module };
}

function slice(name: string, input: string, begin: number, end: number): Node {
  return { kind: "sliceChannels", name, inputs: [input], module, begin, end };
}

function shuffle(name: string, input: string, groups: number): Node {
  return { kind: "channelShuffle", name, inputs: [input], module, groups };
}

function crop(name: string, input: string, top: number, left: number): Node {
  return { kind: "crop", name, inputs: [input], module, top, left };
}

function flatten(name: string, input: string): Node {
  return { kind: "flatten", name, inputs: [input], module };
}

function dense(name: string, input: string): Node {
  const signs = { quantizer: "det_sign", bits: 1 } as const;
  return {
    kind: "binaryDense",
    name,
    inputs: [input],
    module,
    weight: `${name}.w`,
    bias: null,
    units: 7,
    ...signs,
    offset: false,
  };
}

/** torch's sign: 0 stays 0. */
const ternary = (name: string, input: string): Node => ({ ...sign(name, input), method: "sign" }) as Node;
const levels = (name: string, input: string, bits: number): Node =>
  ({ ...sign(name, input), method: "round", bits }) as Node;

const start = "s: sign = pointwise(x)";
const bare = { padding: 0 } as const;

test("bits are moved as bits, whatever moves them", () => {
  assert.deepEqual(fused([sign("s", "x"), maxPool("p", "s"), binary("c", "p")]), [
    start,
    "p = maxPoolBits(s)",
    "c = binaryConv2d(p)",
  ]);
  assert.deepEqual(
    fused([
      sign("s", "x"),
      concat("j", "s", "s"),
      shuffle("m", "j", 4),
      slice("k", "m", 3, 12),
      crop("r", "k", 1, 0),
      binary("c", "r"),
    ]),
    [
      start,
      "j = concatBits(s, s)",
      "m = permuteBits(j)",
      "k = sliceBits(m)",
      "r = windowBits(k)",
      "c = binaryConv2d(r)",
    ],
  );
  assert.deepEqual(fused([sign("s", "x"), flatten("f", "s"), dense("d", "f")]), [
    start,
    "f = flattenBits(s)",
    "d = binaryConv2d(f)",
  ]);
  assert.deepEqual(fused([levels("q", "x", 2), pad("p", "q", 0), crop("r", "p", 1, 1), binary("c", "r")]), [
    "q = pack(x)",
    "p = windowBits(q)",
    "r = windowBits(p)",
    "c = planesConv2d(r)",
  ]);
});

test("a pad goes into the border of the convolution behind it", () => {
  assert.deepEqual(fused([sign("s", "x"), pad("p", "s", -1), binary("c", "p", bare)]), [start, "c = binaryConv2d(s)"]);
  for (const value of [-1, 0, 1] as const) {
    const nodes = [sign("s", "x"), pad("p", "s", value, [2, 0, 1, 3]), pad("q", "p", value, [0, 1, 0, 0])];
    const graph = graphOf([...nodes, binary("c", "q", { padValue: value })]);
    const { ops } = compileGraph(graph, randomWeights(graph, 1));
    const layer = ops.find((op) => op.kind === "binaryConv2d");
    assert.deepEqual(layer?.kind === "binaryConv2d" && [layer.input, layer.window.padding, layer.padValue], [
      "s",
      [3, 2, 2, 4],
      value,
    ]);
  }
  // Also in front of a layer in float, and where others read the pad.
  assert.deepEqual(fused([pad("p", "x", 1), binary("c", "p", bare)]), [
    "c#border = border(x)",
    "c = conv2d(c#border) affine",
  ]);
  assert.deepEqual(
    fused([
      sign("s", "x"),
      pad("p", "s", 1),
      maxPool("m", "p"),
      binary("c", "p", { kernel: 1 }),
      maxPool("n", "c"),
      add("a", "m", "n"),
    ]),
    [
      start,
      "p = windowBits(s)",
      "m = maxPoolBits(p)",
      "m#f32 = unpack(m)",
      "c = binaryConv2d(s)",
      "a = maxPool(c) +m#f32",
    ],
  );
});

test("a chain of pads is merged as far as it adds the same, and pads of nothing with it", () => {
  const none = [0, 0, 0, 0];
  const chain = [pad("p", "s", -1), pad("q", "p", 5, none), pad("r", "q", 1), pad("t", "r", 0, none), pad("u", "t", 1)];
  assert.deepEqual(fused([sign("s", "x"), ...chain, binary("c", "u", { padValue: 1 })]), [
    start,
    "p = windowBits(s)",
    "q = windowBits(p)",
    "c = binaryConv2d(q)",
  ]);
});

test("a pad of another value than the border stays, and zeros beside signs are planes", () => {
  assert.deepEqual(fused([sign("s", "x"), pad("p", "s", 1), binary("c", "p", { padValue: -1 })]), [
    start,
    "p = windowBits(s)",
    "c = binaryConv2d(p)",
  ]);
  assert.deepEqual(fused([sign("s", "x"), pad("p", "s", 0), binary("c", "p", { padValue: -1 })]), [
    start,
    "p = windowBits(s)",
    "c = planesConv2d(p)",
  ]);
  const same = { ...binary("c", "p"), padding: "same" } as Node;
  assert.deepEqual(fused([sign("s", "x"), pad("p", "s", -1), same]), [
    start,
    "p = windowBits(s)",
    "c = binaryConv2d(p)",
  ]);
});

test("what has no planes is floats, from there on", () => {
  assert.deepEqual(fused([sign("s", "x"), pad("p", "s", 0.5), binary("c", "p")]), [
    start,
    "s#f32 = unpack(s)",
    "p = window(s#f32)",
    "c#border = border(p)",
    "c = conv2d(c#border) affine",
  ]);
  assert.deepEqual(fused([levels("q", "x", 2), maxPool("p", "q"), binary("c", "p", { padValue: 0 })]), [
    "q = pack(x)",
    "q#f32 = unpack(q)",
    "p = maxPool(q#f32)",
    "c = conv2d(p) affine",
  ]);
  assert.deepEqual(fused([sign("s", "x"), concat("j", "s", "x"), binary("c", "j", { padValue: 0 })]), [
    start,
    "s#f32 = unpack(s)",
    "j = concat(s#f32, x)",
    "c = conv2d(j) affine",
  ]);
});

test("readers of maps and taps get floats", () => {
  assert.deepEqual(fused([sign("s", "x"), maxPool("p", "s"), conv("c", "p"), norm("n", "c")]), [
    start,
    "p = maxPoolBits(s)",
    "p#f32 = unpack(p)",
    "n = conv2d(p#f32) affine",
  ]);
  const tapped = fused([sign("s", "x"), maxPool("p", "s"), binary("c", "p")], ["p"]);
  assert.deepEqual(tapped, [start, "p = maxPoolBits(s)", "p#f32 = unpack(p)", "c = binaryConv2d(p)"]);
});

interface Moved {
  readonly name: string;
  /** From the value `s` and others to the value `m`. */
  readonly nodes: readonly Node[];
}

/** Chains of what can be done to values of any code; `value` is one of its constants. */
function chains(value: number, pools: boolean): readonly Moved[] {
  const chain = (name: string, ...nodes: readonly Node[]) => ({ name, nodes });
  return [
    chain("pad", pad("m", "s", value, [2, 0, 1, 3])),
    chain("crop", crop("m", "s", 2, 1)),
    chain("subsample", { ...maxPool("m", "s"), kernel: [1, 1], stride: [2, 3] } as Node),
    ...(pools ? [chain("max pool", { ...maxPool("m", "s"), kernel: [3, 2], padding: [2, 0, 1, 1] } as Node)] : []),
    chain("slices", slice("a", "s", 1, 4), slice("b", "s", 2, 7), concat("m", "b", "a", "s", "b")),
    chain(
      "shuffle",
      slice("a", "s", 1, 7),
      shuffle("b", "a", 3),
      concat("e", "b", "s"),
      pad("d", "e", value),
      crop("m", "d", 0, 2),
    ),
  ];
}

async function assertOnBits(name: string, nodes: readonly Node[], inputShape: Shape, seed: number): Promise<void> {
  const graph = graphOf(nodes, inputShape);
  const weights = randomWeights(graph, seed);
  const { shape, data } = noise(inputShape, seed);
  const few = Float32Array.from(data, (v) => Math.round(v));
  const some = Float32Array.from(data, (v) => (v === 0 ? 1 : v));
  for (const kernel of ["table", "popcount"] as const) {
    const program = compileGraph(graph, weights, { kernel });
    const kinds = program.ops.map(({ kind }) => kind);
    assert.ok(!kinds.includes("unpack") && !kinds.includes("conv2d"), `${name}: ${kinds.join(", ")}`);
    const plan = planProgram(program, inputShape, "f32");
    assert.equal(plan.steps.filter(({ floatMacs }) => floatMacs > 0).length, 0);
    // With exact zeros and without.
    for (const values of [few, some]) {
      const input = { shape, data: values };
      const expected = runReference(graph, weights, input).output.data;
      const session = await createSession({ graph, weights }, { kernel });
      const { difference, scale } = compare(session.run(input).data as Float32Array, expected);
      const thirds = nodes.some((node) => "bits" in node && node.bits > 1);
      assert.ok(difference <= (thirds ? 1e-5 * scale : 0), `${name} on ${kernel}: ${difference} at ${scale}`);
    }
  }
}

test("moved bits of every code give the reference's numbers exactly", async () => {
  const codes = [
    { name: "signs", quantize: sign("s", "x"), values: [-1, 0, 1], pools: true },
    { name: "ternary", quantize: ternary("s", "x"), values: [-1, 0, 1], pools: true },
    { name: "one bit", quantize: levels("s", "x", 1), values: [0, 1], pools: true },
    { name: "round", quantize: levels("s", "x", 2), values: [0, 1], pools: false },
    { name: "dorefa", quantize: { ...levels("s", "x", 3), method: "dorefa" } as Node, values: [-1, 1], pools: false },
  ];
  for (const code of codes)
    for (const value of code.values)
      for (const { name, nodes } of chains(value, code.pools)) {
        for (const padValue of [-1, 0, 1] as const) {
          const layer = { ...binary("c", "m", { padValue, channels: 5 }), offset: false } as Node;
          const all = [code.quantize, ...nodes, layer];
          await assertOnBits(`${code.name}, ${name} of ${value}`, all, [2, 7, 5, 6], padValue + 2);
        }
      }
});

test("channels over words: 64 and more are joined, sliced, shuffled and pooled", async () => {
  for (const channels of [64, 65, 130]) {
    const nodes = [
      ...[sign("s", "x"), concat("j", "s", "s"), slice("k", "j", 3, 67 + (channels >> 1)), shuffle("m", "j", 2)],
      ...[concat("n", "k", "m"), maxPool("p", "n")],
    ];
    const layer = { ...binary("c", "p", { padValue: 0, channels: 70 }), offset: false } as Node;
    await assertOnBits(`${channels} channels`, [...nodes, layer], [1, channels, 6, 4], 2);
  }
});

test("signs beside ternary values are ternary, with the zeros of either", async () => {
  const layer = { ...binary("c", "j", { padValue: 0 }), offset: false } as Node;
  await assertOnBits(
    "sign and ternary",
    [sign("u", "x"), ternary("s", "x"), concat("j", "u", "s"), layer],
    [2, 7, 5, 6],
    1,
  );
  // Two flags: zeros of the input, and zeros of what is left of it.
  const some = [
    ternary("s", "x"),
    crop("a", "s", 1, 0),
    pad("b", "a", 1, [1, 0, 0, 0]),
    ternary("t", "x"),
    concat("j", "t", "b", "s"),
  ];
  await assertOnBits("two flags", [...some, layer], [2, 7, 5, 6], 1);
  const padded = [sign("u", "x"), pad("p", "u", 0), ternary("t", "x"), pad("q", "t", -1), concat("j", "p", "q"), layer];
  await assertOnBits("zeros of a pad", padded, [2, 7, 5, 6], 1);
});

test("a binary dense layer reads the bits of a flattened map, in either order, of one pixel and of many", async () => {
  for (const shape of [
    [2, 7, 5, 6],
    [3, 65, 1, 1],
    [1, 64, 3, 3],
  ])
    for (const layout of ["NCHW", "NHWC"] as const)
      for (const quantize of [sign("s", "x"), ternary("s", "x"), levels("s", "x", 2)]) {
        const nodes = [quantize, { ...flatten("f", "s"), layout } as Node, dense("d", "f")];
        await assertOnBits(`flatten ${layout} of ${shape}`, nodes, shape, 1);
      }
});

test("many images and pixels are moved in tasks", () => {
  const moved = [
    maxPool("p", "s"),
    shuffle("m", "p", 8),
    pad("w", "m", 1),
    concat("j", "w", "w"),
    slice("k", "j", 1, 99),
  ];
  const graph = graphOf([sign("s", "x"), ...moved, flatten("f", "k"), dense("d", "f")], [6, 64, 96, 96]);
  const plan = planProgram(compileGraph(graph, randomWeights(graph, 1)), graph.inputShape, "f32", { workers: 4 });
  for (const { kind, phases } of plan.steps.filter(({ kind }) => kind.endsWith("Bits"))) {
    assert.ok(phases[0].length > 1, `${kind} is ${phases[0].length} tasks`);
  }
});

/** A grouped layer behind a shuffle, as in ShuffleNets: groups and moved bits together. */
test("grouped layers read shuffled bits", async () => {
  const grouped = (name: string, input: string): Node =>
    ({ ...(binary(name, input, { channels: 12, padValue: 0 }) as BinaryConv2dNode), groups: 3, offset: false }) as Node;
  const graph: Graph = graphOf(
    [sign("s", "x"), grouped("c", "s"), norm("n", "c"), sign("t", "n"), shuffle("m", "t", 3), grouped("d", "m")],
    [2, 12, 5, 7],
  );
  assert.deepEqual(fused(graph.nodes.slice(1), [], graph.inputShape), [
    start,
    "t: sign = binaryConv2d(s)",
    "m = permuteBits(t)",
    "d = binaryConv2d(m)",
  ]);
  await assertOnBits("shuffled", graph.nodes.slice(1), graph.inputShape, 3);
});

test("random graphs move bits in every way, and have groups on bits", () => {
  const seen = new Map<string, number>();
  for (const spec of fc.sample(specification, { seed: 1, numRuns: 1000 })) {
    const graph = buildRandomGraph(spec);
    for (const op of compileGraph(graph, randomWeights(graph, 1)).ops) {
      const kind = "groups" in op && op.groups > 1 ? `${op.kind} in groups` : op.kind;
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
    }
  }
  for (const kind of [
    ...["windowBits", "maxPoolBits", "concatBits", "sliceBits", "permuteBits", "flattenBits"],
    ...["binaryConv2d in groups", "planesConv2d in groups"],
  ]) {
    assert.ok((seen.get(kind) ?? 0) >= 3, `${kind}: ${seen.get(kind)}`);
  }
});
