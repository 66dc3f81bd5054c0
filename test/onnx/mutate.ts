/**
 * Damages .onnx files: changes fields, varints, lengths and names of the tree of messages, or plain bytes. Sizes of
 * 2^40, cycles, missing inputs and nests of messages come of it.
 */
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** A message as a list of fields; what is no message is a number or bytes. */
interface Field {
  readonly number: number;
  wire: WireType;
  value: bigint | Uint8Array | Field[];
}

/** Which fields of a message are messages, by the type of the message: ModelProto and what it holds. */
const MESSAGES: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  model: { 7: "graph", 8: "opset", 25: "function" },
  graph: { 1: "node", 5: "tensor", 11: "value", 12: "value" },
  function: { 7: "node", 9: "opset" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor" },
  tensor: { 13: "entry" },
  value: { 2: "type" },
  type: { 1: "tensorType" },
  tensorType: { 2: "shape" },
  shape: { 1: "dimension" },
};

function parse(bytes: Uint8Array, type: string): Field[] {
  const reader = new BinaryReader(bytes);
  const fields: Field[] = [];
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (wire === WireType.Varint) fields.push({ number, wire, value: BigInt(reader.uint64()) });
    else if (wire === WireType.Bit32) fields.push({ number, wire, value: BigInt(reader.fixed32()) });
    else if (wire === WireType.Bit64) fields.push({ number, wire, value: BigInt(reader.fixed64()) });
    else {
      const inner = MESSAGES[type]?.[number];
      const content = reader.bytes();
      fields.push({ number, wire, value: inner === undefined ? content : parse(content, inner) });
    }
  }
  return fields;
}

function write(fields: readonly Field[], writer = new BinaryWriter()): BinaryWriter {
  for (const { number, wire, value } of fields) {
    writer.tag(number, wire);
    if (wire === WireType.Varint) writer.uint64(BigInt.asUintN(64, value as bigint));
    else if (wire === WireType.Bit32) writer.fixed32(Number(BigInt.asUintN(32, value as bigint)));
    else if (wire === WireType.Bit64) writer.fixed64(BigInt.asUintN(64, value as bigint));
    else if (value instanceof Uint8Array) writer.bytes(value);
    else if (typeof value === "bigint") writer.bytes(new Uint8Array(Number(value % 9n)));
    else writer.bytes(write(value).finish());
  }
  return writer;
}

/** All lists of fields of a tree: the messages. */
function messagesOf(fields: Field[], found: Field[][] = []): Field[][] {
  found.push(fields);
  for (const { value } of fields) if (Array.isArray(value)) messagesOf(value, found);
  return found;
}

const NUMBERS = [
  0n,
  1n,
  2n,
  3n,
  7n,
  8n,
  255n,
  1n << 16n,
  1n << 31n,
  (1n << 32n) - 1n,
  1n << 40n,
  1n << 62n,
  -1n,
  -2n,
  -(1n << 63n),
];
const OPERATORS = [
  "Add",
  "Conv",
  "Reshape",
  "Transpose",
  "Expand",
  "Gather",
  "Concat",
  "Split",
  "Slice",
  "Pad",
  "Where",
  "Cast",
  "Sign",
  "MatMul",
  "Gemm",
  "ReduceMean",
  "MaxPool",
  "Identity",
  "ConstantOfShape",
  "Range",
  "Shape",
  "If",
  "\n\u0000",
  "",
];

export interface Victim {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A damaged copy: one to four changes of fields, then, sometimes, of bytes. */
export function mutate({ bytes }: Victim, random: () => number): Uint8Array {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)];
  if (random() < 0.15) return changeBytes(bytes, random);
  const tree = parse(bytes, "model");
  const messages = messagesOf(tree).filter((fields) => fields.length > 0);
  for (let change = 1 + Math.floor(random() * 4); change > 0; change--) changeField(pick(messages), messages, random);
  const written = write(tree).finish();
  return random() < 0.1 ? changeBytes(written, random) : written;
}

function changeField(fields: Field[], messages: readonly Field[][], random: () => number): void {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)];
  if (fields.length === 0) return;
  const at = Math.floor(random() * fields.length);
  const field = fields[at];
  const kind = random();
  if (kind < 0.1) {
    fields.splice(at, 1);
  } else if (kind < 0.2) {
    fields.splice(at, 0, { ...field });
  } else if (kind < 0.25) {
    fields.push(...fields.splice(at, 1));
  } else if (kind < 0.3) {
    // A message from elsewhere: a node in a tensor's place, a graph within an attribute.
    const other = pick(messages);
    fields.push({
      number: pick([1, 2, 5, 6, 7, 8, 9, 11, 25]),
      wire: WireType.LengthDelimited,
      value: write(other).finish(),
    });
  } else if (kind < 0.35) {
    field.wire = pick([WireType.Varint, WireType.Bit64, WireType.LengthDelimited, WireType.Bit32]);
    if (typeof field.value !== "bigint" && field.wire !== WireType.LengthDelimited) field.value = pick(NUMBERS);
  } else if (typeof field.value === "bigint") {
    field.value = random() < 0.7 ? pick(NUMBERS) : field.value + pick([1n, -1n, 2n, 4n]);
  } else if (field.value instanceof Uint8Array) {
    const { value } = field;
    if (kind < 0.6) {
      // Another field's text: inputs become outputs of later nodes, names collide.
      const others = pick(messages).filter((other) => other.value instanceof Uint8Array && other.value.length < 200);
      field.value = others.length > 0 ? pick(others).value : new Uint8Array(0);
    } else if (kind < 0.7) {
      field.value = new TextEncoder().encode(pick(OPERATORS));
    } else if (kind < 0.8) {
      field.value = value.subarray(0, Math.floor(random() * value.length));
    } else {
      const copy = Uint8Array.from(value);
      if (copy.length > 0) copy[Math.floor(random() * copy.length)] = Math.floor(random() * 256);
      field.value = copy;
    }
  } else {
    changeField(field.value, messages, random);
  }
}

function changeBytes(bytes: Uint8Array, random: () => number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  for (let change = 1 + Math.floor(random() * 8); change > 0 && copy.length > 0; change--) {
    copy[Math.floor(random() * copy.length)] = Math.floor(random() * 256);
  }
  return random() < 0.3 ? copy.subarray(0, Math.floor(random() * copy.length)) : copy;
}
