/** Quantising values: to signs, to bit planes, or to other floats; and reading bits as floats. */
import { type Call, call, type Ref } from "../../abi/call.js";
import { functionCost, mapCost } from "../../abi/costs.js";
import { bitBytes, mapBytes } from "../../abi/sizes.js";
import { XnorkitError } from "../../errors.js";
import { makeAffine } from "../affine.js";
import { affineRefs } from "../affine_constants.js";
import { type ActivationCode, activationCode, weightSum } from "../binary/codes.js";
import { bitsPixel, type LowerContext, mapPixel } from "../context.js";
import { noBounds } from "../epilogue.js";
import { noEpilogue, type UnaryOp, type ValueOp } from "../ir.js";
import type { Phase, Task } from "../plan.js";
import { offsetRef } from "../plan_builder.js";
import { pixelTasks, type Stretch } from "../tasks.js";
import type { ActivationOp, PointwiseOp } from "./elementwise.js";
import { newMap, pixelStep } from "./maps.js";
import type { FromNodes, OpRecords } from "./record.js";

/** Quantises a map to bit planes. */
export interface PackOp extends UnaryOp {
  readonly kind: "pack";
  readonly code: ActivationCode;
}

/** Bit planes as a map of the values they stand for, for readers of maps. */
export interface UnpackOp extends UnaryOp {
  readonly kind: "unpack";
  readonly code: ActivationCode;
}

/** A quantiser with more bits than are worth planes: the values themselves. */
export interface LevelsOp extends UnaryOp {
  readonly kind: "round" | "dorefa";
  readonly bits: number;
}

/** Real numbers to those that integers stand for. */
export interface FakeQuantizeOp extends UnaryOp {
  readonly kind: "fakeQuantize";
  readonly scale: number;
  readonly zeroPoint: number;
  readonly low: number;
  readonly high: number;
  readonly halfAway: boolean;
}

/** Real numbers to bit planes of the integers that stand for them. */
export interface PackGridOp extends Omit<FakeQuantizeOp, "kind"> {
  readonly kind: "packGrid";
  readonly code: ActivationCode;
}

export type QuantizeOp = PackOp | UnpackOp | LevelsOp | FakeQuantizeOp | PackGridOp;

export const quantizeNodes = {
  quantize({ name, inputs, method, bits }): readonly (PointwiseOp | ActivationOp | QuantizeOp)[] {
    const [input] = inputs;
    const code = activationCode(method, bits);
    if (code?.method === "sign") {
      // A sign that others may write for it.
      const sign = { bits: name, affine: null, greater: method === "sign_greater" };
      return [{ kind: "pointwise", name, input, epilogue: noEpilogue, value: null, sign }];
    }
    if (code !== null) return [{ kind: "pack", name, code, inputs: [input], value: name }];
    switch (method) {
      case "relu":
      case "identity": {
        const epilogue = { ...noEpilogue, relu: method === "relu" };
        return [{ kind: "pointwise", name, input, epilogue, value: name, sign: null }];
      }
      case "clip":
      case "leaky_clip":
      case "approx_sign":
        return [{ kind: "activation", name, function: method, inputs: [input], value: name }];
      case "round":
      case "dorefa":
        if (bits <= 31) return [{ kind: method, name, bits, inputs: [input], value: name }];
    }
    throw new XnorkitError("unsupported", `layer ${name} quantises by ${method} with ${bits} bits: use at most 31`);
  },
  fakeQuantize(node, { codeOf }): readonly QuantizeOp[] {
    const {
      name,
      inputs: [input],
      scale,
      zeroPoint,
      low,
      high,
    } = node;
    const halfAway = node.rounding === "half_away";
    const grid = { name, scale, zeroPoint, low, high, halfAway, inputs: [input], value: name } as const;
    const code = codeOf(name);
    return [code === null ? { kind: "fakeQuantize", ...grid } : { kind: "packGrid", code, ...grid }];
  },
} satisfies FromNodes<"quantize" | "fakeQuantize">;

/** The i32 that says whether a ternary value has any exact zero. */
export const zeroFlag = (value: string) => `${value}#zeros`;

function packPhases(context: LowerContext, op: PackOp): readonly Phase[] {
  const { builder } = context;
  const { pixels, channels } = context.shapeOf(op.value);
  const { method, bits, weights } = op.code;
  const planeBytes = bitBytes(pixels, channels);
  const src = context.refOf(op.inputs[0]);
  const dst = builder.buffer(op.value, planeBytes * weights.length);
  context.setRef(op.value, dst);
  if (method === "ternary") {
    const flag = builder.buffer(zeroFlag(op.value), 4);
    context.setRef(zeroFlag(op.value), flag);
    const stretches = pixelTasks(pixels, mapCost(mapBytes(pixels, channels)), context.workers);
    // Each task has a flag of its own; a layer reads whether their sum is 0.
    const flags = stretches.length === 1 ? flag : builder.buffer(`${op.name}/flags`, 16 * stretches.length);
    const packs = stretches.map(({ first, count }, i): Task => {
      const place = { src: mapPixel(src, first, channels), dst: bitsPixel(dst, first, channels) };
      return [
        call("packTernaryF32", { ...place, pixels: count, channels, planeBytes, zeroFlag: offsetRef(flags, 16 * i) }),
      ];
    });
    if (stretches.length === 1) return [packs];
    const sums = stretches.map((_, i) => {
      const place = { dst: flag, src: offsetRef(flags, 16 * i) };
      return i === 0
        ? call("copyBytes", { ...place, bytes: 4 })
        : call("addCountsI32", { ...place, elements: 1, shift: 0 });
    });
    return [packs, [sums]];
  }
  const places = (cost: number) =>
    pixelTasks(pixels, cost, context.workers).map(({ first, count }) => ({
      src: mapPixel(src, first, channels),
      dst: bitsPixel(dst, first, channels),
      pixels: count,
      channels,
      bits,
      planeBytes,
    }));
  if (method === "round") {
    return [places(mapCost(2 * mapBytes(pixels, channels))).map((place) => [call("packRoundF32", place)])];
  }
  const largest = builder.buffer(`${op.name}/largest`, 4);
  return [
    ...largestPhases(context, op, src, largest),
    places(functionCost(pixels * channels)).map((place) => [call("packDorefaF32", { ...place, largest })]),
  ];
}

/** The largest |tanh| of a map: of its parts first, if it is worth several tasks. */
function largestPhases(context: LowerContext, op: ValueOp, src: Ref, largest: Ref): readonly Phase[] {
  const { pixels, channels } = context.shapeOf(op.value);
  const stretches = pixelTasks(pixels, mapCost(mapBytes(pixels, channels)), context.workers);
  const parts = stretches.length;
  if (parts === 1) return [[[call("maxAbsTanhF32", { src, dst: largest, pixels, channels })]]];
  const all = context.builder.buffer(`${op.name}/parts`, 16 * parts);
  const tasks = stretches.map(({ first, count }, i): Task => {
    const place = { src: mapPixel(src, first, channels), dst: offsetRef(all, 16 * i) };
    return [call("maxAbsF32", { ...place, pixels: count, channels })];
  });
  return [tasks, [[call("maxAbsTanhF32", { src: all, dst: largest, pixels: parts, channels: 4 })]]];
}

/** A stretch of pixels of bit planes as floats. */
function unpackCalls(
  context: LowerContext,
  op: UnpackOp,
  src: Ref,
  dst: Ref,
  { first, count }: Stretch,
): readonly Call[] {
  const { pixels, channels } = context.shapeOf(op.value);
  const { method, bits, steps, offset, unit } = op.code;
  const place = { src: bitsPixel(src, first, channels), dst: mapPixel(dst, first, channels), pixels: count, channels };
  if (method === "sign") return [call("unpackSignF32", place)];
  if (method !== "ternary") {
    // s_i = 2 b_i - 1: unit (sum 2^i s_i + offset) / steps = unit (2 q + offset - sum 2^i) / steps
    const beta = (unit * (offset - weightSum(op.code))) / steps;
    const planeBytes = bitBytes(pixels, channels);
    return [call("unpackPlanesF32", { ...place, bits, planeBytes, scale: (2 * unit) / steps, beta })];
  }
  // (s_0 + s_1) / 2
  const half = makeAffine(channels, () => ({ scale: 1 / 2, shift: 0, root: 0 }));
  const affine = affineRefs(context, `halves/${channels}`, half, channels);
  const other = context.builder.scratch()(mapBytes(count, channels));
  const ends = { relu: 0, second: 0, bits: 0, signThreshold: 0, signFlip: 0 };
  const sum = { pixels: count, channels, ...affine, center: 0, ...noBounds, ...ends };
  return [
    call("unpackSignF32", place),
    call("unpackSignF32", { ...place, src: bitsPixel(src, pixels + first, channels), dst: other }),
    call("epilogueF32", { ...sum, src: place.dst, first: 0, dst: place.dst }),
    call("epilogueF32", { ...sum, src: other, first: place.dst, dst: place.dst }),
  ];
}

function lowerUnpack(context: LowerContext, op: UnpackOp): void {
  const src = context.refOf(op.inputs[0]);
  const { dst } = newMap(context, op.value);
  pixelStep(context, op, (stretch) => unpackCalls(context, op, src, dst, stretch));
}

function lowerLevels(context: LowerContext, op: LevelsOp): void {
  const src = context.refOf(op.inputs[0]);
  const { shape, dst } = newMap(context, op.value);
  const { pixels, channels } = shape;
  const place = ({ first, count }: Stretch) => ({
    src: mapPixel(src, first, channels),
    dst: mapPixel(dst, first, channels),
    pixels: count,
    channels,
    bits: op.bits,
  });
  if (op.kind === "round") {
    pixelStep(context, op, (stretch) => [call("roundF32", place(stretch))]);
    return;
  }
  const largest = context.builder.buffer(`${op.name}/largest`, 4);
  const tasks = pixelTasks(pixels, functionCost(pixels * channels), context.workers);
  const phases = [
    ...largestPhases(context, op, src, largest),
    tasks.map((stretch) => [call("dorefaF32", { ...place(stretch), largest })]),
  ];
  context.builder.step({ name: op.name, kind: op.kind, phases });
}

function lowerFakeQuantize(context: LowerContext, op: FakeQuantizeOp): void {
  const src = context.refOf(op.inputs[0]);
  const { shape, dst } = newMap(context, op.value);
  const { channels } = shape;
  const { scale, zeroPoint, low, high } = op;
  pixelStep(context, op, ({ first, count }) => {
    const place = { src: mapPixel(src, first, channels), dst: mapPixel(dst, first, channels), pixels: count, channels };
    return [call("fakeQuantizeF32", { ...place, scale, zeroPoint, low, high, halfAway: op.halfAway ? 1 : 0 })];
  });
}

/**
 * The values as fakeQuantizeF32 rounds them, moved to [0, 1] and packed as levels of `round`: an affine of a few levels
 * is nearer to each than half a step, so that rounding finds it.
 */
function lowerPackGrid(context: LowerContext, op: PackGridOp): void {
  const { builder } = context;
  const { pixels, channels } = context.shapeOf(op.value);
  const { scale, zeroPoint, low, high } = op;
  const { bits, weights } = op.code;
  const planeBytes = bitBytes(pixels, channels);
  const src = context.refOf(op.inputs[0]);
  const dst = builder.buffer(op.value, planeBytes * weights.length);
  context.setRef(op.value, dst);
  const top = weightSum(op.code);
  const levels = makeAffine(channels, () => {
    const shift = (zeroPoint - low) / top;
    return { scale: 1 / (scale * top), shift, root: (low - zeroPoint) * scale };
  });
  const { center, ...affine } = affineRefs(context, `${op.name}/levels/${channels}`, levels, channels);
  const ends = { first: 0, relu: 0, second: 0, bits: 0, signThreshold: 0, signFlip: 0 };
  const tasks = pixelTasks(pixels, mapCost(4 * mapBytes(pixels, channels)), context.workers).map(({ first, count }) => {
    const values = builder.scratch()(mapBytes(count, channels));
    const part = { pixels: count, channels };
    const grid = { scale, zeroPoint, low, high, halfAway: op.halfAway ? 1 : 0 };
    return [
      call("fakeQuantizeF32", { src: mapPixel(src, first, channels), dst: values, ...part, ...grid }),
      call("epilogueF32", { ...part, ...affine, center: center ?? 0, ...noBounds, ...ends, src: values, dst: values }),
      call("packRoundF32", { src: values, dst: bitsPixel(dst, first, channels), ...part, bits, planeBytes }),
    ];
  });
  builder.step({ name: op.name, kind: op.kind, phases: [tasks] });
}

export const quantizeOps: OpRecords<QuantizeOp> = {
  pack: {
    writes: "bits",
    lower: (context, op) => context.builder.step({ name: op.name, kind: op.kind, phases: packPhases(context, op) }),
  },
  unpack: { reads: "bits", lower: lowerUnpack },
  fakeQuantize: { lower: lowerFakeQuantize },
  packGrid: { writes: "bits", lower: lowerPackGrid },
  round: { lower: lowerLevels },
  dorefa: { lower: lowerLevels },
};
