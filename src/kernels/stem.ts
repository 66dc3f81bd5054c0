/** The parameters of convU8, the first layer on bytes. */
import { objectArgument, optionsArgument, refuseArgument } from "../arguments.js";
import { type QuantizedStem, quantizeStem, type Stem } from "../compiler/quantize_stem.js";
import { XnorkitError } from "../errors.js";
import { elementCount } from "../tensor.js";
import { numbersArgument, sizeArgument } from "./packing.js";

const FIELDS: readonly (keyof Stem)[] = [
  ...([
    "weight",
    "shape",
    "inputAffine",
    "outputAffine",
    "height",
    "width",
    "outHeight",
    "outWidth",
    "window",
  ] as const),
];

function checkAffine(argument: string, channels: number, affine: Stem["outputAffine"]): void {
  if (affine === null) return;
  const { scale, shift } = objectArgument("packStem", argument, "{ scale, shift }", affine);
  for (const [name, values] of Object.entries({ scale, shift })) {
    numbersArgument("packStem", `${argument}.${name}`, values);
    if (values.length === channels) continue;
    throw new XnorkitError(
      "bad-shape",
      `${argument}.${name} of packStem has ${values.length} numbers, not ${channels}`,
    );
  }
}

/**
 * A first layer on pixels as convU8 reads it: 16-bit weights, and a scale and biases that make its integers the layer's
 * numbers, with a bound of its error. Null if the layer cannot be quantised (a number that is not finite, too many
 * taps).
 * @throws XnorkitError `bad-option` and `bad-shape` by name.
 */
export function packStem(stem: Stem): QuantizedStem | null {
  optionsArgument("packStem", FIELDS, stem);
  const { weight, shape, inputAffine, outputAffine, window } = stem;
  numbersArgument("packStem", "shape", shape);
  numbersArgument("packStem", "weight", weight);
  if (shape.length !== 4) refuseArgument("packStem", "shape", "OIHW", shape);
  for (const size of shape) sizeArgument("packStem", "a size of shape", size);
  if (elementCount(shape) !== weight.length) {
    throw new XnorkitError("bad-shape", `weight of packStem has ${weight.length} numbers, not ${elementCount(shape)}`);
  }
  for (const name of ["height", "width", "outHeight", "outWidth"] as const) sizeArgument("packStem", name, stem[name]);
  if (inputAffine === null) refuseArgument("packStem", "inputAffine", "{ scale, shift }", inputAffine);
  checkAffine("inputAffine", shape[1], inputAffine);
  checkAffine("outputAffine", shape[0], outputAffine);
  objectArgument("packStem", "window", "{ kernel, stride, dilation, padding }", window);
  for (const name of ["kernel", "stride", "dilation", "padding"] as const) {
    numbersArgument("packStem", `window.${name}`, window[name]);
    const least = name === "padding" ? 0 : 1;
    const fits = window[name].length === 2 && window[name].every((size) => Number.isSafeInteger(size) && size >= least);
    if (!fits) refuseArgument("packStem", `window.${name}`, `two integers from ${least}`, window[name]);
  }
  return quantizeStem(stem);
}
