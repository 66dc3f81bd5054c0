/**
 * Tells an ONNX file by its first bytes. Protobuf has no signature: the fields must be those of ModelProto, in their
 * wire types (the encoding of protocol buffers, "Encoding"). The two that occur are read here, so that telling a file
 * takes no library.
 */
import { bytesArgument, type FileBytes } from "../../arguments.js";

type WireType = "varint" | "bytes";

/** The two wire types by number. */
const WIRE_TYPES: Readonly<Record<number, WireType>> = { 0: "varint", 2: "bytes" };

/**
 * Fields of ModelProto by number: ir_version, producer_name, ..., graph, opset_import, metadata_props, training_info,
 * functions.
 */
const MODEL_FIELDS: Readonly<Record<number, WireType>> = {
  1: "varint",
  2: "bytes",
  3: "bytes",
  4: "bytes",
  5: "varint",
  6: "bytes",
  7: "bytes",
  8: "bytes",
  14: "bytes",
  20: "bytes",
  25: "bytes",
  26: "bytes",
};

const MAX_IR_VERSION = 100;
const GRAPH = 7;
const IR_VERSION = 1;

interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

/** A number of 7 bits a byte, the lowest first; null where it does not end within the bytes, or within ten. */
function readVarint(cursor: Cursor): number | null {
  let value = 0;
  for (let i = 0; i < 10 && cursor.at < cursor.bytes.length; i++) {
    const byte = cursor.bytes[cursor.at++];
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return value;
  }
  return null;
}

/**
 * True for the beginning of an ONNX file: it starts with the IR version or with a graph, and all fields that can be
 * seen are a model's.
 * @param file The file, or its first bytes: 16 suffice as a rule, since the graph goes on past them.
 */
export function isOnnx(file: FileBytes): boolean {
  const cursor: Cursor = { bytes: bytesArgument("isOnnx", "bytes", file), at: 0 };
  let hasVersion = false;
  let hasGraph = false;
  while (cursor.at < cursor.bytes.length) {
    const tag = readVarint(cursor);
    const value = tag === null ? null : readVarint(cursor);
    if (tag === null || value === null) return false;
    const field = Math.floor(tag / 8);
    const wire = WIRE_TYPES[tag % 8];
    if (wire === undefined || !Object.hasOwn(MODEL_FIELDS, field) || MODEL_FIELDS[field] !== wire) return false;
    if (field === GRAPH) hasGraph = true;
    if (field === IR_VERSION) {
      if (value < 1 || value > MAX_IR_VERSION) return false;
      hasVersion = true;
    }
    if (wire === "varint") continue;
    // The rest of the file is not among the bytes that were given.
    if (cursor.at + value > cursor.bytes.length) return hasVersion || hasGraph;
    cursor.at += value;
  }
  return hasVersion && hasGraph;
}
