/**
 * Zip archives (APPNOTE 6.3, with zip64) of untrusted origin: names and places come from the central directory,
 * contents are stored or deflated. Sizes are checked before anything is unpacked, contents by their CRC-32.
 */
import { type Budget, readBudget } from "../../budget.js";
import { XnorkitError } from "../../errors.js";
import { quoteName } from "../../graph/suggest.js";
import { crc32 } from "../crc32.js";
import { inflateExactly, MAX_DEFLATE_RATIO } from "../inflate.js";
import { formatCount, readDirectory, type ZipDirectory, type ZipEntry } from "./zip_directory.js";
import { locateContents } from "./zip_local.js";

const STORED = 0;
const DEFLATED = 8;

export interface ZipArchive {
  readonly names: readonly string[];
  /**
   * The contents of a file of the archive: of a stored one a view of the archive, of a deflated one unpacked anew.
   * @throws XnorkitError `bad-file` if there is none of this name, or it is damaged.
   */
  readonly read: (name: string) => Uint8Array;
}

/**
 * Reads the directory of a zip archive and compares it with the entries' own headers; the contents follow with `read`.
 * @param budget What it may unpack to, where the archive is one part of what is read.
 * @throws XnorkitError `bad-file` with the offset if it is cut short or damaged, if directory and headers
 *   contradict each other, entries overlap, or what it unpacks to is out of proportion (a zip bomb).
 */
export function openZip(bytes: Uint8Array, budget = readBudget(bytes.length, "the zip archive")): ZipArchive {
  const directory = readDirectory(bytes);
  checkSizes(directory, budget);
  const contents = locateContents(bytes, directory);
  return {
    names: [...directory.entries.keys()],
    read: (name) => {
      const entry = directory.entries.get(name);
      if (entry === undefined) throw new XnorkitError("bad-file", `the zip archive holds no file ${quoteName(name)}`);
      return readEntry(contents.get(name)!, entry);
    },
  };
}

function checkSizes({ entries }: ZipDirectory, budget: Budget): void {
  let unpacked = 0;
  for (const { name, offset, packedBytes, unpackedBytes, method } of entries.values()) {
    const most = method === STORED ? packedBytes : packedBytes * MAX_DEFLATE_RATIO;
    if (unpackedBytes > most || (method === STORED && unpackedBytes !== packedBytes)) {
      throw new XnorkitError(
        "bad-file",
        `the zip entry ${name} at byte ${offset} states ${formatCount(unpackedBytes)} bytes, ` +
          `but has ${formatCount(packedBytes)} packed ones, which cannot be: the archive is damaged`,
      );
    }
    if (method !== STORED) unpacked += unpackedBytes;
  }
  budget.spend(unpacked);
}

function readEntry(packed: Uint8Array, { name, offset, unpackedBytes, method, checksum }: ZipEntry): Uint8Array {
  if (method !== STORED && method !== DEFLATED) {
    throw new XnorkitError(
      "unsupported",
      `the zip entry ${name} at byte ${offset} is packed with method ${method}, expected 0 (stored) or 8 (deflated)`,
    );
  }
  const refuse = (reason: string): never => {
    throw new XnorkitError(
      "bad-file",
      `the zip entry ${name} at byte ${offset} cannot be unpacked (${reason}): the archive is damaged`,
    );
  };
  const contents = method === STORED ? packed : inflateExactly(packed, "raw", unpackedBytes, refuse);
  const found = crc32(contents);
  if (contents.length === unpackedBytes && found === checksum) return contents;
  throw new XnorkitError(
    "bad-file",
    `the zip entry ${name} at byte ${offset} has CRC ${hex(found)}, but states ${hex(checksum)}: ` +
      "the archive is damaged",
  );
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
