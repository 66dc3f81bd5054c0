/**
 * The container of torch before 1.6 (torch/serialization.py, _legacy_save), one after another in a single file:
 *
 *     pickle  magic number 0x1950a86a20f9469cfc6c
 *     pickle  protocol version 1001
 *     pickle  {"protocol_version": 1001, "little_endian": True, "type_sizes": ...}
 *     pickle  the object; its storages are persistent ids
 *     pickle  list of the storages' keys
 *     for each key: number of elements as i64, then the raw elements
 */
import type { Budget } from "../../budget.js";
import { XnorkitError } from "../../errors.js";
import { quoteName } from "../../graph/suggest.js";
import { checkHarmless, isKnownCall, refuseCall } from "./globals.js";
import { type PickleHost, type PickleRead, readPickle } from "./pickle.js";
import { describeValue, isDict, isPersistent, itemsOf, type PickleValue } from "./pickle_values.js";
import { elementBytes, persistentResolver, readStorageId, type TorchFile } from "./storage.js";

const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL_VERSION = 1001;
const COUNT_BYTES = 8;

/** Plain data call nothing and refer to nothing. */
const PLAIN: PickleHost = {
  isKnown: () => false,
  checkUnknown: (call) => {
    checkHarmless(call);
    throw refuseCall(call);
  },
  persistent: (_id, place) => {
    throw new XnorkitError("bad-file", `the checkpoint has a storage in its header (${place()}): it is damaged`);
  },
};

/**
 * Opens a checkpoint of the legacy format.
 * @throws XnorkitError `bad-file` with the offset if it is cut short or damaged; `unsupported` if it is
 *   big-endian, or its pickle asks for a call that no checkpoint needs.
 */
export function openTorchLegacy(bytes: Uint8Array, budget: Budget): TorchFile {
  const magic = readPickle(bytes, "the magic number", PLAIN, budget);
  expectValue("the magic number", magic.value, MAGIC);
  const version = readPickle(bytes, "the protocol version", PLAIN, budget, magic.end);
  expectValue("the protocol version", version.value, PROTOCOL_VERSION);
  const system = readPickle(bytes, "the system information", PLAIN, budget, version.end);
  checkByteOrder(system.value);

  const sizes = new Map<string, number>();
  const resolve = persistentResolver();
  const persistent = (id: PickleValue): PickleValue => {
    const value = resolve(id);
    if (isPersistent(value)) noteSize(sizes, id);
    return value;
  };
  const object = readPickle(
    bytes,
    "the object",
    { isKnown: isKnownCall, checkUnknown: checkHarmless, persistent },
    budget,
    system.end,
  );
  const storages = readStorages(bytes, readPickle(bytes, "the storage keys", PLAIN, budget, object.end), sizes);
  return {
    root: object.value,
    storage: (key) => {
      const contents = storages.get(key);
      if (contents === undefined) throw new XnorkitError("bad-file", `the checkpoint has no storage ${quoteName(key)}`);
      return contents;
    },
  };
}

function expectValue(what: string, found: PickleValue, expected: number | bigint): void {
  if (found === expected) return;
  throw new XnorkitError("bad-file", `${what} of the checkpoint is ${describeValue(found)}, expected ${expected}`);
}

function checkByteOrder(system: PickleValue): void {
  const littleEndian = isDict(system) ? system.entries.get("little_endian") : undefined;
  if (littleEndian === true) return;
  if (littleEndian === false) {
    throw new XnorkitError("unsupported", "the checkpoint is big-endian: save it again on a little-endian machine");
  }
  throw new XnorkitError(
    "bad-file",
    "the checkpoint's system information does not state the byte order: it is damaged",
  );
}

/** The pickle alone knows how large the elements of a storage are. */
function noteSize(sizes: Map<string, number>, id: PickleValue): void {
  const storage = readStorageId(id);
  const size = elementBytes(storage);
  const earlier = sizes.get(storage.key);
  sizes.set(storage.key, size);
  if (earlier === undefined || earlier === size) return;
  throw new XnorkitError(
    "bad-file",
    `storage ${quoteName(storage.key)} has elements of ${earlier} and of ${size} bytes: the checkpoint is damaged`,
  );
}

function readStorages(
  bytes: Uint8Array,
  { value, end }: PickleRead,
  sizes: ReadonlyMap<string, number>,
): ReadonlyMap<string, Uint8Array> {
  const keys = itemsOf(value);
  if (keys === null) {
    throw new XnorkitError(
      "bad-file",
      `the checkpoint has ${describeValue(value)} where the list of its storages belongs`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const storages = new Map<string, Uint8Array>();
  let at = end;
  for (const key of keys) {
    const size = typeof key === "string" ? sizes.get(key) : undefined;
    if (typeof key !== "string" || size === undefined || storages.has(key)) {
      throw new XnorkitError(
        "bad-file",
        `the checkpoint lists ${describeValue(key)} as a storage, which no tensor has or which came ` +
          "before: it is damaged",
      );
    }
    const start = at + COUNT_BYTES;
    const length = start <= bytes.length ? Number(view.getBigInt64(at, true)) * size : 0;
    if (start > bytes.length || length < 0 || length > bytes.length - start) {
      throw new XnorkitError(
        "bad-file",
        `storage ${quoteName(key)} of ${length} bytes at byte ${at} goes past the end of the file at byte ` +
          `${bytes.length}: it is cut short or damaged`,
      );
    }
    storages.set(key, bytes.subarray(start, start + length));
    at = start + length;
  }
  return storages;
}
