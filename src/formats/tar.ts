/** Tar archives (POSIX ustar and GNU): names and contents of the regular files. */
import { XnorkitError } from "../errors.js";

const BLOCK = 512;
const MAGIC_OFFSET = 257;
const CHECKSUM_OFFSET = 148;
const CHECKSUM_BYTES = 8;

/** True where the bytes start with a tar header of ustar or GNU. */
export function isTar(bytes: Uint8Array): boolean {
  return bytes.length >= BLOCK && text(bytes, MAGIC_OFFSET, 5) === "ustar";
}

/**
 * The regular files of an archive by path; contents are views of the archive. Folders, links and extended headers are
 * passed over.
 * @throws XnorkitError `bad-file` with the offset if a header is damaged or the archive is cut short.
 */
export function readTar(bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  let offset = 0;
  while (offset < bytes.length) {
    if (offset + BLOCK > bytes.length) {
      throw new XnorkitError(
        "bad-file",
        `the tar header at byte ${offset} is cut short: the archive ends at byte ${bytes.length}`,
      );
    }
    const header = bytes.subarray(offset, offset + BLOCK);
    if (header.every((byte) => byte === 0)) return files;
    checkChecksum(header, offset);
    const size = octal(header, 124, 12, offset);
    const start = offset + BLOCK;
    if (start + size > bytes.length) {
      throw new XnorkitError(
        "bad-file",
        `the tar entry at byte ${offset} ends at byte ${start + size}, but the archive at ${bytes.length}: ` +
          "it is cut short",
      );
    }
    const type = header[156];
    const isRegularFile = type === 0 || type === 0x30;
    if (isRegularFile) files.set(path(header), bytes.subarray(start, start + size));
    offset = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  throw new XnorkitError(
    "bad-file",
    `the tar archive ends at byte ${bytes.length} without its closing block: it is cut short`,
  );
}

function path(header: Uint8Array): string {
  const prefix = isTar(header) ? text(header, 345, 155) : "";
  const name = text(header, 0, 100);
  return prefix === "" ? name : `${prefix}/${name}`;
}

function text(bytes: Uint8Array, offset: number, length: number): string {
  const field = bytes.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

function octal(header: Uint8Array, at: number, length: number, offset: number): number {
  const digits = text(header, at, length).trim();
  if (!/^[0-7]+$/.test(digits)) {
    throw new XnorkitError(
      "bad-file",
      `the tar header at byte ${offset} has ${JSON.stringify(digits)} where an octal number belongs`,
    );
  }
  return Number.parseInt(digits, 8);
}

/** The sum of the header's bytes, its own field counted as spaces. */
function checkChecksum(header: Uint8Array, offset: number): void {
  const stated = octal(header, CHECKSUM_OFFSET, CHECKSUM_BYTES, offset);
  let sum = CHECKSUM_BYTES * 0x20;
  header.forEach((byte, index) => {
    if (index < CHECKSUM_OFFSET || index >= CHECKSUM_OFFSET + CHECKSUM_BYTES) sum += byte;
  });
  if (sum !== stated) {
    throw new XnorkitError(
      "bad-file",
      `the tar header at byte ${offset} has checksum ${sum}, but states ${stated}: it is damaged`,
    );
  }
}
