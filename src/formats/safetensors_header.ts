/**
 * The header of a safetensors file: u64 length, then JSON
 * `{name: {dtype, shape, data_offsets: [begin, end]}, "__metadata__": {key: text}}`, then the tensors' bytes without a
 * gap. Source: the safetensors format description (shared rules: offsets count from the end of the header, follow each
 * other in the order listed, and cover the rest of the file exactly).
 */
import { type Budget, ENTRY_BYTES, readBudget } from "../budget.js";
import { XnorkitError } from "../errors.js";
import { quoteName } from "../graph/suggest.js";
import type { JsonCursor } from "../json/cursor.js";
import { quickCursor } from "../json/quick_cursor.js";
import { elementCount, formatShape, type Shape } from "../tensor.js";
import { DTYPE_BYTES, type Dtype, isDtype } from "./dtypes.js";

/** The most that the format's own library reads. */
const MAX_HEADER_BYTES = 100_000_000;
const LENGTH_BYTES = 8;
const METADATA = "__metadata__";
/** The header, a tensor, its sizes. */
const MAX_DEPTH = 3;
/** As many as torch has. */
const MAX_AXES = 64;
const SIZES = "integers from 0 to 2^53 - 1";
/** An entry of the header, and the tensor that is made of it. */
const TENSOR_BYTES = 400;

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
 * @throws XnorkitError `bad-file` if the length is absurd: more than the file holds or than 100 MB.
 */
export function headerByteLength(prefix: Uint8Array, fileSize: number): number {
  if (fileSize < LENGTH_BYTES + 2 || prefix.length < LENGTH_BYTES) {
    throw new XnorkitError(
      "bad-file",
      "a safetensors file starts with 8 bytes of header length and a JSON header, but it ends at byte " +
        `${Math.min(fileSize, prefix.length)}`,
    );
  }
  const length = new DataView(prefix.buffer, prefix.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  const limit = Math.min(fileSize - LENGTH_BYTES, MAX_HEADER_BYTES);
  if (length < 2 || length > limit) {
    throw new XnorkitError(
      "bad-file",
      `the header length at byte 0 is ${length}, expected 2 to ${limit} for a file of ${fileSize} bytes: ` +
        "not safetensors, or cut short",
    );
  }
  return LENGTH_BYTES + Number(length);
}

/**
 * Reads and checks a header. Allocates in proportion to the header alone.
 *
 * @param bytes The file, or its first `headerByteLength` bytes.
 * @param fileSize Size of the whole file, which the tensors must fill exactly.
 * @throws XnorkitError `bad-file` with tensor name and file offset if anything breaks the format's rules.
 */
export function parseSafetensorsHeader(bytes: Uint8Array, fileSize: number): SafetensorsHeader {
  const dataOffset = headerByteLength(bytes, fileSize);
  if (bytes.length < dataOffset) {
    throw new XnorkitError(
      "bad-file",
      `the header ends at byte ${dataOffset}, but only ${bytes.length} bytes were read`,
    );
  }
  const text = decodeText(bytes.subarray(LENGTH_BYTES, dataOffset));
  const cursor = quickCursor(text, {
    what: "the header",
    code: "bad-file",
    start: LENGTH_BYTES,
    maxDepth: MAX_DEPTH,
  });
  const budget = readBudget(fileSize, "the safetensors file");
  const tensors = new Map<string, TensorEntry>();
  const metadata = new Map<string, string>();
  let end = dataOffset;
  if (cursor.kind() !== "object") throw new XnorkitError("bad-file", "the header at byte 8 is not a JSON object");
  cursor.object((name) => {
    if (name === METADATA) return readMetadata(cursor, metadata, budget);
    budget.spend(TENSOR_BYTES + name.length);
    const entry = readEntry(cursor, { name, expectedOffset: end, dataOffset, fileSize });
    tensors.set(name, entry);
    end = entry.offset + entry.byteLength;
  });
  cursor.end();
  if (end !== fileSize) {
    throw new XnorkitError("bad-file", `the last tensor ends at byte ${end}, but the file has ${fileSize} bytes`);
  }
  return { tensors, metadata, dataOffset };
}

/**
 * The header of a file that holds these tensors in this order, padded with spaces so that the data start at a multiple
 * of 8.
 * @throws XnorkitError `bad-option` if a name is `__metadata__` or the header would exceed 100 MB.
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

/** The header's text; the byte order mark, which JSON may not have, stays and is refused. */
function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    // What does not come back as it was is the first byte that is wrong.
    const again = new TextEncoder().encode(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
    const wrong = LENGTH_BYTES + bytes.findIndex((byte, index) => byte !== again[index]);
    throw new XnorkitError("bad-file", `the header is not JSON, at byte ${wrong}: the bytes are not UTF-8`, {
      cause,
    });
  }
}

function readMetadata(cursor: JsonCursor, metadata: Map<string, string>, budget: Budget): void {
  if (cursor.kind() !== "object") throw new XnorkitError("bad-file", `${METADATA} is not a JSON object`);
  cursor.object((key) => {
    if (cursor.kind() !== "string") {
      throw new XnorkitError("bad-file", `${METADATA} key ${quoteName(key)} is not a text, as the format demands`);
    }
    const text = cursor.string();
    budget.spend(ENTRY_BYTES + key.length + text.length);
    metadata.set(key, text);
  });
}

/** Where an entry stands and what it must fit. */
interface EntryPlace {
  readonly name: string;
  /** File offset that it must start at, where the previous one ended. */
  readonly expectedOffset: number;
  readonly dataOffset: number;
  readonly fileSize: number;
}

/** Reads one tensor's entry; nothing else than its three fields is taken off the text. */
function readEntry(cursor: JsonCursor, { name, expectedOffset, dataOffset, fileSize }: EntryPlace): TensorEntry {
  const fail = (what: string): never => {
    throw new XnorkitError("bad-file", `tensor ${quoteName(name)}, expected at byte ${expectedOffset}: ${what}`);
  };
  const notSizes = () => fail(`shape is not a list of up to ${MAX_AXES} ${SIZES}`);
  const notOffsets = () => fail(`data_offsets is not a list of two ${SIZES}`);
  const fields: { dtype?: string; shape?: Shape; offsets?: readonly number[] } = {};
  if (cursor.kind() !== "object") fail("its entry is not a JSON object");
  cursor.object((key) => {
    if (key === "dtype") fields.dtype = cursor.kind() === "string" ? cursor.string() : fail("dtype is not a text");
    else if (key === "shape") fields.shape = readSizes(cursor, MAX_AXES, notSizes);
    else if (key === "data_offsets") fields.offsets = readSizes(cursor, 2, notOffsets);
    else fail(`unknown key ${quoteName(key)}`);
  });
  const { dtype = fail("dtype is missing"), shape = fail("shape is missing"), offsets = notOffsets() } = fields;
  if (!isDtype(dtype)) return fail(`dtype ${quoteName(dtype)} is not one of ${Object.keys(DTYPE_BYTES).join(", ")}`);
  const [begin, end = notOffsets()] = offsets;

  const byteLength = elementCount(shape) * DTYPE_BYTES[dtype];
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

/** A list of up to `most` integers from 0 to 2^53 - 1. */
function readSizes(cursor: JsonCursor, most: number, refuse: () => never): readonly number[] {
  const sizes: number[] = [];
  if (cursor.kind() !== "array") refuse();
  cursor.array(() => {
    const size = cursor.kind() === "word" ? cursor.word() : refuse();
    if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0 || sizes.length === most) refuse();
    else sizes.push(size);
  });
  return sizes;
}
