/**
 * The header of a safetensors file: u64 length, then JSON
 * `{name: {dtype, shape, data_offsets: [begin, end]}, "__metadata__": {key: text}}`, then the tensors' bytes without a gap.
 * Source: the safetensors format description (shared rules: offsets count from the end of the header, follow each other in the
 * order listed, and cover the rest of the file exactly).
 */
import { XnorkitError } from "../errors.js";
import { elementCount, formatShape, type Shape } from "../tensor.js";
import { DTYPE_BYTES, type Dtype, isDtype } from "./dtypes.js";
import { parseStrictJson, type StrictJson } from "./strict_json.js";

/** The most that the format's own library reads. */
const MAX_HEADER_BYTES = 100_000_000;
const LENGTH_BYTES = 8;
const METADATA = "__metadata__";

/** Where a tensor lies in its file. */
export interface TensorEntry {
  readonly dtype: Dtype;
  readonly shape: Shape;
  /** From the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
}

export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: ReadonlyMap<string, string>;
  /** File offset of the first tensor: 8 + the header's length. */
  readonly dataOffset: number;
}

/**
 * How many bytes of the file hold its header: 8 + the length that the first 8 bytes state.
 *
 * @param prefix The first bytes of the file, at least 8 where it has them.
 * @throws XnorkitError `bad-file` where the length is absurd: more than the file holds or than 100 MB.
 */
export function headerByteLength(prefix: Uint8Array, fileSize: number): number {
  if (fileSize < LENGTH_BYTES + 2 || prefix.length < LENGTH_BYTES) {
    throw new XnorkitError(
      "bad-file",
      `a safetensors file starts with 8 bytes of header length and a JSON header, but it ends at byte ${Math.min(fileSize, prefix.length)}`,
    );
  }
  const length = new DataView(prefix.buffer, prefix.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  const limit = Math.min(fileSize - LENGTH_BYTES, MAX_HEADER_BYTES);
  if (length < 2 || length > limit) {
    throw new XnorkitError(
      "bad-file",
      `the header length at byte 0 is ${length}, expected 2 to ${limit} for a file of ${fileSize} bytes: not safetensors, or cut short`,
    );
  }
  return LENGTH_BYTES + Number(length);
}

/**
 * Reads and checks a header. Allocates in proportion to the header alone.
 *
 * @param bytes The file, or its first `headerByteLength` bytes.
 * @param fileSize Size of the whole file, which the tensors must fill exactly.
 * @throws XnorkitError `bad-file` with tensor name and file offset where anything breaks the format's rules.
 */
export function parseSafetensorsHeader(bytes: Uint8Array, fileSize: number): SafetensorsHeader {
  const dataOffset = headerByteLength(bytes, fileSize);
  if (bytes.length < dataOffset) {
    throw new XnorkitError(
      "bad-file",
      `the header ends at byte ${dataOffset}, but only ${bytes.length} bytes were read`,
    );
  }
  const json = parseStrictJson(bytes.subarray(LENGTH_BYTES, dataOffset), LENGTH_BYTES);
  if (!(json instanceof Map)) throw new XnorkitError("bad-file", "the header at byte 8 is not a JSON object");

  const tensors = new Map<string, TensorEntry>();
  let metadata: ReadonlyMap<string, string> = new Map();
  let end = dataOffset;
  for (const [name, value] of json as ReadonlyMap<string, StrictJson>) {
    if (name === METADATA) {
      metadata = parseMetadata(value);
      continue;
    }
    const entry = parseEntry(name, value, end, dataOffset, fileSize);
    tensors.set(name, entry);
    end = entry.offset + entry.byteLength;
  }
  if (end !== fileSize) {
    throw new XnorkitError("bad-file", `the last tensor ends at byte ${end}, but the file has ${fileSize} bytes`);
  }
  return { tensors, metadata, dataOffset };
}

/**
 * The header of a file that holds these tensors in this order, padded with spaces so that the data start at a multiple of 8.
 * @throws XnorkitError `bad-option` where a name is `__metadata__` or the header would exceed 100 MB.
 */
export function encodeSafetensorsHeader(
  tensors: ReadonlyMap<string, { readonly dtype: Dtype; readonly shape: Shape }>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array {
  const members: string[] = [];
  if (metadata.size > 0) members.push(`"${METADATA}":${jsonObject(metadata)}`);
  let end = 0;
  for (const [name, { dtype, shape }] of tensors) {
    if (name === METADATA) throw new XnorkitError("bad-option", `a tensor cannot be named ${METADATA}`);
    const begin = end;
    end += elementCount(shape) * DTYPE_BYTES[dtype];
    members.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`);
  }
  const json = new TextEncoder().encode(`{${members.join(",")}}`);
  const length = Math.ceil(json.length / 8) * 8;
  if (length > MAX_HEADER_BYTES) {
    throw new XnorkitError(
      "bad-option",
      `the header takes ${length} bytes, a safetensors file allows ${MAX_HEADER_BYTES}`,
    );
  }
  const header = new Uint8Array(LENGTH_BYTES + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, LENGTH_BYTES);
  return header;
}

/** Not by Object.fromEntries, which would move keys that look like numbers to the front. */
function jsonObject(members: ReadonlyMap<string, string>): string {
  return `{${[...members].map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`;
}

function parseMetadata(value: StrictJson): ReadonlyMap<string, string> {
  if (!(value instanceof Map)) throw new XnorkitError("bad-file", `${METADATA} is not a JSON object`);
  for (const [key, text] of value as ReadonlyMap<string, StrictJson>) {
    if (typeof text !== "string") {
      throw new XnorkitError("bad-file", `${METADATA} key ${JSON.stringify(key)} is not a text, as the format demands`);
    }
  }
  return value as ReadonlyMap<string, string>;
}

/** One tensor's entry, which must start where the previous one ended. */
function parseEntry(
  name: string,
  value: StrictJson,
  expectedOffset: number,
  dataOffset: number,
  fileSize: number,
): TensorEntry {
  const fail = (what: string): never => {
    throw new XnorkitError("bad-file", `tensor ${JSON.stringify(name)}, expected at byte ${expectedOffset}: ${what}`);
  };
  const members =
    value instanceof Map ? (value as ReadonlyMap<string, StrictJson>) : fail("its entry is not a JSON object");
  for (const key of members.keys()) {
    if (key !== "dtype" && key !== "shape" && key !== "data_offsets") fail(`unknown key ${JSON.stringify(key)}`);
  }
  const dtype = members.get("dtype");
  if (typeof dtype !== "string") return fail("dtype is missing or not a text");
  if (!isDtype(dtype))
    return fail(`dtype ${JSON.stringify(dtype)} is not one of ${Object.keys(DTYPE_BYTES).join(", ")}`);
  const shape = members.get("shape");
  if (!isSizes(shape)) return fail("shape is not a list of integers from 0 to 2^53 - 1");
  const offsets = members.get("data_offsets");
  if (!isSizes(offsets) || offsets.length !== 2) return fail("data_offsets is not two integers from 0 to 2^53 - 1");

  const byteLength = elementCount(shape) * DTYPE_BYTES[dtype];
  const [begin, end] = offsets;
  if (begin > end) fail(`data_offsets run backwards, from ${begin} to ${end}`);
  if (dataOffset + begin !== expectedOffset) {
    const wrong = dataOffset + begin < expectedOffset ? "overlap" : "leave a gap after";
    fail(`data_offsets begin at byte ${dataOffset + begin} and ${wrong} the tensor before`);
  }
  if (end - begin !== byteLength) {
    fail(`shape ${formatShape(shape)} of ${dtype} takes ${byteLength} bytes, but data_offsets span ${end - begin}`);
  }
  if (dataOffset + end > fileSize) {
    fail(`data_offsets end at byte ${dataOffset + end}, but the file has ${fileSize} bytes: it is cut short`);
  }
  return { dtype, shape, offset: expectedOffset, byteLength };
}

function isSizes(value: StrictJson | undefined): value is readonly number[] {
  const isSize = (size: StrictJson) => typeof size === "number" && Number.isSafeInteger(size) && size >= 0;
  return Array.isArray(value) && value.every(isSize);
}
