/**
 * Writes ONNX models, so that benchmarks and tests build networks of their own: the protobuf messages of onnx.proto
 * (onnx/onnx) that a feed-forward network needs, with their field numbers.
 */

/** Bytes of a message under construction, in the order they are written. */
type Message = Uint8Array[];

export type OnnxType = "float" | "uint8" | "int8" | "int32" | "int64" | "bool" | "double";

/** TensorProto.DataType. */
const dataTypes: Readonly<Record<OnnxType, number>> = {
  float: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  double: 11,
};

export interface OnnxTensor {
  readonly name: string;
  readonly type: OnnxType;
  readonly dims: readonly number[];
  readonly data: Float32Array | Float64Array | Uint8Array | Int8Array | Int32Array | BigInt64Array;
  /** Where the data lies in a file beside the model; without it the data is in the model. */
  readonly external?: { readonly location: string; readonly offset: number };
}

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** By default the name of the first output. */
  readonly name?: string;
  /** "" is ONNX's own operators; `com.microsoft` has the quantised ones that ONNX lacks. */
  readonly domain?: string;
  /** Integer attributes: one number or a list. */
  readonly ints?: Readonly<Record<string, number | readonly number[]>>;
  readonly floats?: Readonly<Record<string, number>>;
  readonly strings?: Readonly<Record<string, string>>;
  readonly tensors?: Readonly<Record<string, OnnxTensor>>;
  /** Float attributes that take the value of the calling node's attribute of another name; inside functions. */
  readonly references?: Readonly<Record<string, string>>;
  /** `metadata_props`: what PyTorch says of the node's modules. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface OnnxValue {
  readonly name: string;
  readonly type: OnnxType;
  /** Left to the runtime to infer if it is absent; a name is an axis of any size. */
  readonly dims?: readonly (number | string)[];
}

/** A model-local function. */
export interface OnnxFunction {
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: readonly string[];
  readonly nodes: readonly OnnxNode[];
}

export interface OnnxModel {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly functions?: readonly OnnxFunction[];
  /** By default 8. */
  readonly irVersion?: number;
  /** Version of ONNX's own operators, by default 13. */
  readonly opset?: number;
  /** `metadata_props` of the model. */
  readonly metadata?: Readonly<Record<string, string>>;
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

/** An integer; a negative one takes ten bytes, as its 64 bits of two's complement. */
function integer(field: number, value: number): Message {
  if (value >= 0) return [key(field, VARINT), varint(value)];
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
    if (rest < 128n) return [key(field, VARINT), Uint8Array.from([...bytes, Number(rest)])];
    bytes.push(Number(rest & 127n) + 128);
  }
}

const bytes = (field: number, content: Uint8Array): Message => [key(field, LENGTH), varint(content.length), content];

const text = (field: number, content: string): Message => bytes(field, new TextEncoder().encode(content));

const message = (field: number, ...parts: readonly Message[]): Message => bytes(field, join(parts.flat()));

const float = (field: number, value: number): Message => [
  key(field, FIXED32),
  new Uint8Array(Float32Array.of(value).buffer),
];

const entry = (field: number, name: string, value: string): Message => message(field, text(1, name), text(2, value));

const entries = (field: number, values: Readonly<Record<string, string>> = {}): Message =>
  Object.entries(values).flatMap(([name, value]) => entry(field, name, value));

function tensorMessage({ name, type, dims, data, external }: OnnxTensor): Message {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const place = external && [
    ...entry(13, "location", external.location),
    ...entry(13, "offset", String(external.offset)),
    ...entry(13, "length", String(raw.length)),
    ...integer(14, 1),
  ];
  return [
    ...dims.flatMap((size) => integer(1, size)),
    ...integer(2, dataTypes[type]),
    ...text(8, name),
    ...(place ?? bytes(9, raw)),
  ];
}

/**
 * AttributeProto: name 1, f 2, i 3, s 4, t 5, ints 8, type 20 (FLOAT 1, INT 2, STRING 3, TENSOR 4, INTS 7),
 * ref_attr_name 21.
 */
function attributeMessages(node: OnnxNode): Message[] {
  const { ints = {}, floats = {}, strings = {}, tensors = {}, references = {} } = node;
  const whole = Object.entries(ints).map(([name, value]) =>
    typeof value === "number"
      ? [...text(1, name), ...integer(3, value), ...integer(20, 2)]
      : [...text(1, name), ...value.flatMap((item) => integer(8, item)), ...integer(20, 7)],
  );
  const real = Object.entries(floats).map(([name, value]) => [...text(1, name), ...float(2, value), ...integer(20, 1)]);
  const words = Object.entries(strings).map(([name, value]) => [
    ...text(1, name),
    ...text(4, value),
    ...integer(20, 3),
  ]);
  const values = Object.entries(tensors).map(([name, value]) => [
    ...text(1, name),
    ...message(5, tensorMessage(value)),
    ...integer(20, 4),
  ]);
  const taken = Object.entries(references).map(([name, from]) => [
    ...text(1, name),
    ...integer(20, 1),
    ...text(21, from),
  ]);
  return [...whole, ...real, ...words, ...values, ...taken];
}

function nodeMessage(node: OnnxNode): Message {
  return [
    ...node.inputs.flatMap((name) => text(1, name)),
    ...node.outputs.flatMap((name) => text(2, name)),
    ...text(3, node.name ?? node.outputs[0]),
    ...text(4, node.op),
    ...attributeMessages(node).flatMap((attribute) => message(5, attribute)),
    ...text(7, node.domain ?? ""),
    ...entries(9, node.metadata),
  ];
}

function valueMessage({ name, type, dims }: OnnxValue): Message {
  const shape =
    dims === undefined
      ? []
      : message(
          2,
          dims.flatMap((size) => message(1, typeof size === "string" ? text(2, size) : integer(1, size))),
        );
  return [...text(1, name), ...message(2, message(1, integer(1, dataTypes[type]), shape))];
}

const opsetMessage = (field: number, domain: string, version: number) =>
  message(field, text(1, domain), integer(2, version));

function functionMessage(
  { domain, name, inputs, outputs, attributes = [], nodes }: OnnxFunction,
  opset: number,
): Message {
  return [
    ...text(1, name),
    ...inputs.flatMap((value) => text(4, value)),
    ...outputs.flatMap((value) => text(5, value)),
    ...attributes.flatMap((value) => text(6, value)),
    ...nodes.flatMap((node) => message(7, nodeMessage(node))),
    ...opsetMessage(9, "", opset),
    ...opsetMessage(9, domain, 1),
    ...text(10, domain),
  ];
}

/**
 * The bytes of an .onnx file, with com.microsoft 1 beside ONNX's own operators. Tensors are stored as raw little-endian
 * data.
 */
export function writeOnnx(model: OnnxModel): Uint8Array<ArrayBuffer> {
  const { name, nodes, initializers, inputs, outputs, functions = [], irVersion = 8, opset = 13 } = model;
  const graph: Message = [
    ...nodes.flatMap((node) => message(1, nodeMessage(node))),
    ...text(2, name),
    ...initializers.flatMap((tensor) => message(5, tensorMessage(tensor))),
    ...inputs.flatMap((value) => message(11, valueMessage(value))),
    ...outputs.flatMap((value) => message(12, valueMessage(value))),
  ];
  const domains = new Set(functions.map(({ domain }) => domain));
  return join([
    ...integer(1, irVersion),
    ...text(2, "xnorkit bench"),
    ...message(7, graph),
    ...opsetMessage(8, "", opset),
    ...opsetMessage(8, "com.microsoft", 1),
    ...[...domains].flatMap((domain) => opsetMessage(8, domain, 1)),
    ...entries(14, model.metadata),
    ...functions.flatMap((body) => message(25, functionMessage(body, opset))),
  ]);
}
