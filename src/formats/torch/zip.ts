/**
 * Zip archives (APPNOTE 6.3, with zip64) of untrusted origin: names and places come from the central directory, contents are stored
 * or deflated. Sizes are checked before anything is unpacked, contents by their CRC-32.
 */
import { inflateSync } from "fflate";
import { XnorkitError } from "../../errors.js";
import { crc32 } from "../crc32.js";
import { formatCount, readDirectory, type ZipEntry } from "./zip_directory.js";

/** Deflate cannot shrink more than this: 258 bytes from a length and a distance code of 1 bit each. */
const MAX_RATIO = 1032;
/** Archives that unpack to more than this may not unpack to more than `MAX_TOTAL_RATIO` of their own size. */
const FREE_BYTES = 64 * 2 ** 20;
const MAX_TOTAL_RATIO = 100;

const LOCAL_HEADER_BYTES = 30;
const LOCAL_SIGNATURE = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;

export interface ZipArchive {
  readonly names: readonly string[];
  /**
   * The contents of a file of the archive: of a stored one a view of the archive, of a deflated one unpacked anew.
   * @throws XnorkitError `bad-file` where there is none of this name, or it is damaged.
   */
  readonly read: (name: string) => Uint8Array;
}

export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/**
 * Reads the directory of a zip archive; the contents follow with `read`.
 * @throws XnorkitError `bad-file` with the offset where it is cut short or damaged, or where what it unpacks to is out of
 *   proportion (a zip bomb).
 */
export function openZip(bytes: Uint8Array): ZipArchive {
  const entries = readDirectory(bytes);
  checkSizes(bytes, [...entries.values()]);
  return {
    names: [...entries.keys()],
    read: (name) => {
      const entry = entries.get(name);
      if (entry === undefined)
        throw new XnorkitError("bad-file", `the zip archive holds no file ${JSON.stringify(name)}`);
      return readEntry(bytes, entry);
    },
  };
}

function checkSizes(bytes: Uint8Array, entries: readonly ZipEntry[]): void {
  let packed = 0;
  let unpacked = 0;
  for (const { name, offset, packedBytes, unpackedBytes, method } of entries) {
    const most = method === STORED ? packedBytes : packedBytes * MAX_RATIO;
    if (unpackedBytes > most || (method === STORED && unpackedBytes !== packedBytes)) {
      throw new XnorkitError(
        "bad-file",
        `the zip entry ${name} at byte ${offset} states ${formatCount(unpackedBytes)} bytes, but has ${formatCount(packedBytes)} packed ones, which cannot be: the archive is damaged`,
      );
    }
    packed += packedBytes;
    unpacked += unpackedBytes;
  }
  if (packed > bytes.length) {
    throw new XnorkitError(
      "bad-file",
      `the entries of the zip archive take ${formatCount(packed)} bytes, but it has ${formatCount(bytes.length)}: they overlap (a zip bomb?)`,
    );
  }
  if (unpacked > Math.max(FREE_BYTES, MAX_TOTAL_RATIO * bytes.length)) {
    throw new XnorkitError(
      "bad-file",
      `the zip archive of ${formatCount(bytes.length)} bytes unpacks to ${formatCount(unpacked)}, more than ${MAX_TOTAL_RATIO} times as many: it is refused as a zip bomb`,
    );
  }
}

function readEntry(
  bytes: Uint8Array,
  { name, offset, packedBytes, unpackedBytes, method, checksum }: ZipEntry,
): Uint8Array {
  const packed = packedData(bytes, name, offset, packedBytes);
  if (method !== STORED && method !== DEFLATED) {
    throw new XnorkitError(
      "unsupported",
      `the zip entry ${name} at byte ${offset} is packed with method ${method}, expected 0 (stored) or 8 (deflated)`,
    );
  }
  const contents = method === STORED ? packed : inflate(packed, unpackedBytes, name, offset);
  const found = crc32(contents);
  if (contents.length !== unpackedBytes || found !== checksum) {
    throw new XnorkitError(
      "bad-file",
      `the zip entry ${name} at byte ${offset} has CRC ${hex(found)}, but states ${hex(checksum)}: the archive is damaged`,
    );
  }
  return contents;
}

/** The bytes behind the local header, whose name and extra field may have other lengths than in the directory. */
function packedData(bytes: Uint8Array, name: string, offset: number, length: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (offset + LOCAL_HEADER_BYTES > bytes.length || view.getUint32(offset, true) !== LOCAL_SIGNATURE) {
    throw new XnorkitError("bad-file", `the zip entry ${name} has no header at byte ${offset}: the archive is damaged`);
  }
  const start = offset + LOCAL_HEADER_BYTES + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (start + length > bytes.length) {
    throw new XnorkitError(
      "bad-file",
      `the zip entry ${name} at byte ${offset} ends at byte ${start + length}, but the archive at ${bytes.length}: it is damaged`,
    );
  }
  return bytes.subarray(start, start + length);
}

function inflate(packed: Uint8Array, length: number, name: string, offset: number): Uint8Array {
  try {
    return inflateSync(packed, { out: new Uint8Array(length) });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new XnorkitError(
      "bad-file",
      `the zip entry ${name} at byte ${offset} cannot be unpacked (${reason}): the archive is damaged`,
      { cause },
    );
  }
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
