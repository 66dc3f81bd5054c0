/** Packed model files in memory: a graph and its weights as one safetensors file, 1 bit a binary weight. */
import { XnorkitError } from "../errors.js";
import { graphFromJson } from "../graph/json.js";
import { checkWeight, checkWeights, matchWeights, type ParameterSpec, parameterSpecs } from "../graph/parameters.js";
import type { Graph } from "../graph/types.js";
import type { Model } from "../model.js";
import { formatShape, sameShape } from "../tensor.js";
import type { Weight } from "../weights.js";
import { packedShape } from "./bits.js";
import { type RawTensor, toFloat32 } from "./dtypes.js";
import {
  BIT_ORDER,
  encodeValues,
  FORMAT_VERSION,
  isPackedModel,
  type PackedTensor,
  packedMetadata,
  packedTensors,
  type SaveOptions,
} from "./packed_layout.js";
import { readSafetensors, type SafetensorsFile, writeSafetensors } from "./safetensors.js";

export type { SaveOptions } from "./packed_layout.js";

/**
 * Writes a packed model file (layout in packed_layout.ts). Weights that a framework saves beside (counters, aliases, auxiliary
 * heads) are left out; all others must fit the graph.
 *
 * @throws XnorkitError `missing-weight`, `surplus-weight`, `bad-shape` or `bad-value` with the parameter's name and the place.
 */
export function saveModel({ graph, weights }: Model, options: SaveOptions = {}): Uint8Array {
  checkWeights(graph, weights);
  const tensors = new Map<string, RawTensor>();
  for (const [name, tensor] of packedTensors(parameterSpecs(graph), options)) {
    const { dtype, shape } = tensor;
    tensors.set(name, { dtype, shape, bytes: encodeWeight(tensor, weights.get(name)!) });
  }
  return writeSafetensors(tensors, packedMetadata(graph));
}

function encodeWeight(tensor: PackedTensor, weight: Weight): Uint8Array {
  return weight.kind === "bits" ? weight.data : encodeValues(tensor, weight.data);
}

/**
 * Reads a packed model file. Sign bits and float32 weights are views of the file's bytes (floats are copied where the bytes do
 * not start at a multiple of 4 of their buffer); float16 weights are widened.
 *
 * @throws XnorkitError `bad-file` where the bytes are no packed model or break its format, `unsupported` for a format version that
 *   this release does not know, `bad-graph` and the codes of `checkWeights` where graph and weights do not fit.
 */
export function loadModel(bytes: Uint8Array): Model {
  return decodeModel(readSafetensors(bytes));
}

/** `loadModel` for a file whose header was read already. */
export function decodeModel({ tensors, metadata }: SafetensorsFile): Model {
  const graph = packedGraph(metadata);
  const specs = parameterSpecs(graph);
  matchWeights(specs, tensors.keys());
  const weights = new Map<string, Weight>();
  for (const spec of specs) {
    const weight = decodeWeight(spec, tensors.get(spec.name)!);
    checkWeight(spec, weight);
    weights.set(spec.name, weight);
  }
  return { graph, weights };
}

/** The graph of a packed model's metadata, after the checks of format, version and bit order. */
function packedGraph(metadata: ReadonlyMap<string, string>): Graph {
  if (!isPackedModel(metadata)) {
    throw new XnorkitError(
      "bad-file",
      `the file is safetensors, but not a packed model (metadata format is ${quoted(metadata.get("format"))}): read it with readWeights beside its graph`,
    );
  }
  const version = metadata.get("format_version");
  if (version !== FORMAT_VERSION) {
    throw new XnorkitError(
      "unsupported",
      `the packed model has format version ${quoted(version)}, this release reads version ${FORMAT_VERSION}: update xnorkit or convert the model again`,
    );
  }
  const bitOrder = metadata.get("bit_order");
  if (bitOrder !== BIT_ORDER) {
    throw new XnorkitError(
      "bad-file",
      `the packed model has bit_order ${quoted(bitOrder)}, expected ${quoted(BIT_ORDER)}`,
    );
  }
  const graph = metadata.get("graph");
  if (graph === undefined) throw new XnorkitError("bad-file", "the packed model's metadata has no graph");
  return graphFromJson(graph);
}

function decodeWeight(spec: ParameterSpec, raw: RawTensor): Weight {
  const shape = spec.packable ? packedShape(spec.shape) : spec.shape;
  const dtypes = spec.packable ? ["U8"] : spec.shape.length >= 2 ? ["F32", "F16"] : ["F32"];
  if (!dtypes.includes(raw.dtype) || !sameShape(raw.shape, shape)) {
    throw new XnorkitError(
      "bad-file",
      `parameter ${spec.name} is stored as ${raw.dtype} of ${formatShape(raw.shape)}, the graph needs ${dtypes.join(" or ")} of ${formatShape(shape)}`,
    );
  }
  if (spec.packable) return { kind: "bits", shape: spec.shape, data: raw.bytes };
  return { kind: "f32", shape: spec.shape, data: toFloat32(raw) };
}

function quoted(text: string | undefined): string {
  return text === undefined ? "absent" : JSON.stringify(text);
}
