/** Packed model files in memory: a graph and its weights as one safetensors file, 1 bit a binary weight. */
import { bytesArgument, type FileBytes, objectArgument, optionsArgument } from "../arguments.js";
import { nonzeroMask, packedShape, packWeight, unpackSigns, zeroIndices } from "../bits.js";
import { XnorkitError } from "../errors.js";
import { graphFromJson } from "../graph/json.js";
import { checkWeight, checkWeights, matchWeights, type ParameterSpec, parameterSpecs } from "../graph/parameters.js";
import type { Graph } from "../graph/types.js";
import type { Model } from "../model.js";
import { formatShape, type Shape, sameShape } from "../tensor.js";
import type { BitWeight, Weight } from "../weights.js";
import { aligned, type RawTensor, toFloat32 } from "./dtypes.js";
import {
  BIT_ORDER,
  bytesOf,
  checkNamesBeside,
  encodeValues,
  FORMAT_VERSION,
  isPackedModel,
  namesBeside,
  type PackedTensor,
  packedMetadata,
  packedTensors,
  type SaveOptions,
  scaleName,
  scaleShape,
  zerosName,
} from "./packed_layout.js";
import { readSafetensors, type SafetensorsFile, writeSafetensors } from "./safetensors.js";

export type { SaveOptions } from "./packed_layout.js";

/**
 * Writes a packed model file (layout in packed_layout.ts). Weights that a framework saves beside (counters, aliases,
 * auxiliary heads) are left out; all others must fit the graph.
 *
 * @throws XnorkitError `missing-weight`, `surplus-weight`, `bad-shape` or `bad-value` with the parameter's name and the
 *   place.
 */
export function saveModel(model: Model, options: SaveOptions = {}): Uint8Array {
  const { graph, weights } = objectArgument("saveModel", "model", "{ graph, weights }", model);
  optionsArgument("saveModel", ["f16"], options);
  checkWeights(graph, weights);
  const specs = parameterSpecs(graph);
  const stored = new Map(specs.map((spec) => [spec.name, packed(spec, weights.get(spec.name)!)]));
  const zeros = new Map([...stored].map(([name, weight]) => [name, zerosOf(weight)]));
  const tensors = new Map<string, RawTensor>();
  for (const [name, tensor] of packedTensors(specs, options, ({ name }) => zeros.get(name)!.length)) {
    const { dtype, shape, spec } = tensor;
    tensors.set(name, { dtype, shape, bytes: encodePart(tensor, stored.get(spec.name)!, zeros.get(spec.name)!) });
  }
  return writeSafetensors(tensors, packedMetadata(graph));
}

function packed({ name, shape, packing }: ParameterSpec, weight: Weight): Weight {
  return packing === null || weight.kind === "bits" ? weight : packWeight(weight.data, shape, packing, name);
}

function zerosOf(weight: Weight): Int32Array {
  return weight.kind === "bits" && weight.nonzero !== undefined ? zeroIndices(unpackSigns(weight)) : new Int32Array(0);
}

function encodePart(tensor: PackedTensor, weight: Weight, zeros: Int32Array): Uint8Array {
  if (tensor.part === "zeros") return bytesOf(zeros);
  if (tensor.part === "scale") return bytesOf((weight as BitWeight).scale!);
  return weight.kind === "bits" ? weight.data : encodeValues(tensor, weight.data);
}

/**
 * Reads a packed model file. Sign bits, scales and float32 weights are views of the file's bytes (floats are copied
 * where the bytes do not start at a multiple of 4 of their buffer); float16 weights are widened.
 *
 * @throws XnorkitError `bad-file` if the bytes are no packed model or break its format, `unsupported` for a format
 *   version that this release does not know, `bad-graph` and the codes of `checkWeights` where graph and weights do not
 *   fit.
 */
export function loadModel(bytes: FileBytes): Model {
  return decodeModel(readSafetensors(bytesArgument("loadModel", "bytes", bytes)));
}

/** `loadModel` for a file whose header was read already. */
export function decodeModel({ tensors, metadata }: SafetensorsFile): Model {
  const graph = packedGraph(metadata);
  const specs = parameterSpecs(graph);
  checkNamesBeside(specs);
  const beside = new Set(specs.flatMap(namesBeside));
  matchWeights(
    specs,
    [...tensors.keys()].filter((name) => !beside.has(name)),
  );
  const weights = new Map<string, Weight>();
  for (const spec of specs) {
    const weight = decodeWeight(spec, tensors);
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
      `the file is safetensors, but not a packed model (metadata format is ${quoted(metadata.get("format"))}): ` +
        "read it with readWeights beside its graph",
    );
  }
  const version = metadata.get("format_version");
  if (version !== FORMAT_VERSION) {
    throw new XnorkitError(
      "unsupported",
      `the packed model has format version ${quoted(version)}, this release reads version ${FORMAT_VERSION}: ` +
        "update xnorkit or convert the model again",
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

type Tensors = SafetensorsFile["tensors"];

function decodeWeight(spec: ParameterSpec, tensors: Tensors): Weight {
  const raw = tensors.get(spec.name)!;
  const floats = spec.shape.length >= 2 ? ["F32", "F16"] : ["F32"];
  if (spec.packing !== null && !floats.includes(raw.dtype)) return decodeBits(spec, raw, tensors);
  checkStored(spec.name, raw, floats, spec.shape);
  const stray = namesBeside(spec).find((name) => tensors.has(name));
  if (stray !== undefined) {
    throw new XnorkitError("bad-file", `tensor ${stray} stands beside float values: it belongs to sign bits alone`);
  }
  return { kind: "f32", shape: spec.shape, data: toFloat32(raw) };
}

/** Sign bits, and what stands beside them; whether that is what the layer needs is the caller's to check. */
function decodeBits(spec: ParameterSpec, raw: RawTensor, tensors: Tensors): BitWeight {
  const { name, shape } = spec;
  const scale = tensors.get(scaleName(name));
  const zeros = tensors.get(zerosName(name));
  checkStored(name, raw, ["U8"], packedShape(shape), " (sign bits), or float values");
  if (scale !== undefined) checkStored(scaleName(name), scale, ["F32"], scaleShape(spec));
  if (zeros !== undefined) checkStored(zerosName(name), zeros, ["I32"], [zeros.bytes.length / 4]);
  return {
    kind: "bits",
    shape,
    data: raw.bytes,
    ...(scale !== undefined && { scale: toFloat32(scale) }),
    ...(zeros !== undefined && zeros.bytes.length > 0 && { nonzero: nonzeroMask(integers(zeros), shape, name) }),
  };
}

function integers({ bytes }: RawTensor): Int32Array {
  const { buffer, byteOffset, length } = aligned(bytes, 4);
  return new Int32Array(buffer, byteOffset, length / 4);
}

function checkStored(name: string, raw: RawTensor, dtypes: readonly string[], shape: Shape, others = ""): void {
  if (dtypes.includes(raw.dtype) && sameShape(raw.shape, shape)) return;
  throw new XnorkitError(
    "bad-file",
    `parameter ${name} is stored as ${raw.dtype} of ${formatShape(raw.shape)}, the graph needs ` +
      `${dtypes.join(" or ")} of ${formatShape(shape)}${others}`,
  );
}

function quoted(text: string | undefined): string {
  return text === undefined ? "absent" : JSON.stringify(text);
}
