/**
 * The local headers of a zip archive's entries (APPNOTE 6.3, 4.3.7). Programs differ in whether they believe these or
 * the directory, so that an archive may be one thing to one and another to the next: here both must agree, and no byte
 * may belong to two entries.
 */
import { XnorkitError } from "../../errors.js";
import type { ZipDirectory, ZipEntry } from "./zip_directory.js";

const HEADER_BYTES = 30;
const SIGNATURE = 0x04034b50;
/** Sizes and checksum come after the contents; the header has zeros in their place. */
const IN_DESCRIPTOR = 8;
/** A size of 32 bits that says: look into the zip64 field. */
const IN_ZIP64 = 0xffffffff;

function damaged(message: string): XnorkitError {
  return new XnorkitError("bad-file", message);
}

interface Extent {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** What a header states, by the name of the field, and what the directory does. */
function contradiction(
  header: DataView,
  name: string,
  entry: ZipEntry,
): readonly [field: string, found: number | string, expected: number | string] | null {
  const fields: readonly (readonly [string, number | string, number | string])[] = [
    ["name", name, entry.name],
    ["method", header.getUint16(8, true), entry.method],
    ...((header.getUint16(6, true) & IN_DESCRIPTOR) === 0
      ? ([
          ["CRC-32", header.getUint32(14, true), entry.checksum],
          ["packed size", header.getUint32(18, true), entry.packedBytes],
          ["size", header.getUint32(22, true), entry.unpackedBytes],
        ] as const)
      : []),
  ];
  return fields.find(([, found, expected]) => found !== expected && found !== IN_ZIP64) ?? null;
}

function locate(bytes: Uint8Array, entry: ZipEntry): Extent {
  const { name, offset, packedBytes } = entry;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (offset + HEADER_BYTES > bytes.length || view.getUint32(offset, true) !== SIGNATURE) {
    throw damaged(`the zip entry ${name} has no header at byte ${offset}: the archive is damaged`);
  }
  const nameEnd = offset + HEADER_BYTES + view.getUint16(offset + 26, true);
  const start = nameEnd + view.getUint16(offset + 28, true);
  const end = start + packedBytes;
  if (end > bytes.length) {
    throw damaged(
      `the zip entry ${name} at byte ${offset} ends at byte ${end}, but the archive at ${bytes.length}: it is damaged`,
    );
  }
  const ownName = new TextDecoder().decode(bytes.subarray(offset + HEADER_BYTES, nameEnd));
  const header = new DataView(bytes.buffer, bytes.byteOffset + offset, HEADER_BYTES);
  const wrong = contradiction(header, ownName, entry);
  if (wrong !== null) {
    const [field, found, expected] = wrong;
    throw damaged(
      `the zip entry ${name} at byte ${offset} has the ${field} ${found} in its own header, but ${expected} in the ` +
        "directory: the archive is damaged or made to deceive",
    );
  }
  return { name, start: offset, end };
}

/**
 * The packed contents of each entry, as views.
 * @throws XnorkitError `bad-file` with the offset if a header is missing or contradicts the directory, or entries
 *   overlap.
 */
export function locateContents(
  bytes: Uint8Array,
  { entries, start: directoryStart }: ZipDirectory,
): ReadonlyMap<string, Uint8Array> {
  const extents = [...entries.values()].map((entry) => locate(bytes, entry));
  const ordered = [...extents].sort((a, b) => a.start - b.start);
  for (const [index, { name, start, end }] of ordered.entries()) {
    const next = ordered[index + 1] ?? { name: "the directory", start: directoryStart };
    if (end <= next.start) continue;
    throw damaged(
      `the zip entry ${name} at bytes ${start} to ${end} and ${next.name} at byte ${next.start} overlap: ` +
        "the archive is damaged or a zip bomb",
    );
  }
  return new Map(extents.map(({ name, end }) => [name, bytes.subarray(end - entries.get(name)!.packedBytes, end)]));
}
