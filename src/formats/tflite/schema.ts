/**
 * The tables of a .tflite file that an import needs, as plain data with every index checked. Field ids: TensorFlow
 * Lite's schema.fbs, version 3. Operators stay in the file's order, which is that of execution.
 */
import { ByteBuffer } from "flatbuffers";
import { XnorkitError } from "../../errors.js";
import { elementCount, formatShape, type Shape } from "../../tensor.js";
import { isTflite } from "./detect.js";
import {
  bytesField,
  hasField,
  int8Field,
  int32Field,
  int32sField,
  rootTable,
  stringField,
  type Table,
  tableField,
  tablesField,
  uint8Field,
  uint32Field,
  uint64Field,
  vectorField,
} from "./flatbuffer.js";
import { CUSTOM } from "./operator_names.js";

/** Element types by their number in the schema; others have no name here. */
const TYPES = ["f32", "f16", "i32", "u8", "i64", "string", "bool", "i16", "c64", "i8"] as const;

export type TensorType = (typeof TYPES)[number] | "other";

/** Bytes of an element of the types whose numbers are read. */
export const TYPE_BYTES: Readonly<Partial<Record<TensorType, number>>> = { f32: 4, f16: 2, i32: 4, i64: 8, i8: 1 };

/** real = scale * (q - zeroPoint), one scale, or one of each index of the dimension. */
export interface Quantization {
  readonly scales: Float32Array;
  readonly zeroPoints: readonly number[];
  readonly dimension: number;
}

export interface TfliteTensor {
  readonly index: number;
  readonly name: string;
  readonly type: TensorType;
  /** As declared: [] also means "not said". */
  readonly shape: Shape;
  /** The declared shape without the sizes that are open (-1 in the signature): null there. */
  readonly known: readonly (number | null)[];
  /** Elements in the file's layout; null for what is computed. */
  readonly data: Uint8Array | null;
  readonly quantization: Quantization | null;
}

export interface TfliteOperator {
  readonly index: number;
  /** Builtin code; `CUSTOM` with `custom` for others. */
  readonly code: number;
  readonly custom: string;
  /** Tensors by index, -1 for an input that is left out. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** The builtin options, null when all are left at their defaults. */
  readonly options: Table | null;
  readonly customOptions: Uint8Array;
}

export interface TfliteFile {
  readonly description: string;
  readonly operators: readonly TfliteOperator[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Reads a tensor when it is asked for; the same object each time. */
  readonly tensor: (index: number) => TfliteTensor;
}

/** What a file of any network stays below; guards against counts that take the time or memory of a hostile file. */
const MAX_OPERATORS = 10_000;
const MAX_TENSORS = 100_000;
const MAX_OPERANDS = 1024;
const MAX_RANK = 8;
const MAX_NAME_BYTES = 512;
const MAX_SCALES = 1 << 16;

function fail(problem: string): never {
  throw new XnorkitError("bad-file", `the .tflite file ${problem}: is it changed or damaged?`);
}

function readBuffer(model: Table, index: number, file: Uint8Array): Uint8Array | null {
  const buffers = tablesField(model, 4, "buffer");
  if (index >= buffers.count) fail(`refers to buffer ${index} of ${buffers.count}`);
  if (index === 0) return null;
  const buffer = buffers.get(index);
  const offset = uint64Field(buffer, 1);
  if (offset > 1n) {
    const end = offset + uint64Field(buffer, 2);
    if (end > BigInt(file.length)) fail(`holds buffer ${index} up to byte ${end}, past its ${file.length} bytes`);
    return file.subarray(Number(offset), Number(end));
  }
  const data = bytesField(buffer, 0, `the data of buffer ${index}`);
  return data === null || data.length === 0 ? null : data;
}

function readQuantization(tensor: Table, owner: string): Quantization | null {
  const table = tableField(tensor, 4, `the quantization of ${owner}`);
  if (table === null) return null;
  const scales = vectorField(table, 2, 4, `the scales of ${owner}`);
  if (scales === null || scales.count === 0) return null;
  const zeros = vectorField(table, 3, 8, `the zero points of ${owner}`);
  if (scales.count > MAX_SCALES || (zeros?.count ?? 0) > MAX_SCALES) fail(`gives ${owner} ${scales.count} scales`);
  return {
    scales: Float32Array.from({ length: scales.count }, (_, index) => scales.file.readFloat32(scales.at + 4 * index)),
    zeroPoints: Array.from({ length: zeros?.count ?? 0 }, (_, index) =>
      Number(zeros!.file.readInt64(zeros!.at + 8 * index)),
    ),
    dimension: int32Field(table, 6),
  };
}

function readTensor(model: Table, table: Table, index: number, file: Uint8Array): TfliteTensor {
  const name = stringField(table, 3, MAX_NAME_BYTES, `the name of tensor ${index}`);
  const owner = `tensor ${index}`;
  const shape = int32sField(table, 0, MAX_RANK, `the shape of ${owner}`);
  const signature = int32sField(table, 7, MAX_RANK, `the shape signature of ${owner}`);
  if (shape.some((size) => size < 0) || !Number.isSafeInteger(elementCount(shape))) {
    fail(`gives ${owner} the shape ${formatShape(shape)}`);
  }
  if (hasField(table, 6)) {
    throw new XnorkitError("unsupported", `${owner} of the .tflite file is sparse, which is not computed here`);
  }
  const type = TYPES[int8Field(table, 1)] ?? "other";
  const data = readBuffer(model, uint32Field(table, 2), file);
  const bytes = TYPE_BYTES[type];
  if (data !== null && bytes !== undefined && data.length !== elementCount(shape) * bytes) {
    fail(`holds ${data.length} bytes for ${owner}, which is ${type} of ${formatShape(shape)}`);
  }
  const isOpen = signature.length === shape.length;
  return {
    index,
    name,
    type,
    shape,
    known: shape.map((size, axis) => (isOpen && signature[axis] < 0 ? null : size)),
    data,
    quantization: readQuantization(table, owner),
  };
}

/**
 * The larger of both codes: older files have the i8 field alone, newer ones put 127 into it for what it cannot hold.
 */
function readCodes(model: Table): readonly { readonly code: number; readonly custom: string }[] {
  const codes = tablesField(model, 1, "operator code");
  if (codes.count > MAX_OPERATORS) fail(`counts ${codes.count} operator codes, expected at most ${MAX_OPERATORS}`);
  return Array.from({ length: codes.count }, (_, index) => {
    const table = codes.get(index);
    return {
      code: Math.max(int8Field(table, 0), int32Field(table, 3)),
      custom: stringField(table, 1, MAX_NAME_BYTES, `the name of operator code ${index}`),
    };
  });
}

/**
 * Reads the tables of a .tflite file. Constants are views of the file's bytes.
 * @throws XnorkitError `bad-file` when it is no TensorFlow Lite file of version 3, or an offset, count or index does
 *   not fit; `unsupported` for sparse tensors and options that are no FlexBuffer.
 */
export function readTflite(bytes: Uint8Array): TfliteFile {
  if (!isTflite(bytes)) {
    throw new XnorkitError(
      "bad-file",
      'this is no TensorFlow Lite file: bytes 4 to 7 are not "TFL3"; give the .tflite that the converter wrote',
    );
  }
  const model = rootTable(new ByteBuffer(bytes));
  const version = uint32Field(model, 0);
  if (version !== 3) fail(`is of schema version ${version}, expected 3`);
  const subgraphs = tablesField(model, 2, "subgraph");
  if (subgraphs.count === 0) fail("holds no subgraph");
  const subgraph = subgraphs.get(0);
  const tensors = tablesField(subgraph, 0, "tensor");
  const operators = tablesField(subgraph, 3, "operator");
  if (tensors.count > MAX_TENSORS) fail(`counts ${tensors.count} tensors, expected at most ${MAX_TENSORS}`);
  if (operators.count > MAX_OPERATORS) fail(`counts ${operators.count} operators, expected at most ${MAX_OPERATORS}`);
  const codes = readCodes(model);
  let counted = 0;

  /** Tables can share vectors and texts: all that is read of them stays below the file's size. */
  function count(read: number): void {
    counted += read;
    if (counted > bytes.length) fail("has tables that share more than its size holds");
  }

  function indices(table: Table, id: number, lowest: number, what: string): readonly number[] {
    const found = int32sField(table, id, MAX_OPERANDS, what);
    count(4 * found.length);
    const wrong = found.find((index) => index < lowest || index >= tensors.count);
    return wrong === undefined ? found : fail(`has tensor ${wrong} of ${tensors.count} among ${what}`);
  }

  function readOperator(index: number): TfliteOperator {
    const table = operators.get(index);
    const opcode = uint32Field(table, 0);
    if (opcode >= codes.length) fail(`gives operator ${index} the code ${opcode} of ${codes.length}`);
    const customOptions = bytesField(table, 5, `the options of operator ${index}`);
    if (customOptions !== null && codes[opcode].code === CUSTOM && int8Field(table, 6) !== 0) {
      throw new XnorkitError("unsupported", `operator ${index} of the .tflite file has options that are no FlexBuffer`);
    }
    return {
      index,
      ...codes[opcode],
      inputs: indices(table, 1, -1, `the inputs of operator ${index}`),
      outputs: indices(table, 2, 0, `the outputs of operator ${index}`),
      options: uint8Field(table, 3) === 0 ? null : tableField(table, 4, `the options of operator ${index}`),
      customOptions: customOptions ?? new Uint8Array(0),
    };
  }

  const known = new Map<number, TfliteTensor>();
  return {
    description: stringField(model, 3, MAX_NAME_BYTES, "the description"),
    operators: Array.from({ length: operators.count }, (_, index) => readOperator(index)),
    inputs: indices(subgraph, 1, 0, "the network's inputs"),
    outputs: indices(subgraph, 2, 0, "the network's outputs"),
    tensor(index) {
      const found = known.get(index);
      if (found !== undefined) return found;
      const read = readTensor(model, tensors.get(index), index, bytes);
      count(read.name.length + 4 * (read.quantization?.scales.length ?? 0));
      known.set(index, read);
      return read;
    },
  };
}
