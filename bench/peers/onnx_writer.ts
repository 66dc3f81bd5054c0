/**
 * Writes ONNX models, so that the benchmark builds its own networks: the few protobuf messages of onnx.proto3 (onnx/onnx) that a
 * feed-forward network needs, with their field numbers.
 */

/** Bytes of a message under construction, in the order they are written. */
type Message = Uint8Array[];

export type OnnxType = "float" | "uint8" | "int8" | "int32" | "int64";

/** TensorProto.DataType. */
const dataTypes: Readonly<Record<OnnxType, number>> = { float: 1, uint8: 2, int8: 3, int32: 6, int64: 7 };

export interface OnnxTensor {
  readonly name: string;
  readonly type: OnnxType;
  readonly dims: readonly number[];
  readonly data: Float32Array | Uint8Array | Int8Array | Int32Array | BigInt64Array;
}

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** "" is ONNX's own operators; `com.microsoft` has the quantised ones that ONNX lacks. */
  readonly domain?: string;
  /** Integer attributes: one number or a list. */
  readonly ints?: Readonly<Record<string, number | readonly number[]>>;
  readonly floats?: Readonly<Record<string, number>>;
}

export interface OnnxValue {
  readonly name: string;
  readonly type: OnnxType;
  /** Left to the runtime to infer where it is absent. */
  readonly dims?: readonly number[];
}

export interface OnnxModel {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

const VARINT = 0;
const LENGTH = 2;
const FIXED32 = 5;

function varint(value: number): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

const key = (field: number, wire: number) => varint(field * 8 + wire);

/** A non-negative integer; attributes of the benchmark's operators have no others. */
const integer = (field: number, value: number): Message => [key(field, VARINT), varint(value)];

const bytes = (field: number, content: Uint8Array): Message => [key(field, LENGTH), varint(content.length), content];

const text = (field: number, content: string): Message => bytes(field, new TextEncoder().encode(content));

const message = (field: number, ...parts: readonly Message[]): Message => bytes(field, join(parts.flat()));

const float = (field: number, value: number): Message => [
  key(field, FIXED32),
  new Uint8Array(Float32Array.of(value).buffer),
];

function tensorMessage({ name, type, dims, data }: OnnxTensor): Message {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return [
    ...dims.flatMap((size) => integer(1, size)),
    ...integer(2, dataTypes[type]),
    ...text(8, name),
    ...bytes(9, raw),
  ];
}

/** AttributeProto: name 1, f 2, i 3, ints 8, type 20 (FLOAT 1, INT 2, INTS 7). */
function attributeMessages({ ints = {}, floats = {} }: OnnxNode): Message[] {
  const whole = Object.entries(ints).map(([name, value]) =>
    typeof value === "number"
      ? [...text(1, name), ...integer(3, value), ...integer(20, 2)]
      : [...text(1, name), ...value.flatMap((item) => integer(8, item)), ...integer(20, 7)],
  );
  const real = Object.entries(floats).map(([name, value]) => [...text(1, name), ...float(2, value), ...integer(20, 1)]);
  return [...whole, ...real];
}

function nodeMessage(node: OnnxNode): Message {
  return [
    ...node.inputs.flatMap((name) => text(1, name)),
    ...node.outputs.flatMap((name) => text(2, name)),
    ...text(3, node.outputs[0]),
    ...text(4, node.op),
    ...attributeMessages(node).flatMap((attribute) => message(5, attribute)),
    ...text(7, node.domain ?? ""),
  ];
}

function valueMessage({ name, type, dims }: OnnxValue): Message {
  const shape =
    dims === undefined
      ? []
      : message(
          2,
          dims.flatMap((size) => message(1, integer(1, size))),
        );
  return [...text(1, name), ...message(2, message(1, integer(1, dataTypes[type]), shape))];
}

/** The bytes of an .onnx file: IR version 8, ONNX opset 13 and com.microsoft 1. Tensors are stored as raw little-endian data. */
export function writeOnnx({ name, nodes, initializers, inputs, outputs }: OnnxModel): Uint8Array<ArrayBuffer> {
  const graph: Message = [
    ...nodes.flatMap((node) => message(1, nodeMessage(node))),
    ...text(2, name),
    ...initializers.flatMap((tensor) => message(5, tensorMessage(tensor))),
    ...inputs.flatMap((value) => message(11, valueMessage(value))),
    ...outputs.flatMap((value) => message(12, valueMessage(value))),
  ];
  const opset = (domain: string, version: number) => message(8, text(1, domain), integer(2, version));
  return join([
    ...integer(1, 8),
    ...text(2, "xnorkit bench"),
    ...message(7, graph),
    ...opset("", 13),
    ...opset("com.microsoft", 1),
  ]);
}
