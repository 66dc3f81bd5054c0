/**
 * Conversion of a float safetensors file to a packed model file tensor by tensor: networks of depth 50 and more have
 * float files of gigabytes (0.9 G binary weights in ResNetE-152), and no more than one slice of one tensor is in memory
 * at a time. Knows no host: the caller brings something to read at offsets and something to write to.
 */

import { zeroIndices } from "../bits.js";
import { XnorkitError } from "../errors.js";
import { type Packing, signsSuffice } from "../graph/packing.js";
import { matchWeights, type ParameterSpec, parameterSpecs } from "../graph/parameters.js";
import type { Graph } from "../graph/types.js";
import { elementCount, formatShape, sameShape } from "../tensor.js";
import { channelMagnitudes, meanScale } from "../weight_scale.js";
import { DTYPE_BYTES, isFloatDtype, toFloat32 } from "./dtypes.js";
import { describePrefix, withoutPrefix, wrapperOf } from "./fit_weights.js";
import {
  bytesOf,
  encodeValues,
  isPackedModel,
  packedMetadata,
  packedTensors,
  type SaveOptions,
} from "./packed_layout.js";
import {
  encodeSafetensorsHeader,
  headerByteLength,
  parseSafetensorsHeader,
  type SafetensorsHeader,
  type TensorEntry,
} from "./safetensors_header.js";
import { describeFile, SNIFF_BYTES } from "./sniff.js";

/** A file that can be read at any offset, such as a file handle or a Blob. */
export interface RandomAccess {
  /** In bytes. */
  readonly size: number;
  /** Exactly `length` bytes from `offset`; the array is used until the next call at most. */
  read(offset: number, length: number): Uint8Array | Promise<Uint8Array>;
}

/**
 * Takes a file's bytes from its start to its end. The bytes may be reused once `write` has returned or its promise is
 * fulfilled.
 */
export interface ByteSink {
  write(bytes: Uint8Array): void | Promise<void>;
}

export interface StreamOptions extends SaveOptions {
  /** The most bytes of the source to hold at a time, by default 8 MiB; at least one output channel is read whole. */
  readonly sliceBytes?: number;
  /**
   * Called after each pass over a parameter, with bytes read and to read. Weights that a scale or zeros are stored
   * beside are read twice, as these come before the sign bits in the file (a third time, uncounted, to list zeros where
   * there are some).
   */
  readonly onProgress?: (bytesRead: number, bytesTotal: number) => void;
  /** Called with a sentence where something was done that the caller did not ask for: prefixes left out of names. */
  readonly onNote?: (note: string) => void;
}

const DEFAULT_SLICE_BYTES = 8 * 2 ** 20;

/** A `RandomAccess` of bytes in memory. */
export function bytesAccess(bytes: Uint8Array): RandomAccess {
  return { size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) };
}

/**
 * Reads the header of a safetensors file through `source` without reading its tensors.
 * @throws XnorkitError `bad-file` as `readSafetensors` does, and if the bytes are another format.
 */
export async function readSafetensorsHeader(source: RandomAccess): Promise<SafetensorsHeader> {
  const prefix = await readExactly(source, 0, Math.min(SNIFF_BYTES, source.size));
  const other = describeFile(prefix);
  if (other !== null) throw new XnorkitError("bad-file", `expected safetensors, but ${other}`);
  const bytes = await readExactly(source, 0, headerByteLength(prefix, source.size));
  return parseSafetensorsHeader(bytes, source.size);
}

/**
 * Writes the packed model file that `saveModel` gives for the graph and `fitWeights(graph, readWeights(source))`, byte
 * for byte, in bounded memory: one slice, and the scales. Names, shapes and types are checked before the first byte is
 * written; values as they are read, so that after an error the sink may hold part of a file: write under a temporary
 * name and rename it at the end.
 *
 * @throws XnorkitError `missing-weight`, `surplus-weight`, `bad-shape` or `bad-value` as `saveModel` does, `bad-file`
 *   where the source is no safetensors file or ends early, `unsupported` where a parameter is an integer tensor or the
 *   source is packed already.
 */
export async function packStream(
  graph: Graph,
  source: RandomAccess,
  sink: ByteSink,
  options: StreamOptions = {},
): Promise<void> {
  const sliceBytes = options.sliceBytes ?? DEFAULT_SLICE_BYTES;
  if (!(sliceBytes >= 1)) throw new XnorkitError("bad-option", `sliceBytes is ${sliceBytes}, expected at least 1`);
  const header = await readSafetensorsHeader(source);
  if (isPackedModel(header.metadata)) {
    throw new XnorkitError("unsupported", "the source is a packed model already: read it with loadModel");
  }
  const specs = parameterSpecs(graph);
  const prefix = wrapperOf(graph, header.tensors.keys());
  const entries = withoutPrefix(header.tensors, prefix);
  if (prefix !== "") options.onNote?.(describePrefix(prefix));
  matchWeights(specs, entries.keys());
  for (const spec of specs) checkEntry(spec, entries.get(spec.name)!);

  const total = specs.reduce((sum, spec) => sum + passes(spec) * entries.get(spec.name)!.byteLength, 0);
  let done = 0;
  const slicesOf = (spec: ParameterSpec) => slices(spec, entries.get(spec.name)!, source, sliceBytes);
  const progress = ({ name }: ParameterSpec) => {
    done += entries.get(name)!.byteLength;
    options.onProgress?.(done, total);
  };

  const scans = new Map<string, Scan>();
  for (const spec of specs) {
    if (spec.packing === null || signsSuffice(spec.packing)) continue;
    scans.set(spec.name, await scan(spec.shape[0], spec.packing, slicesOf(spec)));
    progress(spec);
  }
  const tensors = packedTensors(specs, options, ({ name }) => scans.get(name)?.zeros ?? 0);
  await sink.write(encodeSafetensorsHeader(tensors, packedMetadata(graph)));
  for (const tensor of tensors.values()) {
    if (tensor.part === "scale") {
      await sink.write(bytesOf(scans.get(tensor.spec.name)!.scale!));
      continue;
    }
    for await (const { first, values } of slicesOf(tensor.spec)) await sink.write(encodeValues(tensor, values, first));
    if (tensor.part !== "zeros") progress(tensor.spec);
  }
}

/**
 * What the header and the first tensors need to know of a weight whose sign bits come last: its scale, and how many are
 * 0.
 */
interface Scan {
  readonly scale: Float32Array | null;
  readonly zeros: number;
}

/** How often a parameter is read, the list of zeros apart. */
function passes({ packing }: ParameterSpec): number {
  return packing === null || signsSuffice(packing) ? 1 : 2;
}

async function scan(outputs: number, { signs, scaling }: Packing, slices: AsyncIterable<Slice>): Promise<Scan> {
  const magnitudes = new Float64Array(outputs);
  let channel = 0;
  let zeros = 0;
  for await (const { values, channels } of slices) {
    if (signs === "sign") zeros += zeroIndices(values).length;
    if (scaling !== "none") magnitudes.set(channelMagnitudes(values, channels, signs), channel);
    channel += channels;
  }
  return { scale: scaling === "none" ? null : Float32Array.from(meanScale(magnitudes, scaling)), zeros };
}

/** Whole output channels (of the first axis). */
interface Slice {
  /** Element of the parameter that they start at. */
  readonly first: number;
  readonly channels: number;
  readonly values: Float32Array;
}

/** A parameter's values, checked, in slices that are used until the next one at most. */
async function* slices(
  spec: ParameterSpec,
  entry: TensorEntry,
  source: RandomAccess,
  sliceBytes: number,
): AsyncGenerator<Slice> {
  const size = DTYPE_BYTES[entry.dtype];
  const count = elementCount(spec.shape);
  const channelElements = elementCount(spec.shape.slice(1));
  const channelsPerSlice = Math.max(1, Math.floor(sliceBytes / (channelElements * size)));
  const sliceElements = channelsPerSlice * channelElements;
  for (let first = 0; first < count; first += sliceElements) {
    const elements = Math.min(sliceElements, count - first);
    const bytes = await readExactly(source, entry.offset + first * size, elements * size);
    const values = toFloat32({ dtype: entry.dtype, bytes });
    checkSlice(spec, values, first);
    yield { first, channels: elements / channelElements, values };
  }
}

async function readExactly(source: RandomAccess, offset: number, length: number): Promise<Uint8Array> {
  const bytes = await source.read(offset, length);
  if (bytes.length === length) return bytes;
  throw new XnorkitError(
    "bad-file",
    `reading ${length} bytes at byte ${offset} gave ${bytes.length}: the file ends early or changes while it is read`,
  );
}

function checkEntry(spec: ParameterSpec, entry: TensorEntry): void {
  if (!isFloatDtype(entry.dtype)) {
    throw new XnorkitError(
      "unsupported",
      `parameter ${spec.name} at byte ${entry.offset} has dtype ${entry.dtype}, but weights are F32, F16, BF16 or F64`,
    );
  }
  if (!sameShape(spec.shape, entry.shape)) {
    throw new XnorkitError(
      "bad-shape",
      `parameter ${spec.name} has shape ${formatShape(entry.shape)}, but layer ${spec.node} needs ` +
        `${formatShape(spec.shape)}`,
    );
  }
}

/** What `checkWeight` refuses in a whole parameter. */
function checkSlice(spec: ParameterSpec, values: Float32Array, first: number): void {
  if (spec.ignored) return;
  const lowest = spec.role === "variance" ? 0 : -Infinity;
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i]) && values[i] >= lowest) continue;
    const expected = spec.role === "variance" ? "a finite number of at least 0" : "a finite number";
    throw new XnorkitError(
      "bad-value",
      `parameter ${spec.name} is ${values[i]} at element ${first + i}, where ${expected} is needed`,
    );
  }
}
