/** Parameters as the reference reads them: f64 numbers, unpacked from bits if need be. */
import { XnorkitError } from "../errors.js";
import { formatShape, type Shape, sameShape } from "../tensor.js";
import type { BitWeight, Weight, Weights } from "../weights.js";

/** A parameter in f64. */
export interface Parameter {
  readonly data: Float64Array;
  /** The file holds no more of it than signs, +1, -1 or 0. */
  readonly signsOnly: boolean;
  /** The mean of |w| stored beside signs: of each output channel, or one of the tensor. */
  readonly scale: Float64Array | null;
}

/**
 * Reads a parameter as f64 numbers in its framework's order.
 * @throws XnorkitError `missing-weight` if it is absent, `bad-shape` if its shape is not the expected one.
 */
export function readParameter(weights: Weights, name: string, shape: Shape): Parameter {
  const weight = find(weights, name);
  if (!sameShape(weight.shape, shape)) {
    throw new XnorkitError(
      "bad-shape",
      `parameter ${name} has shape ${formatShape(weight.shape)}, but the graph expects ${formatShape(shape)}`,
    );
  }
  if (weight.kind === "f32") return { data: Float64Array.from(weight.data), signsOnly: false, scale: null };
  const scale = weight.scale === undefined ? null : Float64Array.from(weight.scale);
  return { data: unpackSigns(weight), signsOnly: true, scale };
}

/**
 * Reads a parameter that a float layer computes with.
 * @throws XnorkitError as `readParameter`, and `bad-value` if the file holds only signs.
 */
export function readFloatParameter(weights: Weights, name: string, shape: Shape): Float64Array {
  const { data, signsOnly } = readParameter(weights, name, shape);
  if (signsOnly) {
    throw new XnorkitError("bad-value", `parameter ${name} holds 1-bit signs, but a float layer needs its numbers`);
  }
  return data;
}

function find(weights: Weights, name: string): Weight {
  const weight = weights.get(name);
  if (weight === undefined) {
    throw new XnorkitError("missing-weight", `the network needs parameter ${name}, but the weights do not hold it`);
  }
  return weight;
}

/**
 * From `[O][kh][kw][ceil(I / 8)]` bytes, least significant bit first, to OIHW (or [units, inputs]) numbers -1, 0 and
 * +1.
 */
function unpackSigns(weight: BitWeight): Float64Array {
  const [outputs, inputs, height = 1, width = 1] = weight.shape;
  const area = height * width;
  const bytesPerTap = Math.ceil(inputs / 8);
  if (weight.data.length !== outputs * area * bytesPerTap) {
    throw new XnorkitError(
      "bad-shape",
      `1-bit weights of shape ${formatShape(weight.shape)} take ${outputs * area * bytesPerTap} bytes, but there are ` +
        `${weight.data.length}`,
    );
  }
  const signs = new Float64Array(outputs * inputs * area);
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      for (let tap = 0; tap < area; tap++) {
        const byte = (output * area + tap) * bytesPerTap + (input >> 3);
        const isSet = (bits: Uint8Array) => ((bits[byte] >> (input & 7)) & 1) === 1;
        const isZero = weight.nonzero !== undefined && !isSet(weight.nonzero);
        signs[(output * inputs + input) * area + tap] = isZero ? 0 : isSet(weight.data) ? 1 : -1;
      }
    }
  }
  return signs;
}
