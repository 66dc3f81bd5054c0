/** The central directory of a zip archive: what files it holds, where and how large. */
import { XnorkitError } from "../../errors.js";

export interface ZipEntry {
  readonly name: string;
  /** Of its local header. */
  readonly offset: number;
  readonly packedBytes: number;
  readonly unpackedBytes: number;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  /** CRC-32 of the contents. */
  readonly checksum: number;
}

const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;
const MAX_COMMENT = 0xffff;
const LOCATOR_SIGNATURE = 0x07064b50;
const LOCATOR_BYTES = 20;
const END64_SIGNATURE = 0x06064b50;
const END64_BYTES = 56;
const ENTRY_SIGNATURE = 0x02014b50;
const ENTRY_BYTES = 46;
/** A field of 32 bits that says: look into the zip64 record. */
const IN_ZIP64 = 0xffffffff;
const ZIP64_EXTRA = 1;
const ENCRYPTED = 1;
/** No control characters, and no longer than file systems take. */
const FILE_NAME = /^\P{Cc}{1,512}$/u;

export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

function damaged(message: string): XnorkitError {
  return new XnorkitError("bad-file", message);
}

/** @throws XnorkitError `bad-file` if the number is past any file's size. */
function readUint64(view: DataView, offset: number): number {
  const value = Number(view.getBigUint64(offset, true));
  if (Number.isSafeInteger(value)) return value;
  throw damaged(`the zip archive states ${value} at byte ${offset}, past every size: it is damaged`);
}

/** Where the directory lies and how many entries it has. */
interface DirectoryPlace {
  readonly start: number;
  readonly end: number;
  readonly count: number;
}

function findEnd(view: DataView): number {
  const last = view.byteLength - END_BYTES;
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT); at--) {
    if (
      view.getUint32(at, true) === END_SIGNATURE &&
      at + END_BYTES + view.getUint16(at + 20, true) === view.byteLength
    ) {
      return at;
    }
  }
  throw damaged(`the zip archive ends at byte ${view.byteLength} without its directory: it is cut short`);
}

function findDirectory(view: DataView): DirectoryPlace {
  const end = findEnd(view);
  const locator = end - LOCATOR_BYTES;
  const place =
    locator >= 0 && view.getUint32(locator, true) === LOCATOR_SIGNATURE
      ? directory64(view, locator)
      : {
          start: view.getUint32(end + 16, true),
          size: view.getUint32(end + 12, true),
          count: view.getUint16(end + 10, true),
        };
  if (place.start + place.size > end) {
    throw damaged(
      `the zip directory at byte ${place.start} has ${place.size} bytes, but the archive ends at byte ` +
        `${view.byteLength}: it is cut short or damaged`,
    );
  }
  return { start: place.start, end: place.start + place.size, count: place.count };
}

function directory64(
  view: DataView,
  locator: number,
): { readonly start: number; readonly size: number; readonly count: number } {
  const at = readUint64(view, locator + 8);
  if (at + END64_BYTES > locator || view.getUint32(at, true) !== END64_SIGNATURE) {
    throw damaged(`the zip archive has no zip64 record at byte ${at}: it is damaged`);
  }
  return { count: readUint64(view, at + 32), size: readUint64(view, at + 40), start: readUint64(view, at + 48) };
}

export interface ZipDirectory {
  /** Files by name, in the directory's order; folders are left out. */
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /** Offset of the directory. */
  readonly start: number;
}

/**
 * Reads the directory of an archive.
 * @throws XnorkitError `bad-file` with the offset if the archive is cut short or damaged, `unsupported` if it is
 *   encrypted.
 */
export function readDirectory(bytes: Uint8Array): ZipDirectory {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { start, end, count } = findDirectory(view);
  const entries = new Map<string, ZipEntry>();
  let at = start;
  let found = 0;
  for (; at + ENTRY_BYTES <= end; found++) {
    if (view.getUint32(at, true) !== ENTRY_SIGNATURE) break;
    const next =
      at + ENTRY_BYTES + view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (next > end) throw damaged(`the zip directory entry at byte ${at} is cut short: the archive is damaged`);
    const entry = readEntry(bytes, view, at);
    if (entries.has(entry.name)) {
      throw damaged(`the zip archive holds ${JSON.stringify(entry.name)} twice, again in the directory at byte ${at}`);
    }
    if (!entry.name.endsWith("/")) entries.set(entry.name, entry);
    at = next;
  }
  if (at !== end || found !== count) {
    throw damaged(
      `the zip directory has ${found} entries up to byte ${at}, expected ${count} up to byte ${end}: ` +
        "the archive is damaged",
    );
  }
  return { entries, start };
}

function readEntry(bytes: Uint8Array, view: DataView, at: number): ZipEntry {
  const nameBytes = view.getUint16(at + 28, true);
  const extra = at + ENTRY_BYTES + nameBytes;
  const name = new TextDecoder().decode(bytes.subarray(at + ENTRY_BYTES, extra));
  if (!FILE_NAME.test(name)) {
    throw damaged(`the zip directory entry at byte ${at} has a name that no file has: the archive is damaged`);
  }
  if ((view.getUint16(at + 8, true) & ENCRYPTED) !== 0) {
    throw new XnorkitError("unsupported", `the zip entry ${name} in the directory at byte ${at} is encrypted`);
  }
  const large = largeFields(view, at, extra);
  return {
    name,
    method: view.getUint16(at + 10, true),
    checksum: view.getUint32(at + 16, true),
    unpackedBytes: large(view.getUint32(at + 24, true)),
    packedBytes: large(view.getUint32(at + 20, true)),
    offset: large(view.getUint32(at + 42, true)),
  };
}

/**
 * Resolves the fields that do not fit 32 bits, in the zip64 extra field's own order: unpacked size, packed size,
 * offset.
 */
function largeFields(view: DataView, entry: number, extra: number): (field: number) => number {
  const end = extra + view.getUint16(entry + 30, true);
  let at = extra;
  while (at + 4 <= end && view.getUint16(at, true) !== ZIP64_EXTRA) at += 4 + view.getUint16(at + 2, true);
  const fieldsEnd = at + 4 <= end ? Math.min(end, at + 4 + view.getUint16(at + 2, true)) : 0;
  let field = at + 4;
  return (value) => {
    if (value !== IN_ZIP64) return value;
    if (field + 8 > fieldsEnd) {
      throw damaged(
        `the zip directory entry at byte ${entry} has no zip64 sizes where it needs them: the archive is damaged`,
      );
    }
    field += 8;
    return readUint64(view, field - 8);
  };
}
