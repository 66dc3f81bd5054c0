/**
 * The packed model file: what is stored how. It is a safetensors file, so any reader of safetensors can open it.
 *
 *   u64 header length | JSON header, padded to 8 | F32 tensors | I32 tensors | F16 tensors | U8 tensors (sign bits)
 *
 * Wider elements come first, so every tensor is aligned and is used in place. `__metadata__` holds format,
 * format_version, bit_order and the graph as JSON. The logical shape of a packed weight is the graph's; the header
 * states the shape of its bytes.
 *
 * A 1-bit weight is stored as sign bits under its name, and beside them what its layer needs of the floats (of which
 * the rounding of f64 scales to f32 is all that is lost):
 *
 *   NAME         U8  [O, kh, kw, ceil(I / 8)]   sign bits, 1 if w >= 0
 *   NAME#scale   F32 [O], or [1] of a tensor    `BitWeight.scale`, if the layer multiplies by it (BMXNet's binet and
 *                                               xnor, AWNAS)
 *   NAME#zeros   I32 [count]                    the elements of the float tensor, row-major and ascending, that are 0;
 *                                               only if the quantiser keeps zeros (AWNAS) and there are some
 *
 * Zeros are listed and not masked because in float weights they are rare: 1 in 2000 costs 1/60 of the bits, a mask as
 * many again.
 *
 * All other parameters are floats: those of float layers; weights of k bits, whose levels depend on the float values
 * (dorefa); and a weight that layers with different quantisers or scales share. Float values under the name of a 1-bit
 * weight are read too, as earlier releases wrote them where layers scale.
 */

import { packedShape, packSigns, zeroIndices } from "../bits.js";
import { XnorkitError } from "../errors.js";
import { graphFromJson, graphToJson } from "../graph/json.js";
import type { ParameterSpec } from "../graph/parameters.js";
import type { Graph } from "../graph/types.js";
import { elementCount, type Shape } from "../tensor.js";
import { FLOAT16_MAX, float32ToFloat16 } from "./dtypes.js";

export const FORMAT = "xnorkit";
export const FORMAT_VERSION = "1";
/** Layout of the sign bits, in words; fixed for version 1. */
export const BIT_ORDER = "[O][kh][kw][ceil(I/8)] bytes, channel c in bit c % 8 of byte floor(c / 8), 1 where w >= 0";

/** How `saveModel` stores a model. */
export interface SaveOptions {
  /**
   * Float weights with two axes or more are stored as float16 (half the bytes; biases and batch norms stay float32).
   */
  readonly f16?: boolean;
}

interface TensorBase {
  /** The parameter that it is, or that it is a part of. */
  readonly spec: ParameterSpec;
  readonly dtype: "F32" | "I32" | "F16" | "U8";
  /** As the header states it. */
  readonly shape: Shape;
}

/** A tensor that comes of a parameter's values slice by slice. */
export interface ValuesTensor extends TensorBase {
  readonly part: "floats" | "signs" | "zeros";
}

export interface ScaleTensor extends TensorBase {
  readonly part: "scale";
}

/** One tensor of a packed file. */
export type PackedTensor = ValuesTensor | ScaleTensor;

export const scaleName = (parameter: string) => `${parameter}#scale`;
export const zerosName = (parameter: string) => `${parameter}#zeros`;

/** The names of tensors that may stand beside a parameter's sign bits. */
export function namesBeside({ name, packing }: ParameterSpec): readonly string[] {
  return [
    ...(packing !== null && packing.scaling !== "none" ? [scaleName(name)] : []),
    ...(packing?.signs === "sign" ? [zerosName(name)] : []),
  ];
}

/** The shape of a parameter's scale. */
export function scaleShape({ shape, packing }: ParameterSpec): Shape {
  return [packing?.scaling === "channel" ? shape[0] : 1];
}

function tensorsOf(
  spec: ParameterSpec,
  { f16 = false }: SaveOptions,
  zeros: number,
): readonly (readonly [name: string, tensor: PackedTensor])[] {
  const { name, shape, packing } = spec;
  if (packing === null) {
    return [[name, { spec, part: "floats", dtype: f16 && shape.length >= 2 ? "F16" : "F32", shape }]];
  }
  const signs: PackedTensor = { spec, part: "signs", dtype: "U8", shape: packedShape(shape) };
  const scale: PackedTensor = { spec, part: "scale", dtype: "F32", shape: scaleShape(spec) };
  const listed: PackedTensor = { spec, part: "zeros", dtype: "I32", shape: [zeros] };
  return [
    [name, signs],
    ...(packing.scaling === "none" ? [] : [[scaleName(name), scale] as const]),
    ...(zeros === 0 ? [] : [[zerosName(name), listed] as const]),
  ];
}

/**
 * The tensors of a packed file by name, in the file's order.
 * @param zerosOf How many zeros of a parameter are to be listed.
 * @throws XnorkitError `bad-graph` if a parameter has the name of what stands beside another.
 */
export function packedTensors(
  specs: readonly ParameterSpec[],
  options: SaveOptions,
  zerosOf: (spec: ParameterSpec) => number,
): ReadonlyMap<string, PackedTensor> {
  checkNamesBeside(specs);
  const tensors = specs.flatMap((spec) => tensorsOf(spec, options, zerosOf(spec)));
  const ofDtype = (dtype: PackedTensor["dtype"]) => tensors.filter(([, tensor]) => tensor.dtype === dtype);
  return new Map([...ofDtype("F32"), ...ofDtype("I32"), ...ofDtype("F16"), ...ofDtype("U8")]);
}

/** @throws XnorkitError `bad-graph` if a parameter has the name of what stands beside another. */
export function checkNamesBeside(specs: readonly ParameterSpec[]): void {
  const beside = new Set(specs.flatMap(namesBeside));
  const clash = specs.find(({ name }) => beside.has(name));
  if (clash === undefined) return;
  throw new XnorkitError(
    "bad-graph",
    `parameter ${clash.name} of layer ${clash.node} has the name that a packed file gives to what stands beside ` +
      "sign bits: rename it",
  );
}

/**
 * The metadata of a packed file. The graph is read back once, so that no file is written that could not be read, and
 * equal graphs give equal bytes whatever the order of their fields.
 * @throws XnorkitError `bad-graph` or `bad-shape` if the graph is not well formed.
 */
export function packedMetadata(graph: Graph): ReadonlyMap<string, string> {
  return new Map([
    ["format", FORMAT],
    ["format_version", FORMAT_VERSION],
    ["bit_order", BIT_ORDER],
    ["graph", graphToJson(graphFromJson(graphToJson(graph)))],
  ]);
}

/** True where a safetensors file says that it is a packed model, of whatever version. */
export function isPackedModel(metadata: ReadonlyMap<string, string>): boolean {
  return metadata.get("format") === FORMAT;
}

/**
 * The bytes that store float values: sign bits, the places of zeros, float16 or float32 (a view).
 *
 * @param values All values of the parameter, or a slice that starts at element `first`; of sign bits whole output
 *   channels.
 * @throws XnorkitError `bad-value` with name and element for a NaN in sign bits and for a value beyond float16's range.
 */
export function encodeValues({ spec, part, dtype }: ValuesTensor, values: Float32Array, first = 0): Uint8Array {
  if (part === "floats") return dtype === "F16" ? encodeFloat16(spec.name, values, first) : bytesOf(values);
  if (part === "zeros") return bytesOf(zeroIndices(values, first));
  const [, ...rest] = spec.shape;
  return packSigns(values, [values.length / elementCount(rest), ...rest], spec.name).data;
}

/** The bytes of numbers, a view. */
export function bytesOf(values: Float32Array | Int32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** Rounds to nearest, but never to zero: torch's sign of a tiny weight must stay what it was. */
function encodeFloat16(name: string, values: Float32Array, first: number): Uint8Array {
  const halves = float32ToFloat16(values);
  for (let i = 0; i < halves.length; i++) {
    const magnitude = halves[i] & 0x7fff;
    if (magnitude === 0 && values[i] !== 0) halves[i] |= 1;
    if (magnitude >= 0x7c00) {
      throw new XnorkitError(
        "bad-value",
        `parameter ${name} is ${values[i]} at element ${first + i}, which float16 (up to ${FLOAT16_MAX}) cannot ` +
          "hold: convert without f16",
      );
    }
  }
  return new Uint8Array(halves.buffer);
}
