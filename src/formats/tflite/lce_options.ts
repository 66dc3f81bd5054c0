/**
 * Options of Larq's custom operators in the forms of all years. Padding is what they disagree on: 1 is VALID since
 * August 2020 and SAME in the files of the two months before; older ones write it in words.
 */
import type { Pair } from "../../graph/types.js";
import { formatShape } from "../../tensor.js";
import { activationBounds, type Bounds, NO_BOUNDS, RELU, RELU_N1_TO_1, RELU6 } from "./activation.js";
import { type OptionValue, readFlexMap } from "./flexbuffer.js";
import { CUSTOM } from "./operator_names.js";
import { badOperator, describeOperator, operatorName, readable } from "./operators.js";
import type { TfliteFile, TfliteOperator } from "./schema.js";
import { checkWindow, type PaddingRule, type Window, windowSize } from "./windows.js";

/** How a file numbers padding: "2020" is 1 SAME and 2 VALID, "now" is 0 SAME and 1 VALID. */
export type Era = "2020" | "now";

/** What LceBconv2d says beside its window's kernel. */
export interface BconvOptions {
  readonly stride: Pair;
  readonly dilation: Pair;
  readonly bounds: Bounds;
  /** What pixels outside the map are with SAME padding. */
  readonly padValue: 0 | 1;
  /** Null when the file does not say. */
  readonly channels: number | null;
  readonly padding: OptionValue;
  /** Order of a filter of floats: HWIO in the oldest files. */
  readonly filterFormat: "HWIO" | "OHWI";
}

const ACTIVATION_NAMES: Readonly<Record<string, Bounds>> = {
  "": NO_BOUNDS,
  NONE: NO_BOUNDS,
  RELU,
  RELU1: RELU_N1_TO_1,
  RELU_N1_TO_1,
  RELU6,
};

type Options = ReadonlyMap<string, OptionValue>;

function read(op: TfliteOperator): Options {
  return readFlexMap(op.customOptions, describeOperator(op));
}

function wrong(op: TfliteOperator, key: string, found: OptionValue | undefined): never {
  const value = found === undefined ? "is missing" : `is ${readable(String(found), 40)}`;
  return badOperator(op, `has an option ${key} that ${value}`);
}

function integer(op: TfliteOperator, options: Options, key: string, otherwise?: number): number {
  const found = options.get(key) ?? otherwise;
  return typeof found === "number" ? found : wrong(op, key, found);
}

/** `stride_height` and `stride_width`, or the older vector [1, height, width, 1]. */
function pair(
  op: TfliteOperator,
  options: Options,
  names: readonly [height: string, width: string],
  vector: string,
): Pair {
  const found = options.get(vector);
  if (found === undefined) return [integer(op, options, names[0]), integer(op, options, names[1])];
  const isPair = Array.isArray(found) && found.length === 4 && found[0] === 1 && found[3] === 1;
  return isPair ? [found[1], found[2]] : wrong(op, vector, found);
}

function bounds(op: TfliteOperator, options: Options): Bounds {
  const found = options.get("fused_activation_function") ?? options.get("activation") ?? 0;
  if (typeof found === "number") return activationBounds(op, found);
  const known = typeof found === "string" && Object.hasOwn(ACTIVATION_NAMES, found) ? ACTIVATION_NAMES[found] : null;
  return known ?? wrong(op, "fused_activation_function", found);
}

/** The options of LceBconv2d and of its forerunners. */
export function bconvOptions(op: TfliteOperator): BconvOptions {
  const options = read(op);
  const padValue = integer(op, options, "pad_values", 0);
  if (padValue !== 0 && padValue !== 1) wrong(op, "pad_values", padValue);
  const channels = options.get("channels_in") ?? null;
  if (channels !== null && typeof channels !== "number") wrong(op, "channels_in", channels);
  const format = options.get("filter_format") ?? (options.has("strides") ? "HWIO" : "OHWI");
  if (format !== "HWIO" && format !== "OHWI" && format !== "OHWI_PACKED") wrong(op, "filter_format", format);
  return {
    stride: pair(op, options, ["stride_height", "stride_width"], "strides"),
    dilation: pair(op, options, ["dilation_height_factor", "dilation_width_factor"], "dilations"),
    bounds: bounds(op, options),
    padValue,
    channels,
    padding: options.get("padding") ?? wrong(op, "padding", undefined),
    filterFormat: format === "HWIO" ? "HWIO" : "OHWI",
  };
}

/** The window and padding of LceBMaxPool2d. */
export function binaryPoolOptions(op: TfliteOperator): { readonly window: Window; readonly padding: OptionValue } {
  const options = read(op);
  const both = (name: string): Pair => [integer(op, options, `${name}_height`), integer(op, options, `${name}_width`)];
  const window = checkWindow(op, { kernel: both("filter"), stride: both("stride"), dilation: [1, 1] });
  return { window, padding: options.get("padding") ?? wrong(op, "padding", undefined) };
}

/** True for operators whose options hold a padding number of the file's era. */
function hasPadding(op: TfliteOperator): boolean {
  return op.code === CUSTOM && /^Lce(Bconv2d|BMaxPool2d)$/.test(operatorName(op));
}

/**
 * How the file numbers padding: as in 2020 if an operator binarises its input itself or has the number 2. An operator
 * whose declared output says otherwise is read by that (`lcePadding`).
 */
export function eraOf(file: TfliteFile): Era {
  const isOld = file.operators.filter(hasPadding).some((op) => {
    const type = op.inputs[0] >= 0 ? file.tensor(op.inputs[0]).type : "other";
    return type === "f32" || type === "i8" || read(op).get("padding") === 2;
  });
  return isOld ? "2020" : "now";
}

function rulesOf(op: TfliteOperator, padding: OptionValue, era: Era): readonly PaddingRule[] {
  if (typeof padding === "string" && /^(same|valid)$/i.test(padding)) return [padding.toUpperCase() as PaddingRule];
  if (padding === 0) return ["SAME", "VALID"];
  if (padding === 2) return ["VALID", "SAME"];
  if (padding === 1) return era === "2020" ? ["SAME", "VALID"] : ["VALID", "SAME"];
  return wrong(op, "padding", padding);
}

/**
 * SAME or VALID: what the number means in the file's era, unless the declared shape of the output allows only the
 * other.
 * @throws XnorkitError `bad-file` when neither gives the declared shape.
 */
export function lcePadding(
  op: TfliteOperator,
  padding: OptionValue,
  era: Era,
  window: Window,
  size: Pair,
  declared: readonly (number | null)[],
): PaddingRule {
  const rules = rulesOf(op, padding, era);
  if (declared.length === 0) return rules[0];
  const fits = (rule: PaddingRule) =>
    windowSize(rule, window, size).every((places, axis) => (declared[1 + axis] ?? places) === places);
  const found = declared.length === 4 ? rules.find(fits) : undefined;
  if (found !== undefined) return found;
  const sizes = rules.map((rule) => `${rule} gives ${windowSize(rule, window, size).join("x")}`).join(", ");
  const shape = formatShape(declared.map((places) => places ?? -1));
  return badOperator(op, `declares an output of ${shape}, but its window on ${size.join("x")} pixels with ${sizes}`);
}
