/** Which weights can be stored as 1 bit each, what their layers need beside the bits, and whether given bits fit. */
import { XnorkitError } from "../errors.js";
import { formatShape } from "../tensor.js";
import type { BitWeight } from "../weights.js";
import type { WeightQuantizer } from "./nodes/quantizers.js";
import type { Packing, ParameterSpec } from "./parameter_spec.js";

export type { Packing } from "./parameter_spec.js";

/** What of a layer decides how its weights are stored. */
interface QuantizingLayer {
  readonly bits: number;
  readonly quantizer: WeightQuantizer;
  readonly scaling?: Packing["scaling"];
}

const signQuantizers: ReadonlySet<WeightQuantizer> = new Set(["det_sign", "sign_approx_sign", "sign"]);

/** The packing of a layer's weight; null if it has more than 1 bit, or its quantiser needs the floats. */
export function packingOf({ bits, quantizer, scaling = "none" }: QuantizingLayer): Packing | null {
  if (bits !== 1 || !signQuantizers.has(quantizer)) return null;
  return { signs: quantizer === "sign" ? "sign" : "det_sign", scaling };
}

/** True if the layer needs nothing beside 1 bit a weight, whatever the floats were. */
export function signsSuffice({ signs, scaling }: Packing): boolean {
  return signs === "det_sign" && scaling === "none";
}

/** The packing that serves two layers that share a weight: theirs if it is the same, else none. */
export function commonPacking(a: Packing | null, b: Packing | null): Packing | null {
  return a?.signs === b?.signs && a?.scaling === b?.scaling ? a : null;
}

/** Checks size and tail bits of bytes in the layout of `BitWeight.data`. */
function checkLayout({ name, shape }: ParameterSpec, data: Uint8Array, what: string): void {
  const [outputs, inputs, height = 1, width = 1] = shape; // a dense layer's has two axes
  const tapBytes = Math.ceil(inputs / 8);
  const bytes = outputs * height * width * tapBytes;
  if (data.length !== bytes) {
    throw new XnorkitError(
      "bad-shape",
      `parameter ${name} of shape ${formatShape(shape)} needs ${bytes} bytes of ${what}, but has ${data.length}`,
    );
  }
  if (inputs % 8 === 0) return;
  const past = (0xff << (inputs % 8)) & 0xff;
  for (let last = tapBytes - 1; last < bytes; last += tapBytes) {
    if ((data[last] & past) === 0) continue;
    throw new XnorkitError(
      "bad-value",
      `parameter ${name} has ${what} set past its ${inputs} channels in byte ${last}, where zeros are needed`,
    );
  }
}

function checkScale(spec: ParameterSpec, { scaling }: Packing, scale: Float32Array | undefined): void {
  if (scaling === "none") {
    if (scale === undefined) return;
    throw new XnorkitError(
      "bad-value",
      `parameter ${spec.name} has a scale, but layer ${spec.node} does not scale: leave it out`,
    );
  }
  if (scale === undefined) {
    throw new XnorkitError(
      "bad-value",
      `parameter ${spec.name} is stored as sign bits without a scale, but layer ${spec.node} multiplies by the mean ` +
        "of |w|: store it beside the bits, or the float values instead",
    );
  }
  const expected = scaling === "channel" ? spec.shape[0] : 1;
  if (scale.length !== expected) {
    throw new XnorkitError(
      "bad-shape",
      `parameter ${spec.name} has a scale of ${scale.length} values, but layer ${spec.node} (scaling ${scaling}) ` +
        `needs ${expected}`,
    );
  }
  const wrong = scale.findIndex((value) => !(value >= 0 && value < Infinity));
  if (wrong < 0) return;
  throw new XnorkitError(
    "bad-value",
    `parameter ${spec.name} has a scale of ${scale[wrong]} at element ${wrong}, where a mean of |w| is needed: ` +
      "finite and at least 0",
  );
}

function checkNonzero(spec: ParameterSpec, { signs }: Packing, { data, nonzero }: BitWeight): void {
  if (nonzero === undefined) return;
  if (signs !== "sign") {
    throw new XnorkitError(
      "bad-value",
      `parameter ${spec.name} has a mask of zeros, but layer ${spec.node} takes zeros as +1: leave the mask out`,
    );
  }
  checkLayout(spec, nonzero, "mask bits");
  const [, inputs] = spec.shape;
  const tapBytes = Math.ceil(inputs / 8);
  const lastByte = 0xff >> (8 * tapBytes - inputs);
  for (let i = 0; i < data.length; i++) {
    const channels = (i + 1) % tapBytes === 0 ? lastByte : 0xff;
    if ((data[i] | nonzero[i]) === channels) continue;
    throw new XnorkitError(
      "bad-value",
      `parameter ${spec.name} has a weight that is 0 by its mask, but has no sign bit, in byte ${i}: zeros have sign ` +
        "bit 1",
    );
  }
}

/**
 * Checks the bits of a weight and what stands beside them.
 * @throws XnorkitError `bad-value` if the layer needs the floats or a scale that is missing, if something stands beside
 *   that it does not need, and for stray bits and scales that are no mean of |w|; `bad-shape` for a wrong number of
 *   bytes or scales.
 */
export function checkBits(spec: ParameterSpec, weight: BitWeight): void {
  const { packing } = spec;
  if (packing === null) {
    throw new XnorkitError(
      "bad-value",
      `parameter ${spec.name} is stored as sign bits, but layer ${spec.node} needs its float values`,
    );
  }
  checkLayout(spec, weight.data, "sign bits");
  checkScale(spec, packing, weight.scale);
  checkNonzero(spec, packing, weight);
}
