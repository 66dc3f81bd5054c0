/**
 * The packed model file: what is stored how. It is a safetensors file, so any reader of safetensors can open it.
 *
 *   u64 header length | JSON header, padded to 8 | F32 tensors | F16 tensors | U8 tensors (sign bits)
 *
 * Wider elements come first, so every tensor is aligned and is used in place. `__metadata__` holds format, format_version,
 * bit_order and the graph as JSON. The logical shape of a packed weight is the graph's; the header states the shape of its bytes.
 */
import { XnorkitError } from "../errors.js";
import { graphFromJson, graphToJson } from "../graph/json.js";
import type { ParameterSpec } from "../graph/parameters.js";
import type { Graph } from "../graph/types.js";
import { elementCount, type Shape } from "../tensor.js";
import { packedShape, packSigns } from "./bits.js";
import { FLOAT16_MAX, float32ToFloat16 } from "./dtypes.js";

export const FORMAT = "xnorkit";
export const FORMAT_VERSION = "1";
/** Layout of the sign bits, in words; fixed for version 1. */
export const BIT_ORDER = "[O][kh][kw][ceil(I/8)] bytes, channel c in bit c % 8 of byte floor(c / 8), 1 where w >= 0";

export interface SaveOptions {
  /** Float weights with two axes or more are stored as float16 (half the bytes; biases and batch norms stay float32). */
  readonly f16?: boolean;
}

/** One tensor of a packed file. */
export interface PackedTensor {
  readonly spec: ParameterSpec;
  readonly dtype: "F32" | "F16" | "U8";
  /** As the header states it. */
  readonly shape: Shape;
}

/** The tensors of a packed file by name, in the file's order. */
export function packedTensors(
  specs: readonly ParameterSpec[],
  { f16 = false }: SaveOptions,
): ReadonlyMap<string, PackedTensor> {
  const tensors = specs.map((spec): PackedTensor => {
    if (spec.packable) return { spec, dtype: "U8", shape: packedShape(spec.shape) };
    return { spec, dtype: f16 && spec.shape.length >= 2 ? "F16" : "F32", shape: spec.shape };
  });
  const ofDtype = (dtype: PackedTensor["dtype"]) => tensors.filter((tensor) => tensor.dtype === dtype);
  const ordered = [...ofDtype("F32"), ...ofDtype("F16"), ...ofDtype("U8")];
  return new Map(ordered.map((tensor) => [tensor.spec.name, tensor]));
}

/**
 * The metadata of a packed file. The graph is read back once, so that no file is written that could not be read, and equal graphs
 * give equal bytes whatever the order of their fields.
 * @throws XnorkitError `bad-graph` or `bad-shape` where the graph is not well formed.
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
 * The bytes that store values: sign bits, float16 or float32 (a view).
 *
 * @param values All values of the parameter, or a slice that starts at element `first`; of a U8 tensor whole output channels.
 * @throws XnorkitError `bad-value` with name and element for a NaN in sign bits and for a value beyond float16's range.
 */
export function encodeValues({ spec, dtype }: PackedTensor, values: Float32Array, first = 0): Uint8Array {
  switch (dtype) {
    case "F32":
      return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    case "F16":
      return encodeFloat16(spec.name, values, first);
    case "U8": {
      const [, ...rest] = spec.shape;
      return packSigns(values, [values.length / elementCount(rest), ...rest], spec.name).data;
    }
  }
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
        `parameter ${name} is ${values[i]} at element ${first + i}, which float16 (up to ${FLOAT16_MAX}) cannot hold: convert without f16`,
      );
    }
  }
  return new Uint8Array(halves.buffer);
}
