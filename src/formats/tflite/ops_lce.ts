/**
 * Larq's operators: bitpacked maps become values of -1 and +1, whose bits the compiler packs again as its kernels
 * want them. Source: the reference kernels of larq/compute-engine.
 */
import type { BinaryConv2dNode } from "../../graph/types.js";
import type { BitWeight } from "../../weights.js";
import { clampSteps } from "./activation.js";
import { signsOf, toOihw, unpackFilter } from "./bits.js";
import { finish } from "./finish.js";
import { channelsOf, fileShape, mapOf, sizeOf } from "./forms.js";
import type { Importer } from "./importer.js";
import { type BconvOptions, bconvOptions, binaryPoolOptions, type Era, lcePadding } from "./lce_options.js";
import { badOperator, unsupported } from "./operators.js";
import type { TfliteOperator } from "./schema.js";
import type { FeatureMap, Step } from "./values.js";
import { checkWindow, graphPadding, type PaddingRule, type Window } from "./windows.js";

const SIGN: Step = { operation: { kind: "quantize", method: "det_sign", bits: 1 }, suffix: "sign" };

/** The signs of a tensor: -1 below 0, else +1, as LceQuantize gives them; of a bitpacked one itself. */
function signsFor(importer: Importer, op: TfliteOperator, value: FeatureMap): string {
  return value.storage === "bits" ? value.node : importer.shared(op, SIGN.operation, value.node, SIGN.suffix);
}

function defineBits(importer: Importer, op: TfliteOperator, node: string): void {
  importer.define(op, { kind: "map", node, shape: fileShape(importer, node), storage: "bits", int8: null });
}

/** Bit = x < 0, or q < zero point; a value of NaN gives +1, and -0 too. */
export function lceQuantize(importer: Importer, op: TfliteOperator): void {
  const input = importer.map(op, 0);
  if (input.storage === "bits") badOperator(op, "packs what is packed already");
  const node = importer.add(op, input.node, [SIGN]);
  importer.define(op, { ...input, node, storage: "bits", int8: null });
}

/**
 * Signs as floats of the same type: the oldest files. A -0 is taken as +1 here, where the old kernel took its sign
 * bit.
 */
export function binarySign(importer: Importer, op: TfliteOperator): void {
  const { node, shape, storage } = importer.map(op, 0);
  if (storage !== "f32") unsupported(op, "takes the sign of what is not f32");
  finish(importer, op, node, [SIGN], { shape });
}

/** Signs as floats, or as the int8 numbers nearest to them. */
export function lceDequantize(importer: Importer, op: TfliteOperator): void {
  const { node, shape, storage } = importer.map(op, 0);
  if (storage !== "bits") badOperator(op, "unpacks what is not packed");
  finish(importer, op, node, [], { shape });
}

/** The maximum of signs: pixels outside the map take no part. */
export function lceBMaxPool(importer: Importer, op: TfliteOperator, era: Era): void {
  const input = importer.map(op, 0);
  const node = mapOf(importer, op, input) ?? unsupported(op, "pools a tensor that is no map");
  const { window, padding } = binaryPoolOptions(op);
  const rule = lcePadding(op, padding, era, window, sizeOf(input), importer.output(op).known);
  const { kernel, stride } = window;
  const pool: Step = {
    operation: { kind: "maxPool", kernel, stride, padding: graphPadding(rule, window) },
    suffix: "pool",
  };
  const signs = signsFor(importer, op, { ...input, node });
  defineBits(importer, op, importer.add(op, signs, [pool]));
}

interface Filter {
  readonly weight: BitWeight;
  readonly groups: number;
}

function readFilter(importer: Importer, op: TfliteOperator, channels: number, { filterFormat }: BconvOptions): Filter {
  const tensor = importer.constant(op, 1);
  if (tensor.shape.length !== 4) badOperator(op, `has a filter of ${tensor.shape.length} axes, expected 4`);
  if (tensor.type === "f32") {
    const floats = importer.floats(op, 1);
    importer.spend(5 * floats.data.length);
    const weight = signsOf(toOihw(floats, filterFormat), importer.name(op));
    if (weight.shape[1] !== channels) badOperator(op, `has a filter of ${weight.shape[1]} channels on ${channels}`);
    return { weight, groups: 1 };
  }
  if (tensor.type !== "i32") unsupported(op, `has a filter of type ${tensor.type}: i32 bits and f32 are computed here`);
  const words = Math.ceil(channels / 32);
  const [outputs, , , filterWords] = tensor.shape;
  const groups = words / filterWords;
  const fits = Number.isInteger(groups) && groups >= 1 && (groups === 1 || channels % (32 * groups) === 0);
  if (!fits || outputs % groups !== 0) {
    badOperator(
      op,
      `has a filter of ${filterWords} words and ${outputs} outputs, which make no groups of ${channels} channels` +
        ` (${words} words)`,
    );
  }
  importer.spend(tensor.data!.length);
  return { weight: unpackFilter(op, tensor.data!, tensor.shape, channels / groups), groups };
}

/** Constant `index` of one number for each output channel; null when it is left out. */
function perChannel(importer: Importer, op: TfliteOperator, index: number, outputs: number): Float32Array | null {
  if (importer.operand(op, index) === null) return null;
  const { data } = importer.floats(op, index);
  return data.length === outputs
    ? data
    : badOperator(op, `has ${data.length} numbers as input ${index}, expected ${outputs}`);
}

/** True if multiplier and bias make the popcount of agreeing signs of a dot product: (dot + fanIn) / 2. */
function isPopcount(importer: Importer, op: TfliteOperator, outputs: number, fanIn: number): boolean {
  const [scale, shift] = [2, 3].map((index) => perChannel(importer, op, index, outputs));
  const isHalf = scale?.every((value) => value === 0.5) ?? false;
  return isHalf && (shift?.every((value) => value === fanIn / 2) ?? false);
}

/** y * multiplier + bias; without what changes nothing. */
function affineSteps(importer: Importer, op: TfliteOperator, outputs: number): readonly Step[] {
  const parameter = (role: string, data: Float32Array | null, neutral: number) =>
    data === null || data.every((value) => value === neutral)
      ? null
      : importer.parameter(op, role, { kind: "f32", shape: [outputs], data });
  const scale = parameter("scale", perChannel(importer, op, 2, outputs), 1);
  const shift = parameter("shift", perChannel(importer, op, 3, outputs), 0);
  return scale === null && shift === null
    ? []
    : [{ operation: { kind: "scaleShift", scale, shift }, suffix: "affine" }];
}

/**
 * Bit = popcount > threshold, that is dot < K - 2 threshold = t, as a sign of the integer dot - t: -1 below 0. Within
 * the range of dot (-K to K) a t of -K is always +1 and one of K + 1 always -1, so that no threshold loses bits in a
 * float.
 */
function thresholdSteps(importer: Importer, op: TfliteOperator, outputs: number, fanIn: number): readonly Step[] {
  const thresholds = importer.int32s(op, 4);
  if (thresholds.length !== outputs) badOperator(op, `has ${thresholds.length} thresholds, expected ${outputs}`);
  importer.spend(4 * outputs);
  const data = Float32Array.from(thresholds, (threshold) => {
    const limit = Math.min(Math.max(fanIn - 2 * threshold, -fanIn), fanIn + 1);
    return -limit;
  });
  const shift = importer.parameter(op, "shift", { kind: "f32", shape: [outputs], data });
  return [{ operation: { kind: "scaleShift", scale: null, shift }, suffix: "threshold" }, SIGN];
}

function convolution(
  importer: Importer,
  op: TfliteOperator,
  options: BconvOptions,
  filter: Filter,
  rule: PaddingRule,
): Step {
  const { weight, groups } = filter;
  const [channels, , height, width] = weight.shape;
  const window: Window = { kernel: [height, width], stride: options.stride, dilation: options.dilation };
  const operation: Omit<BinaryConv2dNode, "name" | "inputs" | "module"> = {
    kind: "binaryConv2d",
    weight: importer.parameter(op, "weight", weight),
    channels,
    ...window,
    padding: graphPadding(rule, window),
    groups,
    padValue: options.padValue,
    quantizer: "det_sign",
    bits: 1,
    scaling: "none",
    offset: false,
  };
  return { operation, suffix: "dot" };
}

/**
 * The dot product of signs, the activation on that integer, then multiplier and bias; or, of a bitpacked output, a
 * threshold of the popcount in which the converter has folded all three.
 */
export function lceBconv2d(importer: Importer, op: TfliteOperator, era: Era): void {
  const input = importer.map(op, 0);
  const node = mapOf(importer, op, input) ?? unsupported(op, "convolves a tensor that is no map");
  const options = bconvOptions(op);
  const channels = channelsOf(input);
  if (options.channels !== null && options.channels !== channels) {
    badOperator(op, `has the option channels_in ${options.channels} on an input of ${channels} channels`);
  }
  const filter = readFilter(importer, op, channels, options);
  const [outputs, groupChannels, ...kernel] = filter.weight.shape;
  const { stride, dilation } = options;
  const window = checkWindow(op, { kernel: [kernel[0], kernel[1]], stride, dilation });
  const tensor = importer.output(op);
  const rule = lcePadding(op, options.padding, era, window, sizeOf(input), tensor.known);

  const fanIn = groupChannels * kernel[0] * kernel[1];
  const signs = signsFor(importer, op, { ...input, node });
  const dot = convolution(importer, op, options, filter, rule);
  const border = rule === "VALID" ? "no padding" : `SAME padded with ${options.padValue === 1 ? "+1" : "0"}`;
  const groups = filter.groups > 1 ? `, ${filter.groups} groups` : "";
  const text = `on bits, LceBconv2d ${kernel.join("x")} ${channels} -> ${outputs}${groups}, ${border}`;
  if (tensor.type === "i32") {
    const isThreshold = importer.operand(op, 4) !== null;
    const steps = isThreshold
      ? thresholdSteps(importer, op, outputs, fanIn)
      : [...clampSteps(options.bounds, "clamp"), ...affineSteps(importer, op, outputs), SIGN];
    defineBits(importer, op, importer.add(op, signs, [dot, ...steps]));
    importer.note(op, "bits", `${text}, signs by ${isThreshold ? "thresholds" : "the sign of the result"}`);
    return;
  }
  const clamps = clampSteps(options.bounds, "clamp");
  const steps =
    clamps.length === 0 && isPopcount(importer, op, outputs, fanIn)
      ? [{ ...dot, operation: { ...dot.operation, offset: true } }]
      : [dot, ...clamps, ...affineSteps(importer, op, outputs)];
  finish(importer, op, signs, steps);
  importer.note(op, "bits", text);
}
