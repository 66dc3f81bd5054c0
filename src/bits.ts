/** Float weights as bits and back: the layout of `BitWeight` (weights.ts). */
import { XnorkitError } from "./errors.js";
import type { Packing } from "./graph/parameter_spec.js";
import { elementCount, formatShape, type Shape } from "./tensor.js";
import { channelMagnitudes, meanScale } from "./weight_scale.js";
import type { BitWeight } from "./weights.js";

/**
 * `[O, kh, kw, ceil(I / 8)]`: the bytes that hold the signs of an OIHW tensor, or of [units, inputs] with a 1x1 kernel.
 */
export function packedShape(shape: Shape): Shape {
  const [outputs, inputs, height = 1, width = 1] = shape;
  return [outputs, height, width, Math.ceil(inputs / 8)];
}

/**
 * Packs the signs of weights: bit 1 if w >= 0, so +0 and -0 are 1 (BMXNet's det_sign).
 *
 * @param values Row-major OIHW or [units, inputs].
 * @param name Of the parameter, for messages.
 * @throws XnorkitError `bad-shape` if the shape has neither four axes nor two or the values do not fill it; `bad-value`
 *   with the index of a NaN.
 */
export function packSigns(values: Float32Array, shape: Shape, name = "weights"): BitWeight {
  if ((shape.length !== 4 && shape.length !== 2) || elementCount(shape) !== values.length) {
    throw new XnorkitError(
      "bad-shape",
      `${name}: ${values.length} values of shape ${formatShape(shape)} cannot be packed, expected OIHW or [units, ` +
        "inputs] and as many values as it has",
    );
  }
  const [outputs, inputs, height = 1, width = 1] = shape;
  const taps = height * width;
  const tapBytes = Math.ceil(inputs / 8);
  const data = new Uint8Array(outputs * taps * tapBytes);
  // The words and not the floats are read: a comparison mispredicts its branch at every other weight (3x slower,
  // measured).
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let output = 0; output < outputs; output++) {
    const weightsOfOutput = output * inputs * taps;
    const bytesOfOutput = output * taps * tapBytes;
    for (let block = 0; block < tapBytes; block++) {
      const channel = block * 8;
      const channels = Math.min(8, inputs - channel);
      for (let tap = 0; tap < taps; tap++) {
        let byte = 0;
        let index = weightsOfOutput + channel * taps + tap;
        for (let bit = 0; bit < channels; bit++, index += taps) {
          const word = words[index];
          let sign = word >>> 31;
          // Without its sign bit, less 1: zeros become 0xffffffff and NaNs 0xff000000 or more, all others are below.
          if (((word << 1) - 1) >>> 0 >= 0xff000000) {
            if (word << 1 !== 0) refuseNaN(name, index);
            sign = 0;
          }
          byte |= (sign ^ 1) << bit;
        }
        data[bytesOfOutput + tap * tapBytes + block] = byte;
      }
    }
  }
  return { kind: "bits", shape, data };
}

/** Where values are 0 (+0 or -0): their places, counted from `first`. */
export function zeroIndices(values: Float32Array, first = 0): Int32Array {
  const indices: number[] = [];
  for (let i = values.indexOf(0); i >= 0; i = values.indexOf(0, i + 1)) indices.push(first + i);
  return Int32Array.from(indices);
}

/** Byte and bit of a row-major element in the layout of the signs. */
function bitOf(index: number, [, inputs, height = 1, width = 1]: Shape): readonly [byte: number, bit: number] {
  const taps = height * width;
  const tap = index % taps;
  const row = Math.floor(index / taps);
  const channel = row % inputs;
  const output = Math.floor(row / inputs);
  return [(output * taps + tap) * Math.ceil(inputs / 8) + (channel >> 3), channel & 7];
}

/**
 * The mask of `BitWeight.nonzero`: all ones but at the zeros.
 * @param zeros Row-major elements of the shape, ascending.
 * @throws XnorkitError `bad-value` with the first that is not.
 */
export function nonzeroMask(zeros: Int32Array, shape: Shape, name = "weights"): Uint8Array {
  const [outputs, inputs, height = 1, width = 1] = shape;
  const count = elementCount(shape);
  const tapBytes = Math.ceil(inputs / 8);
  const mask = new Uint8Array(outputs * height * width * tapBytes).fill(0xff);
  const lastByte = 0xff >> (8 * tapBytes - inputs);
  for (let last = tapBytes - 1; last < mask.length; last += tapBytes) mask[last] = lastByte;
  let previous = -1;
  for (const [i, zero] of zeros.entries()) {
    if (zero <= previous || zero >= count) {
      throw new XnorkitError(
        "bad-value",
        `${name}: zero ${i} is element ${zero}, expected more than ${previous} (ascending) and less than ${count}`,
      );
    }
    const [byte, bit] = bitOf(zero, shape);
    mask[byte] &= ~(1 << bit);
    previous = zero;
  }
  return mask;
}

/**
 * A float weight as bits, with what its layer needs beside them (`ParameterSpec.packing`): the mask of zeros if there
 * are some, and the scale, which is summed in f64 and rounded to f32. Nothing else of the floats counts in the layer's
 * output.
 *
 * @param values Row-major OIHW or [units, inputs].
 * @throws XnorkitError as `packSigns`.
 */
export function packWeight(values: Float32Array, shape: Shape, packing: Packing, name = "weights"): BitWeight {
  const signs = packSigns(values, shape, name);
  const { scaling } = packing;
  const scale = scaling === "none" ? null : meanScale(channelMagnitudes(values, shape[0], packing.signs), scaling);
  const zeros = packing.signs === "sign" ? zeroIndices(values) : null;
  return {
    ...signs,
    ...(scale !== null && { scale: Float32Array.from(scale) }),
    ...(zeros !== null && zeros.length > 0 && { nonzero: nonzeroMask(zeros, shape, name) }),
  };
}

/**
 * The quantised weights, +1, -1 and 0, in row-major order of the shape: what a binary layer computes with before it
 * scales.
 */
export function unpackSigns({ shape, data, nonzero = data }: BitWeight): Float32Array {
  const [outputs, inputs, height = 1, width = 1] = shape;
  const taps = height * width;
  const tapBytes = Math.ceil(inputs / 8);
  const values = new Float32Array(elementCount(shape));
  let index = 0;
  for (let output = 0; output < outputs; output++) {
    for (let channel = 0; channel < inputs; channel++) {
      const bit = channel & 7;
      let at = output * taps * tapBytes + (channel >> 3);
      for (let tap = 0; tap < taps; tap++, at += tapBytes) {
        // s = +-1 of the sign bit, p = +-1 of "positive": their mean is the ternary value, as in the planes of torch's
        // sign.
        values[index++] = ((data[at] >> bit) & 1) + (((data[at] & nonzero[at]) >> bit) & 1) - 1;
      }
    }
  }
  return values;
}

function refuseNaN(name: string, index: number): never {
  throw new XnorkitError("bad-value", `${name}: element ${index} is NaN, which has no sign`);
}
