/** The storages of a torch checkpoint: the runs of numbers outside of the pickle that its tensors are views of. */
import { XnorkitError } from "../../errors.js";
import { DTYPE_BYTES, type Dtype } from "../dtypes.js";
import { describeValue, isCount, isGlobal, itemsOf, type PicklePersistent, type PickleValue } from "./pickle_values.js";

/** A checkpoint that has been opened; its tensors are still calls. */
export interface TorchFile {
  readonly root: PickleValue;
  /** The little-endian bytes of a storage, by its key. */
  readonly storage: (key: string) => Uint8Array;
}

/** What a persistent id `("storage", type, key, location, elements[, view])` says. */
export interface StorageId {
  readonly key: string;
  /** Null where the storage is untyped and counts bytes. */
  readonly dtype: Dtype | null;
  readonly elements: number;
  /** Of the legacy format: the part of the storage with this key that is meant, in elements. */
  readonly view: { readonly offset: number; readonly elements: number } | null;
}

const STORAGE_DTYPES: Readonly<Record<string, Dtype>> = {
  Float: "F32",
  Double: "F64",
  Half: "F16",
  BFloat16: "BF16",
  Long: "I64",
  Int: "I32",
  Short: "I16",
  Char: "I8",
  Byte: "U8",
  Bool: "BOOL",
};
const UNTYPED = /^torch\.(?:storage\.)?_?UntypedStorage$/;

/** Bytes of an element of the storage. */
export function elementBytes({ dtype }: StorageId): number {
  return dtype === null ? 1 : DTYPE_BYTES[dtype];
}

function storageDtype(type: PickleValue): Dtype | null {
  const name = isGlobal(type) ? type.name : "";
  if (UNTYPED.test(name)) return null;
  const element = /^torch\.(?:cuda\.)?(\w+)Storage$/.exec(name)?.[1];
  if (element !== undefined && Object.hasOwn(STORAGE_DTYPES, element)) return STORAGE_DTYPES[element];
  throw new XnorkitError(
    "unsupported",
    `the checkpoint has a storage of type ${describeValue(type)}, expected one of ` +
      `torch.${Object.keys(STORAGE_DTYPES).join("Storage, ")}Storage`,
  );
}

function readView(view: PickleValue | undefined): StorageId["view"] | undefined {
  if (view === undefined || view === null) return null;
  const [key, offset, elements] = itemsOf(view) ?? [];
  return typeof key === "string" && isCount(offset) && isCount(elements) ? { offset, elements } : undefined;
}

/**
 * Reads the persistent id of a storage.
 * @throws XnorkitError `bad-file` if it is none, `unsupported` if its elements are of a type that no weight has.
 */
export function readStorageId(id: PickleValue): StorageId {
  const [tag, type, key, , elements, rest] = itemsOf(id) ?? [];
  const view = readView(rest);
  if (tag !== "storage" || typeof key !== "string" || !isCount(elements) || view === undefined) {
    throw new XnorkitError(
      "bad-file",
      `the checkpoint refers to ${describeValue(id)} as a storage, expected ("storage", type, key, location, ` +
        "elements): it is damaged",
    );
  }
  return { key, dtype: storageDtype(type), elements, view };
}

/**
 * What persistent ids stand for: a storage, or the class that the legacy format wraps with its source text. Pickles
 * write the id anew for every tensor of a storage; equal ids become one value.
 */
export function persistentResolver(): (id: PickleValue) => PickleValue {
  const known = new Map<string, { readonly storage: StorageId; readonly value: PicklePersistent }>();
  return (id) => {
    const [tag, type] = itemsOf(id) ?? [];
    if (tag === "module" && isGlobal(type)) return type;
    const storage = readStorageId(id);
    const earlier = known.get(storage.key);
    const { dtype, elements } = storage;
    const isSame = earlier?.storage.dtype === dtype && earlier.storage.elements === elements && storage.view === null;
    if (isSame && earlier.storage.view === null) return earlier.value;
    const value: PicklePersistent = { kind: "persistent", id };
    known.set(storage.key, { storage, value });
    return value;
  };
}
