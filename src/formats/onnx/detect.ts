/**
 * Tells an ONNX file by its first bytes. Protobuf has no signature: the fields must be those of ModelProto, in their
 * wire types.
 */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { bytesArgument, type FileBytes } from "../../arguments.js";

/**
 * Fields of ModelProto by number: ir_version, producer_name, ..., graph, opset_import, metadata_props, training_info,
 * functions.
 */
const MODEL_FIELDS: Readonly<Record<number, WireType>> = {
  1: WireType.Varint,
  2: WireType.LengthDelimited,
  3: WireType.LengthDelimited,
  4: WireType.LengthDelimited,
  5: WireType.Varint,
  6: WireType.LengthDelimited,
  7: WireType.LengthDelimited,
  8: WireType.LengthDelimited,
  14: WireType.LengthDelimited,
  20: WireType.LengthDelimited,
  25: WireType.LengthDelimited,
  26: WireType.LengthDelimited,
};

const MAX_IR_VERSION = 100;

/**
 * True for the beginning of an ONNX file: it starts with the IR version or with a graph, and all fields that can be
 * seen are a model's.
 * @param file The file, or its first bytes: 16 suffice as a rule, since the graph goes on past them.
 */
export function isOnnx(file: FileBytes): boolean {
  const start = bytesArgument("isOnnx", "bytes", file);
  const reader = new BinaryReader(start);
  let hasVersion = false;
  let hasGraph = false;
  try {
    while (reader.pos < reader.len) {
      const [number, wire] = reader.tag();
      if (!Object.hasOwn(MODEL_FIELDS, number) || MODEL_FIELDS[number] !== wire) return false;
      if (number === 7) hasGraph = true;
      if (number === 1) {
        const version = reader.uint32();
        if (version < 1 || version > MAX_IR_VERSION) return false;
        hasVersion = true;
      } else if (wire === WireType.LengthDelimited) {
        const length = reader.uint32();
        // The rest of the file is not among the bytes that were given.
        if (reader.pos + length > reader.len) return hasVersion || hasGraph;
        reader.pos += length;
      } else {
        reader.skip(wire, number);
      }
    }
  } catch {
    return false;
  }
  return hasVersion && hasGraph;
}
