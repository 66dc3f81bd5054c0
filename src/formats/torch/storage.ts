/** The storages of a torch checkpoint: the runs of numbers outside of the pickle that its tensors are views of. */
import { XnorkitError } from "../../errors.js";
import { DTYPE_BYTES, type Dtype } from "../dtypes.js";
import type { PickleCall } from "./pickle.js";
import { describeValue, isCount, isGlobal, itemsOf, type PickleValue } from "./pickle_values.js";

/** A checkpoint that has been opened; its tensors are still calls. */
export interface TorchFile {
  readonly root: PickleValue;
  /** The first call that only a module pickled whole may have; null without. */
  readonly onlyInModules: PickleCall | null;
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
    `the checkpoint has a storage of type ${describeValue(type)}, expected one of torch.${Object.keys(STORAGE_DTYPES).join("Storage, ")}Storage`,
  );
}

function readView(view: PickleValue | undefined): StorageId["view"] | undefined {
  if (view === undefined || view === null) return null;
  const [key, offset, elements] = itemsOf(view) ?? [];
  return typeof key === "string" && isCount(offset) && isCount(elements) ? { offset, elements } : undefined;
}

/**
 * Reads the persistent id of a storage.
 * @throws XnorkitError `bad-file` where it is none, `unsupported` where its elements are of a type that no weight has.
 */
export function readStorageId(id: PickleValue): StorageId {
  const [tag, type, key, , elements, rest] = itemsOf(id) ?? [];
  const view = readView(rest);
  if (tag !== "storage" || typeof key !== "string" || !isCount(elements) || view === undefined) {
    throw new XnorkitError(
      "bad-file",
      `the checkpoint refers to ${describeValue(id)} as a storage, expected ("storage", type, key, location, elements): it is damaged`,
    );
  }
  return { key, dtype: storageDtype(type), elements, view };
}

/** What a persistent id stands for: a storage, or the class that the legacy format wraps with its source text. */
export function resolvePersistentId(id: PickleValue): PickleValue {
  const [tag, type] = itemsOf(id) ?? [];
  if (tag === "module" && isGlobal(type)) return type;
  readStorageId(id);
  return { kind: "persistent", id };
}
