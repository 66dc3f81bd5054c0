/** An arbitrary node of every kind, on inputs that it can read: a kind that is missing here is a type error. */
import fc from "fast-check";
import type { ComputedNode, Graph, Node, Operation, Padding, Pair } from "../../src/graph/types.js";

/** The channels of the map that nodes read, and its size. */
const CHANNELS = 6;
const SIZE: Pair = [7, 8];

const integer = (min: number, max: number) => fc.integer({ min, max });
const pair = (min: number, max: number): fc.Arbitrary<Pair> => fc.tuple(integer(min, max), integer(min, max));
const oneOf = fc.constantFrom;
const number = fc.double({ min: -5, max: 5, noNaN: true }).map((value) => Math.fround(value) + 0);
const nameOrNull = (name: string) => oneOf(name, null);

function padding(kernel: Pair): fc.Arbitrary<Padding> {
  const [rows, columns] = [integer(0, kernel[0] - 1), integer(0, kernel[1] - 1)];
  const sides = fc.tuple(rows, columns, rows, columns);
  // Four numbers that are equal by axis have another way to be written, the only one that is read back.
  const uneven = sides.filter(([top, left, bottom, right]) => top !== bottom || left !== right);
  return fc.oneof(oneOf<Padding>("same"), fc.tuple(rows, columns), kernel[0] * kernel[1] === 1 ? sides : uneven);
}

const window = pair(1, 3).chain((kernel) =>
  fc.record({
    kernel: fc.constant(kernel),
    stride: pair(1, 3),
    padding: kernel[0] * kernel[1] === 1 ? oneOf<Padding>("same", [0, 0]) : padding(kernel),
  }),
);

const convolution = fc
  .record({ window, dilation: pair(1, 2), channels: oneOf(6, 12), groups: oneOf(1, 2, 3, 6) })
  .map(({ window, ...rest }) => ({ weight: "node.weight", ...window, ...rest }));

const weights = fc.oneof(
  fc.record({ quantizer: oneOf("det_sign" as const, "sign_approx_sign" as const, "sign" as const), bits: oneOf(1) }),
  fc.record({ quantizer: oneOf("dorefa" as const, "integer" as const), bits: integer(2, 8) }),
  fc.record({ quantizer: oneOf("identity" as const), bits: oneOf(32) }),
);

const slice = fc
  .tuple(integer(0, CHANNELS), integer(0, CHANNELS))
  .filter(([a, b]) => a !== b)
  .map(([a, b]) => ({ begin: Math.min(a, b), end: Math.max(a, b) }));

type OfKind<K extends Operation["kind"]> = Omit<Extract<Operation, { kind: K }>, "kind">;

/** The fields of each kind. */
const fields: { readonly [K in Operation["kind"]]: fc.Arbitrary<OfKind<K>> } = {
  conv2d: fc
    .record({ convolution, bias: nameOrNull("node.bias") })
    .map(({ convolution, bias }) => ({ ...convolution, bias })),
  binaryConv2d: fc
    .record({
      convolution,
      weights,
      padValue: oneOf(-1 as const, 0 as const, 1 as const),
      scaling: oneOf("none" as const, "channel" as const, "tensor" as const),
      offset: fc.boolean(),
    })
    .map(({ convolution, weights, ...rest }) => ({ ...convolution, ...weights, ...rest })),
  quantize: fc.record({
    method: oneOf(
      ...(["det_sign", "sign_approx_sign", "sign", "sign_greater", "round", "dorefa"] as const),
      ...(["identity", "relu", "clip", "leaky_clip", "approx_sign"] as const),
    ),
    bits: integer(1, 32),
  }),
  fakeQuantize: fc.record({
    scale: fc.double({ min: 2 ** -10, max: 2, noNaN: true }),
    zeroPoint: integer(-128, 127),
    low: integer(-128, 0),
    high: integer(0, 255),
    rounding: oneOf("half_even" as const, "half_away" as const),
  }),
  batchNorm: fc.record({
    gamma: nameOrNull("node.gamma"),
    beta: nameOrNull("node.beta"),
    mean: oneOf("node.mean"),
    variance: oneOf("node.variance"),
    epsilon: fc.double({ min: 2 ** -20, max: 1, noNaN: true }),
    fixGamma: fc.boolean(),
  }),
  scaleShift: fc.record({ scale: nameOrNull("node.scale"), shift: nameOrNull("node.shift") }),
  relu: fc.constant({}),
  prelu: fc.constant({ slope: "node.slope" }),
  clip: fc.record({
    min: fc.oneof(
      oneOf(null),
      number.map((value) => Math.min(value, 1)),
    ),
    max: fc.oneof(
      oneOf(null),
      number.map((value) => Math.max(value, 1)),
    ),
  }),
  activation: fc.record({
    function: oneOf("tanh" as const, "sigmoid" as const, "softrelu" as const, "softsign" as const),
  }),
  scale: fc.record({ factor: number }),
  add: fc.record({ channelOffset: oneOf(0) }),
  mul: fc.constant({}),
  maxPool: window,
  avgPool: fc.record({ window, countIncludePad: fc.boolean() }).map(({ window, ...rest }) => ({ ...window, ...rest })),
  globalAvgPool: fc.constant({}),
  dense: fc.record({ weight: oneOf("node.weight"), bias: nameOrNull("node.bias"), units: integer(1, 9) }),
  binaryDense: fc
    .record({ weights, bias: nameOrNull("node.bias"), units: integer(1, 9), offset: fc.boolean() })
    .map(({ weights, ...rest }) => ({ weight: "node.weight", ...weights, ...rest })),
  concat: fc.constant({}),
  channelShuffle: fc.record({ groups: oneOf(1, 2, 3, 6) }),
  sliceChannels: slice,
  absMean: fc.constant({}),
  softmax: fc.constant({}),
  logSoftmax: fc.constant({}),
  pad: fc.record({
    top: integer(0, 3),
    left: integer(0, 3),
    bottom: integer(0, 3),
    right: integer(0, 3),
    value: number,
  }),
  crop: fc.record(
    { top: integer(0, 3), left: integer(0, 3), bottom: integer(0, 3), right: integer(0, 3) },
    { requiredKeys: ["top", "left"] },
  ),
  flatten: fc.record({ layout: oneOf("NCHW" as const, "NHWC" as const) }, { requiredKeys: [] }),
};

export const computedKinds = Object.keys(fields) as readonly ComputedNode["kind"][];

const before: { readonly [name: string]: Node } = {
  flat: { kind: "flatten", name: "flat", inputs: ["input"], module: "" },
  gate: { kind: "globalAvgPool", name: "gate", inputs: ["input"], module: "" },
};

/** What the node reads: a map, or what stands before it in `before`. */
function inputsOf(kind: ComputedNode["kind"]): fc.Arbitrary<readonly string[]> {
  switch (kind) {
    case "dense":
    case "binaryDense":
      return oneOf(["flat"]);
    case "add":
      return oneOf(["input", "input"]);
    case "mul":
      return oneOf(["input", "input"], ["input", "gate"]);
    case "concat":
      return integer(1, 3).map((count) => new Array(count).fill("input"));
    default:
      return oneOf(["input"]);
  }
}

/** A graph whose last node, named `node`, is of the given kind. */
export function graphWith(kind: ComputedNode["kind"]): fc.Arbitrary<Graph> {
  return fc
    .record({ operation: fields[kind] as fc.Arbitrary<OfKind<"relu">>, inputs: inputsOf(kind), batch: integer(1, 2) })
    .map(({ operation, inputs, batch }) => ({
      name: kind,
      inputShape: [batch, CHANNELS, ...SIZE],
      nodes: [
        { kind: "input", name: "input", inputs: [], module: "" },
        ...[...new Set(inputs)].filter((name) => name !== "input").map((name) => before[name]),
        { kind, name: "node", inputs, module: "", ...operation } as Node,
      ],
      output: "node",
      modules: [{ path: "", type: "Test", output: "node" }],
    }));
}
