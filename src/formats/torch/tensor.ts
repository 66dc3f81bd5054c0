/** Tensors of a torch checkpoint: from the arguments of their rebuild call to row-major elements. */
import { XnorkitError } from "../../errors.js";
import { quoteName } from "../../graph/suggest.js";
import { elementCount, formatShape, type Shape } from "../../tensor.js";
import { DTYPE_BYTES, type Dtype, type RawTensor } from "../dtypes.js";
import {
  describeValue,
  isCount,
  isGlobal,
  isObject,
  isPersistent,
  itemsOf,
  type PickleObject,
  type PickleValue,
} from "./pickle_values.js";
import { elementBytes, readStorageId, type StorageId, type TorchFile } from "./storage.js";

/** torch's own bound of axes. */
const MAX_AXES = 64;
/** A parameter may wrap a tensor of a subclass, which wraps a tensor. */
const MAX_WRAPPERS = 4;

const TENSOR_CALL = /^torch\._utils\._rebuild_tensor(_v2|_v3)?$/;
const WRAPPER_CALL = /^torch\._utils\._rebuild_parameter(_with_state)?$/;
const SUBCLASS_CALL = "torch._tensor._rebuild_from_type_v2";

const DTYPES: Readonly<Record<string, Dtype>> = {
  "torch.float32": "F32",
  "torch.float64": "F64",
  "torch.float16": "F16",
  "torch.bfloat16": "BF16",
  "torch.int64": "I64",
  "torch.int32": "I32",
  "torch.int16": "I16",
  "torch.int8": "I8",
  "torch.uint8": "U8",
  "torch.bool": "BOOL",
};

/** The call that rebuilds the tensor which a value is, be it wrapped as a parameter; null if it is no tensor. */
export function tensorCall(value: PickleValue): PickleObject | null {
  let found = value;
  for (let wrappers = 0; isObject(found) && wrappers <= MAX_WRAPPERS; wrappers++) {
    const { name, args }: PickleObject = found;
    if (TENSOR_CALL.test(name)) return found;
    if (WRAPPER_CALL.test(name)) {
      found = args[0] ?? null;
    } else if (name === SUBCLASS_CALL) {
      const [callee, , inner] = args;
      const innerArgs = itemsOf(inner ?? null);
      if (!isGlobal(callee ?? null) || innerArgs === null) return null;
      found = { ...found, name: describeValue(callee), args: innerArgs };
    } else {
      return null;
    }
  }
  return null;
}

/** Where the elements of a tensor lie in its storage; numbers count elements. */
interface Layout {
  readonly storage: StorageId;
  readonly dtype: Dtype;
  readonly offset: number;
  readonly shape: Shape;
  readonly strides: readonly number[];
}

function bad(name: string, message: string): XnorkitError {
  return new XnorkitError("bad-file", `tensor ${quoteName(name)}: ${message}: the checkpoint is damaged`);
}

/** A tuple or torch.Size of counts. */
function readCounts(value: PickleValue): readonly number[] | null {
  const items = itemsOf(isObject(value) && value.name === "torch.Size" ? (value.args[0] ?? null) : value);
  return items?.every(isCount) && items.length <= MAX_AXES ? items : null;
}

function readLayout(name: string, call: PickleObject): Layout {
  const [reference = null, offset = null, size = null, stride = null] = call.args;
  const shape = readCounts(size);
  const strides = readCounts(stride);
  if (!isPersistent(reference)) throw bad(name, `its storage is ${describeValue(reference)}`);
  if (!isCount(offset) || shape === null || strides === null || shape.length !== strides.length) {
    throw bad(name, `its offset, sizes and strides are ${[offset, size, stride].map(describeValue).join(", ")}`);
  }
  const storage = readStorageId(reference.id);
  const dtype = storage.dtype ?? statedDtype(call);
  if (dtype === null) {
    throw new XnorkitError(
      "unsupported",
      `tensor ${quoteName(name)}: its storage is untyped, and its dtype is none of ${Object.keys(DTYPES).join(", ")}`,
    );
  }
  return { storage, dtype, offset, shape, strides };
}

/** `_rebuild_tensor_v3` has the element type as its seventh argument. */
function statedDtype({ args }: PickleObject): Dtype | null {
  const name = isGlobal(args[6] ?? null) ? describeValue(args[6]) : "";
  return Object.hasOwn(DTYPES, name) ? DTYPES[name] : null;
}

function storageBytes(name: string, { storage, dtype, offset, shape, strides }: Layout, file: TorchFile): Uint8Array {
  const size = elementBytes(storage);
  const all = file.storage(storage.key);
  const { offset: first, elements } = storage.view ?? { offset: 0, elements: storage.elements };
  if ((first + elements) * size > all.length) {
    throw bad(
      name,
      `its storage ${quoteName(storage.key)} has ${all.length} bytes, expected ${(first + elements) * size}`,
    );
  }
  const bytes = all.subarray(first * size, (first + elements) * size);
  const last = shape.reduce((index, count, axis) => index + (count - 1) * strides[axis], offset);
  const needed = shape.includes(0) ? 0 : (last + 1) * DTYPE_BYTES[dtype];
  if (needed > bytes.length) {
    throw bad(
      name,
      `its elements take ${needed} bytes of storage ${quoteName(storage.key)}, which has ${bytes.length}`,
    );
  }
  return bytes;
}

function isRowMajor(shape: Shape, strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis];
  }
  return true;
}

/** Copies strided elements of `size` bytes into row-major order. */
function gather(bytes: Uint8Array, size: number, { offset, shape, strides }: Layout): Uint8Array {
  const count = elementCount(shape);
  const gathered = new Uint8Array(count * size);
  const index = shape.map(() => 0);
  let from = offset;
  for (let to = 0; to < count; to++) {
    for (let byte = 0; byte < size; byte++) gathered[to * size + byte] = bytes[from * size + byte];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      index[axis]++;
      if (index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return gathered;
}

/**
 * The elements of a tensor in row-major order: a view of the storage where they lie so, else gathered by its strides.
 *
 * @param call What `tensorCall` found.
 * @param spend Called with the bytes that would be allocated, before they are; throws where they are too many.
 * @throws XnorkitError `bad-file` if the tensor does not fit its storage.
 */
export function readTensor(
  name: string,
  call: PickleObject,
  file: TorchFile,
  spend: (bytes: number) => void,
): RawTensor {
  const layout = readLayout(name, call);
  const { dtype, shape, strides, offset } = layout;
  const size = DTYPE_BYTES[dtype];
  const bytes = storageBytes(name, layout, file);
  const length = elementCount(shape) * size;
  if (length === 0) return { dtype, shape, bytes: new Uint8Array(0) };
  if (isRowMajor(shape, strides)) return { dtype, shape, bytes: bytes.subarray(offset * size, offset * size + length) };
  if (!Number.isSafeInteger(length)) throw bad(name, `its shape is ${formatShape(shape)}`);
  spend(length);
  return { dtype, shape, bytes: gather(bytes, size, layout) };
}
