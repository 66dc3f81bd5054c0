/**
 * What random graphs are drawn from: arbitraries of the nodes that are wished for, and of the sizes of maps and
 * windows. random_graph.ts wires them.
 */
import fc from "fast-check";
import type { KernelChoice } from "../../src/compiler/choose_kernel.js";
import type { Operation, Pair, TensorLayout } from "../../src/graph/types.js";

const kinds = [
  ...["conv2d", "binaryConv2d", "quantize", "batchNorm", "relu", "add", "maxPool", "avgPool", "globalAvgPool"],
  ...["flatten", "dense", "binaryDense", "concat", "mul", "scale", "absMean", "channelShuffle", "sliceChannels"],
  ...["pad", "crop", "activation", "softmax", "logSoftmax", "scaleShift", "prelu", "clip", "fakeQuantize"],
] as Operation["kind"][];

/** Repeated ones are drawn more often: signs are what most passes are about. */
const quantizers = [
  ...new Array(6).fill({ method: "det_sign", bits: 1 }),
  { method: "sign_approx_sign", bits: 1 },
  ...new Array(3).fill({ method: "sign", bits: 1 }),
  ...new Array(3).fill({ method: "sign_greater", bits: 1 }),
  ...[1, 2, 3, 4, 9].map((bits) => ({ method: "round", bits })),
  ...[2, 3, 4, 12].map((bits) => ({ method: "dorefa", bits })),
  ...["identity", "relu", "clip", "leaky_clip", "approx_sign"].map((method) => ({ method, bits: 32 })),
];

const weightQuantizers = [
  ...new Array(4).fill({ quantizer: "det_sign", bits: 1 }),
  ...new Array(2).fill({ quantizer: "sign", bits: 1 }),
  ...[2, 3, 4, 10].map((bits) => ({ quantizer: "dorefa", bits })),
  ...[2, 4, 9].map((bits) => ({ quantizer: "integer", bits })),
  { quantizer: "identity", bits: 32 },
];

const pair = (...sizes: readonly number[]) => fc.tuple(fc.constantFrom(...sizes), fc.constantFrom(...sizes));

/** What moves the bits between a quantiser and its layer. */
const movers: readonly (readonly Operation["kind"][])[] = [
  ...new Array(6).fill([]),
  ...[["pad"], ["maxPool"], ["concat"], ["channelShuffle"], ["sliceChannels"], ["crop"]],
  ...[
    ["pad", "maxPool"],
    ["concat", "channelShuffle", "sliceChannels"],
    ["sliceChannels", "pad"],
    ["maxPool", "pad"],
  ],
];

/** What the sizes of layers, of their windows and of the input are drawn from. */
interface Sizes {
  readonly inputs: fc.Arbitrary<number>;
  /** Height and width of the input. */
  readonly map: fc.Arbitrary<readonly [number, number]>;
  readonly channels: fc.Arbitrary<number>;
  readonly kernel: fc.Arbitrary<Pair>;
  readonly stride: fc.Arbitrary<Pair>;
  readonly dilation: fc.Arbitrary<Pair>;
  readonly side: fc.Arbitrary<number>;
}

const square = fc.integer({ min: 3, max: 8 }).map((size) => [size, size + 1] as const);

const usualSizes: Sizes = {
  inputs: fc.integer({ min: 1, max: 9 }),
  // Above 48 rows a binary convolution runs in several bands.
  map: fc.oneof({ weight: 20, arbitrary: square }, { weight: 1, arbitrary: fc.constant([50, 51] as const) }),
  channels: fc.constantFrom(1, 3, 5, 8, 64, 67),
  kernel: pair(1, 2, 3),
  stride: pair(1, 2),
  dilation: pair(1, 2),
  side: fc.nat(2),
};

const wideChannels = [1, 2, 3, 4, 7, 16, 31, 33, 63, 64, 65, 100, 127, 128, 129, 192, 255, 257, 384, 511, 512, 513];
const line = fc.integer({ min: 1, max: 40 });

/** Maps of one row or one column, many channels, oblong kernels, steps and dilation at once, wide borders. */
const wideSizes: Sizes = {
  inputs: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(...wideChannels)),
  map: fc.oneof(
    square,
    line.map((width) => [1, width] as const),
    line.map((height) => [height, 1] as const),
    fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 })),
  ),
  channels: fc.constantFrom(...wideChannels),
  kernel: fc.oneof(pair(1, 2, 3), pair(1, 3, 5, 7), fc.constantFrom<Pair[]>([1, 7], [7, 1], [2, 5], [1, 11], [4, 1])),
  stride: pair(1, 2, 3),
  dilation: pair(1, 2, 3),
  side: fc.oneof(fc.nat(2), fc.nat(12)),
};

/** One node to be; `first` and `second` choose among the values that it can read. */
const choiceOf = ({ channels, kernel, stride, dilation, side }: Sizes) =>
  fc.record({
    kind: fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom(...kinds) },
      // What the passes are about, more often.
      {
        weight: 2,
        arbitrary: fc.constantFrom<Operation["kind"]>(
          ...[
            "binaryConv2d" as const,
            "binaryConv2d" as const,
            "quantize" as const,
            "quantize" as const,
            "batchNorm" as const,
          ],
          ...["batchNorm" as const, "add" as const, "add" as const, "relu" as const],
        ),
      },
    ),
    first: fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 4),
    second: fc.nat(5),
    channels,
    /** Most convolutions keep the shape, so that additions find partners. */
    keeps: fc.constantFrom(true, true, true, false),
    kernel,
    stride,
    padding: fc.constantFrom("pair", "sides", "same"),
    sides: fc.tuple(side, side, side, side),
    dilation,
    padValue: fc.constantFrom<-1 | 0 | 1>(-1, 0, 1),
    flag: fc.boolean(),
    grouped: fc.constantFrom(false, false, false, true),
    quantizer: fc.constantFrom(...quantizers),
    weights: fc.constantFrom(...weightQuantizers),
    moved: fc.constantFrom(...movers),
    scaling: fc.constantFrom("none", "none", "channel", "tensor"),
    factor: fc.constantFrom<number>(0, 0.5, -2, 1),
    function: fc.constantFrom("tanh", "sigmoid", "softrelu", "softsign"),
    grid: fc.record({
      scale: fc.constantFrom(0.5, 0.25, Math.fround(0.1)),
      zeroPoint: fc.constantFrom(0, -3, 5),
      low: fc.constantFrom(-128, -8, 0),
      high: fc.constantFrom(7, 15, 127),
      rounding: fc.constantFrom("half_even", "half_away"),
    }),
  });

const specificationOf = (sizes: Sizes) =>
  fc.record({
    batch: fc.integer({ min: 1, max: 3 }),
    channels: sizes.inputs,
    map: sizes.map,
    choices: fc.array(choiceOf(sizes), { minLength: 2, maxLength: 14, size: "max" }),
    taps: fc.array(fc.nat(30), { maxLength: 3 }),
    output: fc.constantFrom(0, 0, 0, 1, 2),
    seed: fc.nat(1000),
    kernel: fc.constantFrom<KernelChoice>("table", "popcount", "auto"),
    bytes: fc.boolean(),
    layout: fc.constantFrom<TensorLayout>("NCHW", "NCHW", "NHWC"),
    /** One input in so many is exactly 0; none if it is 0. */
    zeros: fc.constantFrom(0, 0, 0, 5, 1),
  });

/** Graphs of small sizes of all kinds. */
export const specification = specificationOf(usualSizes);

/** Graphs of the sizes that networks for other things than square pictures have. */
export const wideSpecification = specificationOf(wideSizes);

export type Choice = ReturnType<typeof choiceOf> extends fc.Arbitrary<infer T> ? T : never;
export type Specification = typeof specification extends fc.Arbitrary<infer T> ? T : never;
