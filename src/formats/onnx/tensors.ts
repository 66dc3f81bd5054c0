/** Tensors of ONNX files: their element types, and how the file stores their numbers. */
import { elementCount, formatShape, type Shape } from "../../tensor.js";
import { bfloat16ToFloat32, float16ToFloat32 } from "../dtypes.js";
import { fail, show } from "./messages.js";
import type { TensorProto } from "./schema.js";
import type { NumberList } from "./wire.js";

/**
 * Element types that are read. Half floats are computed with as float32, 64-bit integers as doubles (exact up to 2^53).
 */
export type ElementType =
  | "float"
  | "double"
  | "float16"
  | "bfloat16"
  | "int64"
  | "uint64"
  | "int32"
  | "uint32"
  | "int16"
  | "uint16"
  | "int8"
  | "uint8"
  | "bool";

/** The numbers of a tensor in row-major order. */
export type Numbers = Float32Array | Float64Array | Int32Array | Uint16Array | Int16Array | Uint8Array | Int8Array;

export interface OnnxTensor {
  readonly type: ElementType;
  readonly shape: Shape;
  readonly data: Numbers;
}

interface Storage {
  /** Bytes of an element in the file. */
  readonly bytes: number;
  readonly make: (length: number) => Numbers;
  /** Little-endian elements; `bytes` is aligned to the element. */
  readonly decode: (bytes: Uint8Array) => Numbers;
  /** The typed list of TensorProto that may hold the elements in place of raw bytes. */
  readonly list: "floatData" | "doubleData" | "int32Data" | "int64Data";
}

const float32 = (length: number) => new Float32Array(length);
const float64 = (length: number) => new Float64Array(length);
const elements = ({ length }: Uint8Array, size: number) => length / size;

function wide(bytes: Uint8Array, View: BigInt64ArrayConstructor | BigUint64ArrayConstructor): Float64Array {
  const view = new View(bytes.buffer as ArrayBuffer, bytes.byteOffset, elements(bytes, 8));
  return Float64Array.from(view as ArrayLike<unknown> as ArrayLike<bigint>, Number);
}

const STORAGE: Readonly<Record<ElementType, Storage>> = {
  float: {
    bytes: 4,
    make: float32,
    decode: (b) => new Float32Array(b.buffer, b.byteOffset, elements(b, 4)),
    list: "floatData",
  },
  double: {
    bytes: 8,
    make: float64,
    decode: (b) => new Float64Array(b.buffer, b.byteOffset, elements(b, 8)),
    list: "doubleData",
  },
  float16: {
    bytes: 2,
    make: float32,
    decode: (b) => float16ToFloat32(new Uint16Array(b.buffer, b.byteOffset, elements(b, 2))),
    list: "int32Data",
  },
  bfloat16: {
    bytes: 2,
    make: float32,
    decode: (b) => bfloat16ToFloat32(new Uint16Array(b.buffer, b.byteOffset, elements(b, 2))),
    list: "int32Data",
  },
  int64: { bytes: 8, make: float64, decode: (b) => wide(b, BigInt64Array), list: "int64Data" },
  uint64: { bytes: 8, make: float64, decode: (b) => wide(b, BigUint64Array), list: "int64Data" },
  int32: {
    bytes: 4,
    make: (length) => new Int32Array(length),
    decode: (b) => new Int32Array(b.buffer, b.byteOffset, elements(b, 4)),
    list: "int32Data",
  },
  uint32: {
    bytes: 4,
    make: float64,
    decode: (b) => Float64Array.from(new Uint32Array(b.buffer, b.byteOffset, elements(b, 4))),
    list: "int64Data",
  },
  int16: {
    bytes: 2,
    make: (length) => new Int16Array(length),
    decode: (b) => new Int16Array(b.buffer, b.byteOffset, elements(b, 2)),
    list: "int32Data",
  },
  uint16: {
    bytes: 2,
    make: (length) => new Uint16Array(length),
    decode: (b) => new Uint16Array(b.buffer, b.byteOffset, elements(b, 2)),
    list: "int32Data",
  },
  int8: {
    bytes: 1,
    make: (length) => new Int8Array(length),
    decode: (b) => new Int8Array(b.buffer, b.byteOffset, b.length),
    list: "int32Data",
  },
  uint8: { bytes: 1, make: (length) => new Uint8Array(length), decode: (b) => b, list: "int32Data" },
  bool: {
    bytes: 1,
    make: (length) => new Uint8Array(length),
    decode: (b) => b.map((byte) => Math.min(byte, 1)),
    list: "int32Data",
  },
};

/** TensorProto.DataType by number. */
const DATA_TYPES: Readonly<Record<number, ElementType>> = {
  1: "float",
  2: "uint8",
  3: "int8",
  4: "uint16",
  5: "int16",
  6: "int32",
  7: "int64",
  9: "bool",
  10: "float16",
  11: "double",
  12: "uint32",
  13: "uint64",
  16: "bfloat16",
};

/**
 * The element type of a number of TensorProto.DataType; null for those that are not read (strings, complex numbers,
 * 8-bit floats).
 */
export function elementType(dataType: number): ElementType | null {
  return Object.hasOwn(DATA_TYPES, dataType) ? DATA_TYPES[dataType] : null;
}

export function isFloat(type: ElementType): boolean {
  return type === "float" || type === "double" || type === "float16" || type === "bfloat16";
}

/** The bytes that an element takes here: half floats take four, integers of more than 32 bits are doubles. */
export function bytesOf(type: ElementType): number {
  return STORAGE[type].make(0).BYTES_PER_ELEMENT;
}

/** Room for `length` elements of a type. */
export function makeNumbers(type: ElementType, length: number): Numbers {
  return STORAGE[type].make(length);
}

/** A tensor of 64-bit integers in one axis, as shapes and axes are. */
export function integerTensor(values: readonly number[]): OnnxTensor {
  return { type: "int64", shape: [values.length], data: Float64Array.from(values) };
}

export function scalarTensor(value: number, type: ElementType = "float"): OnnxTensor {
  const data = makeNumbers(type, 1);
  data[0] = value;
  return { type, shape: [], data };
}

function checkShape(name: string, dims: NumberList): Shape {
  const shape = Array.from(dims);
  const count = elementCount(shape);
  if (shape.every((size) => Number.isSafeInteger(size) && size >= 0) && Number.isSafeInteger(count)) return shape;
  return fail("bad-file", `tensor ${name} has the shape ${formatShape(shape).slice(0, 100)}, which no file can hold`);
}

function fromList(name: string, proto: TensorProto, type: ElementType, count: number): Numbers {
  const { list, make } = STORAGE[type];
  const values = proto[list];
  if (values.length !== count) {
    fail(
      "bad-file",
      `tensor ${name} of shape ${formatShape(Array.from(proto.dims))} needs ${count} elements, ` +
        `but has ${values.length}`,
    );
  }
  if (type === "float16" || type === "bfloat16")
    return STORAGE[type].decode(new Uint8Array(Uint16Array.from(values).buffer));
  const data = make(count);
  data.set(values);
  return data;
}

/**
 * The numbers of a tensor.
 * @param external Finds the bytes of a tensor that lies in a file beside the model.
 * @throws XnorkitError `unsupported` for element types that are not read, `bad-file` if bytes and shape do not fit;
 *   sizes are checked before anything of their size is allocated.
 */
export function decodeTensor(
  proto: TensorProto,
  external: (proto: TensorProto, byteLength: number) => Uint8Array,
): OnnxTensor {
  const name = show(proto.name);
  const type = elementType(proto.dataType);
  if (type === null) return fail("unsupported", `tensor ${name} has data type ${proto.dataType}, which is not read`);
  if (proto.segment !== undefined) fail("unsupported", `tensor ${name} is stored in segments, which are not read`);
  const shape = checkShape(name, proto.dims);
  const count = elementCount(shape);
  const { bytes, decode } = STORAGE[type];
  const isExternal = proto.dataLocation === 1;
  if (!isExternal && proto.rawData === undefined) return { type, shape, data: fromList(name, proto, type, count) };
  const raw = isExternal ? external(proto, count * bytes) : proto.rawData!;
  if (raw.length !== count * bytes) {
    fail(
      "bad-file",
      `tensor ${name} of shape ${formatShape(shape)} needs ${count * bytes} bytes of ${type}, but has ${raw.length}`,
    );
  }
  // Not by slice(), which gives a view if the bytes are a Node Buffer.
  const aligned = raw.byteOffset % bytes === 0 ? raw : new Uint8Array(raw);
  return { type, shape, data: decode(aligned) };
}
