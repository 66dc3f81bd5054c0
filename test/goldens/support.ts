/** Golden networks: the names of all, and their files as graph, weights, input and outputs. */
import { readFileSync } from "node:fs";
import { readWeights } from "../../src/formats/read_weights.js";
import { type RawTensor, readSafetensors, toFloat32 } from "../../src/formats/safetensors.js";
import type { Graph } from "../../src/graph/types.js";
import { fromAnyDescription } from "../../src/models/catalog.js";
import type { Shape, Tensor } from "../../src/tensor.js";
import type { Weights } from "../../src/weights.js";
import { sharedPath } from "../support/shared.js";

/** A network with what its framework computes on one input. */
export interface Golden {
  readonly graph: Graph;
  readonly weights: Weights;
  readonly input: Tensor;
  /** The framework's float32 run. */
  readonly output: FloatTensor;
  /** The same parameters in float64 arithmetic. */
  readonly outputF64: DoubleTensor;
  /** Float32 values by the path of the module that returns them (`findValue` gives the value's name in the graph). */
  readonly taps: ReadonlyMap<string, FloatTensor>;
  /** The description file with its records (`margins` ...). */
  readonly description: Readonly<Record<string, unknown>>;
}

export interface FloatTensor {
  readonly shape: Shape;
  readonly data: Float32Array;
}

export interface DoubleTensor {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** The goldens of resnet_e with 1-bit weights and activations and no approximation. */
export const RESNET_E_GOLDENS = [
  "bmx_e1_18_thumb",
  "bmx_e2_18_imagenet",
  "bmx_e1_18_slices2_fp_pool",
  "bmx_e1_50spec_odd",
] as const;

/** All networks of BMXNet v2. */
export const BMXNET_GOLDENS = [
  ...RESNET_E_GOLDENS,
  "bmx_e1_18_a1round_binet",
  "bmx_e1_18_b1a32_clip",
  "bmx_e1_18_b2a2",
  "bmx_e1_34_xnor",
  "bmx_e2_18_b1a4",
  "bmx_e2_18_b32a1_signapprox",
  "bmx_e2_18_binet_grouped_fp",
  "bmx_binet_narrow",
  "bmx_densenet28_g16",
  "bmx_meliusnet22_g16",
] as const;

/** The networks of AWNAS, without the one of full size. */
export const AWNAS_GOLDENS = [
  "awnas_bars_shortcut_xnor_preproc",
  "awnas_darts_preproc_concat",
  "awnas_r18_bireal_cifar",
  "awnas_r18_bireal_imagenet7x7",
  "awnas_r18_xnor_cifar",
  "awnas_r18_xnor_imagenet_stem0_odd",
] as const;

export const AWNAS_FULL_GOLDEN = "awnas_r18_full_224";

/** The files of a golden in the shared folder. */
export function goldenFiles(name: string): readonly [description: string, weights: string, io: string] {
  return [`goldens/${name}.json`, `goldens/${name}.weights.safetensors`, `goldens/${name}.io.safetensors`];
}

/**
 * Reads a golden network: the graph from its description, the weights under the framework's names, input, outputs and
 * taps.
 */
export function loadGolden(name: string): Golden {
  const [descriptionFile, weightsFile, ioFile] = goldenFiles(name);
  const description = JSON.parse(readFileSync(sharedPath(descriptionFile), "utf8"));
  const tensors = readTensors(ioFile);
  const taps = [...tensors].filter(([key]) => key.startsWith("tap:"));
  return {
    graph: fromAnyDescription(description),
    weights: readWeights(readFileSync(sharedPath(weightsFile))),
    input: floatTensor(tensors, "input"),
    output: floatTensor(tensors, "output"),
    outputF64: doubleTensor(tensors, "output_f64"),
    taps: new Map(taps.map(([key]) => [key.slice("tap:".length), floatTensor(tensors, key)])),
    description,
  };
}

/** The shipped digits network with 200 test images (u8, 32x32) and the outputs of the training framework. */
export interface DigitsGolden {
  readonly graph: Graph;
  readonly weights: Weights;
  readonly images: { readonly shape: Shape; readonly data: Uint8Array };
  readonly labels: Int32Array;
  readonly output: FloatTensor;
  readonly outputF64: DoubleTensor;
}

export const DIGITS_FILES = ["models/digits.safetensors", "models/digits.io.safetensors"] as const;

/** Reads the digits network; its pixels are divided by 255. */
export function loadDigits(): DigitsGolden {
  const [modelFile, ioFile] = DIGITS_FILES;
  const bytes = readFileSync(sharedPath(modelFile));
  const graph = fromAnyDescription(JSON.parse(readSafetensors(bytes).metadata.get("description") ?? "null"));
  const tensors = readTensors(ioFile);
  const images = find(tensors, "images");
  return {
    graph: { ...graph, preprocess: { mean: [0], std: [255] } },
    weights: readWeights(bytes),
    images: { shape: images.shape, data: images.bytes },
    labels: new Int32Array(copied(find(tensors, "labels"))),
    output: floatTensor(tensors, "output"),
    outputF64: doubleTensor(tensors, "output_f64"),
  };
}

type Tensors = ReadonlyMap<string, RawTensor>;

/** The tensors of a safetensors file in the shared folder. */
export function readTensors(file: string): Tensors {
  return readSafetensors(readFileSync(sharedPath(file))).tensors;
}

/** A tensor as float32. */
export function floatTensor(tensors: Tensors, name: string): FloatTensor {
  const raw = find(tensors, name);
  return { shape: raw.shape, data: toFloat32(raw) };
}

function doubleTensor(tensors: Tensors, name: string): DoubleTensor {
  const raw = find(tensors, name);
  if (raw.dtype !== "F64") throw new Error(`${name} is ${raw.dtype}, expected F64`);
  return { shape: raw.shape, data: new Float64Array(copied(raw)) };
}

function find(tensors: Tensors, name: string): RawTensor {
  const raw = tensors.get(name);
  if (raw === undefined) throw new Error(`the golden has no tensor ${name}`);
  return raw;
}

/** The bytes in a buffer of their own, so that any number type can view them. */
function copied(raw: RawTensor): ArrayBuffer {
  return Uint8Array.from(raw.bytes).buffer;
}

type Numbers = Float32Array | Float64Array;

/**
 * The largest difference of two tensors and what it is measured against: max(1, max |expected|). NaN counts as
 * infinite.
 */
export function compare(actual: Numbers, expected: Numbers): { readonly difference: number; readonly scale: number } {
  let difference = actual.length === expected.length ? 0 : Infinity;
  let scale = 1;
  for (const [i, value] of expected.entries()) {
    const error = Math.abs(actual[i] - value);
    difference = Math.max(difference, Number.isNaN(error) ? Infinity : error);
    scale = Math.max(scale, Math.abs(value));
  }
  return { difference, scale };
}
