/** Gzip files of unknown origin. */
import { readBudget } from "../budget.js";
import { XnorkitError } from "../errors.js";
import { inflateGzip, MAX_DEFLATE_RATIO } from "./inflate.js";

/** Header and trailer (CRC32 and length) of RFC 1952. */
const MIN_BYTES = 18;

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Unpacks a gzip file (RFC 1952): its members one after another, zeros after the last.
 * @throws XnorkitError `bad-file` if it is cut short, damaged, or unpacks to more than any honest file of its size
 *   (`readBudget`).
 */
export function gunzip(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (!isGzip(bytes) || bytes.length < MIN_BYTES) {
    throw new XnorkitError(
      "bad-file",
      `the gzip file of ${bytes.length} bytes is cut short, ${MIN_BYTES} is the least`,
    );
  }
  const { spend } = readBudget(bytes.length, "the gzip file");
  // Of a file of one member without zeros after it, which is almost every one, the last four bytes are the length of
  // its contents.
  const stated = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).getUint32(0, true);
  const likely = stated <= bytes.length * MAX_DEFLATE_RATIO ? stated : 0;
  return inflateGzip(bytes, likely, spend, (reason) => {
    throw new XnorkitError("bad-file", `the gzip file cannot be unpacked (${reason}): it is cut short or damaged`);
  });
}
