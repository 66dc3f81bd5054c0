/** Gunzip with the checks that a reader of untrusted files needs: length and CRC of what comes out, and a bound before allocating. */
import { gunzipSync } from "fflate";
import { XnorkitError } from "../errors.js";
import { crc32 } from "./crc32.js";

/** Deflate cannot shrink more than this: 258 bytes from a length and a distance code of 1 bit each. */
const MAX_RATIO = 1032;
/** Header and trailer (CRC32 and length) of RFC 1952. */
const MIN_BYTES = 18;

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Unpacks a gzip file of one member (RFC 1952).
 * @throws XnorkitError `bad-file` where it is cut short, damaged, or holds more than its trailer says.
 */
export function gunzip(bytes: Uint8Array): Uint8Array {
  if (!isGzip(bytes) || bytes.length < MIN_BYTES) {
    throw new XnorkitError(
      "bad-file",
      `the gzip file of ${bytes.length} bytes is cut short, ${MIN_BYTES} is the least`,
    );
  }
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 8, 8);
  const length = trailer.getUint32(4, true);
  const checksum = trailer.getUint32(0, true);
  if (length > bytes.length * MAX_RATIO) {
    throw new XnorkitError(
      "bad-file",
      `the gzip trailer at byte ${bytes.length - 4} states ${length} bytes, more than ${bytes.length} packed bytes can hold: the file is cut short or damaged`,
    );
  }
  let unpacked: Uint8Array;
  try {
    unpacked = gunzipSync(bytes, { out: new Uint8Array(length) });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new XnorkitError(
      "bad-file",
      `the gzip data cannot be unpacked (${reason}): the file is cut short or damaged`,
      { cause },
    );
  }
  if (unpacked.length !== length || crc32(unpacked) !== checksum) {
    throw new XnorkitError(
      "bad-file",
      "the unpacked gzip data do not match the length and CRC of the trailer: the file is damaged",
    );
  }
  return unpacked;
}
