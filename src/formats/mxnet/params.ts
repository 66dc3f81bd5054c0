/**
 * MXNet's `.params` files (ndarray.cc, tuple.h): what `save_parameters`, `save_checkpoint` and `export` write, since
 * version 0.7.
 *
 *   u64 0x112 | u64 0 | u64 n | n arrays | u64 m | m names: u64 length, bytes
 *
 * An array opens with a version word. V0, which every BMXNet v1 file has, is without: the word is the number of axes
 * itself.
 *
 *   V3 0xF993FACA, V2 0xF993FAC9 | i32 storage | i32 axes | i64 x axes | i32 device, i32 id | i32 type | data
 *   V1 0xF993FAC8                |               i32 axes | i64 x axes | i32 device, i32 id | i32 type | data
 *   V0 axes                      |                          u32 x axes | i32 device, i32 id | i32 type | data
 *
 * Without axes a V0 to V2 record ends after them and holds no array; in V3 that is a scalar, and -1 axes end the
 * record.
 */
import { bytesArgument, type FileBytes } from "../../arguments.js";
import { ENTRY_BYTES, OBJECT_BYTES, readBudget } from "../../budget.js";
import { XnorkitError } from "../../errors.js";
import { quoteName } from "../../graph/suggest.js";
import { formatShape } from "../../tensor.js";
import { DTYPE_BYTES, type Dtype, type RawTensor } from "../dtypes.js";
import { describeFile } from "../sniff.js";
import { isMxnetParams } from "./detect.js";

const V1 = 0xf993fac8;
const V2 = 0xf993fac9;
const V3 = 0xf993faca;
/** mshadow's type flags. */
const DTYPES: readonly Dtype[] = ["F32", "F64", "F16", "U8", "I32", "I8", "I64"];
/** Of MXNet itself. */
const MAX_AXES = 32;
/** The smallest record: a V0 word of zero axes. */
const MIN_ARRAY_BYTES = 4n;
const NAME_LENGTH_BYTES = 8n;

/** An array, the view of its bytes, and its name. */
const ARRAY_BYTES = 6 * OBJECT_BYTES + ENTRY_BYTES;
/** One for all records that hold no array. */
const NO_ARRAY: RawTensor = { dtype: "F32", shape: [0], bytes: new Uint8Array(0) };

interface Cursor {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
}

function fail(problem: string): never {
  throw new XnorkitError("bad-file", problem);
}

/** Moves past `size` bytes and returns where they begin. */
function take(cursor: Cursor, size: number, what: string): number {
  const { at, bytes } = cursor;
  if (size > bytes.length - at) {
    fail(`the .params file ends at byte ${bytes.length}, inside ${what}, which takes ${size} bytes from byte ${at} on`);
  }
  cursor.at += size;
  return at;
}

function takeU32(cursor: Cursor, what: string): number {
  return cursor.view.getUint32(take(cursor, 4, what), true);
}

function takeI32(cursor: Cursor, what: string): number {
  return cursor.view.getInt32(take(cursor, 4, what), true);
}

function takeU64(cursor: Cursor, what: string): bigint {
  return cursor.view.getBigUint64(take(cursor, 8, what), true);
}

/** A count that the rest of the file has room for. */
function takeCount(cursor: Cursor, what: string, smallest: bigint): number {
  const start = cursor.at;
  const count = takeU64(cursor, what);
  if (count * smallest > BigInt(cursor.bytes.length - cursor.at)) {
    fail(
      `${what} at byte ${start} is ${count}, but the file has only ${cursor.bytes.length - cursor.at} bytes after ` +
        "it: it is cut short or damaged",
    );
  }
  return Number(count);
}

function takeAxes(cursor: Cursor, version: number, what: string): readonly bigint[] | null {
  const start = cursor.at;
  const count = version > MAX_AXES ? takeI32(cursor, `the axes of ${what}`) : version;
  if (count > MAX_AXES || count < -1 || (count === -1 && version !== V3)) {
    fail(`${what} has ${count} axes at byte ${start}, expected 0 to ${MAX_AXES}`);
  }
  if (count === -1 || (count === 0 && version !== V3)) return null;
  return Array.from({ length: count }, () =>
    version > MAX_AXES
      ? cursor.view.getBigInt64(take(cursor, 8, `the shape of ${what}`), true)
      : BigInt(takeU32(cursor, `the shape of ${what}`)),
  );
}

function takeArray(cursor: Cursor, what: string): RawTensor {
  const start = cursor.at;
  const version = takeU32(cursor, what);
  if (version > MAX_AXES && version !== V1 && version !== V2 && version !== V3) {
    fail(
      `${what} at byte ${start} starts with 0x${version.toString(16).padStart(8, "0")}, expected an array of version ` +
        "0 to 3: the file is damaged or newer",
    );
  }
  if (version === V2 || version === V3) {
    const storage = takeI32(cursor, `the storage type of ${what}`);
    if (storage !== 0) {
      throw new XnorkitError(
        storage === 1 || storage === 2 ? "unsupported" : "bad-file",
        `${what} at byte ${start} has storage type ${storage}, but only dense arrays (0) hold ` +
          "weights here: save it dense",
      );
    }
  }
  const shapeAt = cursor.at;
  const axes = takeAxes(cursor, version, what);
  if (axes === null) return NO_ARRAY;
  take(cursor, 8, `the device of ${what}`);
  const flagAt = cursor.at;
  const flag = takeI32(cursor, `the type of ${what}`);
  const dtype = DTYPES[flag];
  if (dtype === undefined) {
    fail(`${what} has type flag ${flag} at byte ${flagAt}, expected one of 0 to ${DTYPES.length - 1}`);
  }
  const negative = axes.find((size) => size < 0n);
  const byteLength = axes.reduce((product, size) => product * size, BigInt(DTYPE_BYTES[dtype]));
  const left = cursor.bytes.length - cursor.at;
  if (negative !== undefined || byteLength > BigInt(left)) {
    fail(
      `${what} has shape ${axes.join("x")} of ${dtype} at byte ${shapeAt}` +
        (negative === undefined
          ? `, which takes ${byteLength} bytes, but the file has only ${left} after byte ${cursor.at}: ` +
            "it is cut short or damaged"
          : ", but no axis can be negative"),
    );
  }
  const begin = take(cursor, Number(byteLength), `the data of ${what}`);
  const shape = axes.map(Number);
  if (!shape.every(Number.isSafeInteger)) fail(`${what} has shape ${formatShape(shape)} at byte ${shapeAt}: too large`);
  const { buffer, byteOffset } = cursor.bytes;
  return { dtype, shape, bytes: new Uint8Array(buffer, byteOffset + begin, Number(byteLength)) };
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function takeName(cursor: Cursor, index: number): string {
  const what = `name ${index}`;
  const length = takeCount(cursor, `the length of ${what}`, 1n);
  const start = take(cursor, length, what);
  try {
    return decoder.decode(cursor.bytes.subarray(start, start + length));
  } catch (cause) {
    throw new XnorkitError("bad-file", `${what} at byte ${start} is not UTF-8`, { cause });
  }
}

/**
 * Reads an MXNet `.params` file of any version: the tensors by their names in the file (`arg:conv0_weight`, or
 * `features.0.gamma` from gluon; "0", "1" ... in a file without names), in its order. Their bytes are views of the
 * file's. Every size is checked against the file's before it is used.
 *
 * @throws XnorkitError `bad-file` with the tensor and the byte offset if the file is cut short, too long or damaged;
 *   `unsupported` where an array is sparse.
 */
export function readMxnetParams(file: FileBytes): ReadonlyMap<string, RawTensor> {
  const bytes = bytesArgument("readMxnetParams", "bytes", file);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const cursor: Cursor = { bytes, view, at: 0 };
  if (bytes.length >= 8 && !isMxnetParams(bytes)) {
    fail(`expected an MXNet .params file, but ${describeFile(bytes) ?? "this may be a safetensors file"}`);
  }
  takeU64(cursor, "its magic number");
  takeU64(cursor, "the header");
  const count = takeCount(cursor, "the number of arrays", MIN_ARRAY_BYTES);
  const budget = readBudget(bytes.length, "the .params file");
  const arrays: RawTensor[] = [];
  for (let index = 0; index < count; index++) {
    const array = takeArray(cursor, `array ${index} of ${count}`);
    budget.spend(array === NO_ARRAY ? OBJECT_BYTES + ENTRY_BYTES : ARRAY_BYTES);
    arrays.push(array);
  }

  const namesAt = cursor.at;
  const nameCount = takeCount(cursor, "the number of names", NAME_LENGTH_BYTES);
  if (nameCount !== 0 && nameCount !== count) {
    fail(`the .params file has ${count} arrays, but ${nameCount} names at byte ${namesAt}`);
  }
  const tensors = new Map<string, RawTensor>();
  for (const [index, array] of arrays.entries()) {
    const start = cursor.at;
    const name = nameCount === 0 ? String(index) : takeName(cursor, index);
    if (tensors.has(name)) fail(`two arrays have the name ${quoteName(name)} (the second at byte ${start})`);
    tensors.set(name, array);
  }
  if (cursor.at !== bytes.length) {
    fail(`the .params file should end at byte ${cursor.at}, but has ${bytes.length - cursor.at} bytes more`);
  }
  return tensors;
}
