/**
 * Writes .tflite files with the official builders, for tests: tensors and operators by their schema numbers, sharing
 * nothing with the reader.
 */
import { Builder } from "flatbuffers";
import { encode } from "flatbuffers/js/flexbuffers.js";

const TYPES = { f32: 0, f16: 1, i32: 2, u8: 3, i64: 4, bool: 6, i8: 9 } as const;

export interface TensorSpec {
  readonly shape: readonly number[];
  readonly type: keyof typeof TYPES;
  readonly name?: string;
  readonly data?: ArrayBufferView;
  readonly scale?: number | readonly number[];
  readonly zeroPoint?: number;
  readonly dimension?: number;
  /** -1 for open sizes. */
  readonly signature?: readonly number[];
}

/** A field of builtin options: its id, type and value. */
export type OptionField = readonly [id: number, type: "i8" | "i32" | "f32" | "i32s", value: number | readonly number[]];

export interface OptionTable {
  readonly type: number;
  readonly fields: readonly OptionField[];
}

export interface OperatorSpec {
  /** Builtin code, or the name of a custom operator. */
  readonly code: number | string;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly options?: OptionTable;
  /** Of a custom operator, as a FlexBuffer map. */
  readonly custom?: Readonly<Record<string, unknown>>;
}

export interface FileSpec {
  readonly tensors: readonly TensorSpec[];
  readonly operators: readonly OperatorSpec[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** A table of fields, each written by its function; null leaves it out. */
function table(builder: Builder, fields: readonly (((id: number) => void) | null)[]): number {
  builder.startObject(fields.length);
  for (const [id, write] of fields.entries()) write?.(id);
  return builder.endObject();
}

function offsets(builder: Builder, values: readonly number[]): number {
  builder.startVector(4, values.length, 4);
  for (const value of [...values].reverse()) builder.addOffset(value);
  return builder.endVector();
}

function int32s(builder: Builder, values: readonly number[]): number {
  builder.startVector(4, values.length, 4);
  for (const value of [...values].reverse()) builder.addInt32(value);
  return builder.endVector();
}

function bytes(builder: Builder, data: Uint8Array): number {
  builder.startVector(1, data.length, 16);
  for (let i = data.length - 1; i >= 0; i--) builder.addInt8((data[i] << 24) >> 24);
  return builder.endVector();
}

function writeQuantization(builder: Builder, { scale, zeroPoint = 0, dimension = 0 }: TensorSpec): number | null {
  if (scale === undefined) return null;
  const scales = typeof scale === "number" ? [scale] : scale;
  builder.startVector(4, scales.length, 4);
  for (const value of [...scales].reverse()) builder.addFloat32(value);
  const scaleVector = builder.endVector();
  builder.startVector(8, scales.length, 8);
  for (const _ of scales) builder.addInt64(BigInt(zeroPoint));
  const zeros = builder.endVector();
  return table(builder, [
    null,
    null,
    (id) => builder.addFieldOffset(id, scaleVector, 0),
    (id) => builder.addFieldOffset(id, zeros, 0),
    null,
    null,
    (id) => builder.addFieldInt32(id, dimension, 0),
  ]);
}

function writeTensor(builder: Builder, tensor: TensorSpec, buffer: number, index: number): number {
  const shape = int32s(builder, tensor.shape);
  const name = builder.createString(tensor.name ?? `t${index}`);
  const quantization = writeQuantization(builder, tensor);
  const signature = tensor.signature === undefined ? null : int32s(builder, tensor.signature);
  return table(builder, [
    (id) => builder.addFieldOffset(id, shape, 0),
    (id) => builder.addFieldInt8(id, TYPES[tensor.type], 0),
    (id) => builder.addFieldInt32(id, buffer, 0),
    (id) => builder.addFieldOffset(id, name, 0),
    quantization === null ? null : (id) => builder.addFieldOffset(id, quantization, 0),
    null,
    null,
    signature === null ? null : (id) => builder.addFieldOffset(id, signature, 0),
  ]);
}

function writeOptions(builder: Builder, { fields }: OptionTable): number {
  const vectors = new Map(
    fields.flatMap(([id, , value]) => (typeof value === "number" ? [] : [[id, int32s(builder, value)] as const])),
  );
  builder.startObject(Math.max(0, ...fields.map(([id]) => id + 1)));
  for (const [id, type, value] of fields) {
    if (type === "i32s") builder.addFieldOffset(id, vectors.get(id)!, 0);
    else if (type === "i8") builder.addFieldInt8(id, value as number, 0);
    else if (type === "i32") builder.addFieldInt32(id, value as number, 0);
    else builder.addFieldFloat32(id, value as number, 0);
  }
  return builder.endObject();
}

function writeOperator(builder: Builder, op: OperatorSpec, opcode: number): number {
  const inputs = int32s(builder, op.inputs);
  const outputs = int32s(builder, op.outputs);
  const options = op.options === undefined ? null : writeOptions(builder, op.options);
  const custom = op.custom === undefined ? null : bytes(builder, encode(op.custom));
  return table(builder, [
    (id) => builder.addFieldInt32(id, opcode, 0),
    (id) => builder.addFieldOffset(id, inputs, 0),
    (id) => builder.addFieldOffset(id, outputs, 0),
    options === null ? null : (id) => builder.addFieldInt8(id, op.options!.type, 0),
    options === null ? null : (id) => builder.addFieldOffset(id, options, 0),
    custom === null ? null : (id) => builder.addFieldOffset(id, custom, 0),
  ]);
}

function writeCode(builder: Builder, code: number | string): number {
  const custom = typeof code === "string" ? builder.createString(code) : null;
  const builtin = typeof code === "string" ? 32 : code;
  return table(builder, [
    (id) => builder.addFieldInt8(id, Math.min(builtin, 127), 0),
    custom === null ? null : (id) => builder.addFieldOffset(id, custom, 0),
    (id) => builder.addFieldInt32(id, 1, 1),
    (id) => builder.addFieldInt32(id, builtin, 0),
  ]);
}

/** The bytes of a file with one subgraph. */
export function writeTflite({ tensors, operators, inputs, outputs }: FileSpec): Uint8Array {
  const builder = new Builder(1024);
  const codes = [...new Set(operators.map(({ code }) => code))];
  const data = tensors.map((tensor) => tensor.data ?? null);
  const filled = data.filter((view) => view !== null);
  const buffers = [
    table(builder, []),
    ...filled.map((view) => {
      const at = bytes(builder, new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
      return table(builder, [(id) => builder.addFieldOffset(id, at, 0)]);
    }),
  ];
  const tensorTables = tensors.map((tensor, index) => {
    const view = data[index];
    return writeTensor(builder, tensor, view === null ? 0 : 1 + filled.indexOf(view), index);
  });
  const operatorTables = operators.map((op) => writeOperator(builder, op, codes.indexOf(op.code)));
  const codeTables = codes.map((code) => writeCode(builder, code));
  const parts = [offsets(builder, tensorTables), int32s(builder, inputs), int32s(builder, outputs)];
  const operatorVector = offsets(builder, operatorTables);
  const subgraph = table(
    builder,
    [...parts, operatorVector].map((part) => (id: number) => builder.addFieldOffset(id, part, 0)),
  );
  const subgraphs = offsets(builder, [subgraph]);
  const codeVector = offsets(builder, codeTables);
  const description = builder.createString("written by a test");
  const bufferVector = offsets(builder, buffers);
  const model = table(builder, [
    (id) => builder.addFieldInt32(id, 3, 0),
    (id) => builder.addFieldOffset(id, codeVector, 0),
    (id) => builder.addFieldOffset(id, subgraphs, 0),
    (id) => builder.addFieldOffset(id, description, 0),
    (id) => builder.addFieldOffset(id, bufferVector, 0),
  ]);
  builder.finish(model, "TFL3");
  return Uint8Array.from(builder.asUint8Array());
}

/** Collects tensors and operators one after the other. */
export interface NetWriter {
  /** A tensor; returns its index. */
  readonly tensor: (spec: TensorSpec) => number;
  readonly floats: (shape: readonly number[], data: ArrayLike<number>) => number;
  readonly integers: (shape: readonly number[], data: ArrayLike<number>) => number;
  /** An operator with one output, which is returned. */
  readonly add: (
    code: number | string,
    inputs: readonly number[],
    output: TensorSpec,
    options?: OptionTable | Readonly<Record<string, unknown>>,
  ) => number;
  readonly addOperator: (op: OperatorSpec) => void;
  readonly bytes: (inputs: readonly number[], outputs: readonly number[]) => Uint8Array;
}

export function netWriter(): NetWriter {
  const tensors: TensorSpec[] = [];
  const operators: OperatorSpec[] = [];
  const tensor = (spec: TensorSpec) => tensors.push(spec) - 1;
  return {
    tensor,
    floats: (shape, data) => tensor({ shape, type: "f32", data: Float32Array.from(data) }),
    integers: (shape, data) => tensor({ shape, type: "i32", data: Int32Array.from(data) }),
    add(code, inputs, output, options) {
      const index = tensor(output);
      const isCustom = typeof code === "string";
      operators.push({
        code,
        inputs,
        outputs: [index],
        ...(options !== undefined &&
          (isCustom ? { custom: options as Readonly<Record<string, unknown>> } : { options: options as OptionTable })),
      });
      return index;
    },
    addOperator: (op) => operators.push(op),
    bytes: (inputs, outputs) => writeTflite({ tensors, operators, inputs, outputs }),
  };
}

/** Packs signs [.., C] (below 0 is a set bit) to words of 32 channels. */
export function packWords(signs: ArrayLike<number>, channels: number): Int32Array {
  const words = Math.ceil(channels / 32);
  const packed = new Int32Array((signs.length / channels) * words);
  for (let i = 0; i < signs.length; i++) {
    const [row, channel] = [Math.floor(i / channels), i % channels];
    if (signs[i] < 0) packed[row * words + (channel >> 5)] |= 1 << (channel & 31);
  }
  return packed;
}
