/** Tells the two containers of torch checkpoints by their beginnings. */

/** True where the bytes start as a zip archive does. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

const MAGIC_BYTES = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
/** LONG1 of ten bytes, behind PROTO and (from protocol 4 on) FRAME. */
const MAGIC_PLACES = [4, 13];

/** True where the bytes start with the magic number's pickle, of any protocol from 2 on. */
export function isTorchLegacy(bytes: Uint8Array): boolean {
  return bytes[0] === 0x80 && MAGIC_PLACES.some((place) => MAGIC_BYTES.every((byte, i) => bytes[place + i] === byte));
}
