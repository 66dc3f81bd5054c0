/** Changes of tar archives: fields of headers, their sums made right again, and the contents. */
import type { Mutate } from "../target.js";
import { mutateBytes } from "./bytes.js";

const BLOCK = 512;
const isTar = (bytes: Uint8Array) => Buffer.from(bytes.subarray(257, 262)).toString("latin1") === "ustar";

/** Where the headers of an archive are, as far as their sizes can be read. */
function headersOf(bytes: Uint8Array): readonly number[] {
  const found: number[] = [];
  for (let at = 0; at + BLOCK <= bytes.length && isTar(bytes.subarray(at)); ) {
    found.push(at);
    const size = Number.parseInt(Buffer.from(bytes.subarray(at + 124, at + 136)).toString("latin1"), 8);
    if (!(size >= 0)) break;
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return found;
}

function writeSum(header: Uint8Array): void {
  header.fill(0x20, 148, 156);
  const sum = header.subarray(0, BLOCK).reduce((total, byte) => total + byte, 0);
  header.set(Buffer.from(`${sum.toString(8).padStart(6, "0")}\0 `, "latin1"), 148);
}

const SIZES = ["0", "1", "3073", "30730", "77777777777", "7777777", "-1", "8", "", "00000000000 1"];

export const mutateTar: Mutate = (victim, random, others) => {
  const bytes = Uint8Array.from(victim.bytes);
  const headers = headersOf(bytes);
  if (headers.length === 0 || random.chance(0.3)) return mutateBytes(victim, random, others);
  for (let change = 1 + random.below(3); change > 0; change--) {
    const header = bytes.subarray(random.pick(headers));
    const kind = random.next();
    if (kind < 0.4) header.set(Buffer.from(`${random.pick(SIZES)}\0`.padEnd(12, "\0"), "latin1"), 124);
    else if (kind < 0.6) header[156] = random.pick([0, 0x30, 0x31, 0x35, 0x78, 0x67, 0x4c, 255]);
    else if (kind < 0.8) header.set(bytes.subarray(random.pick(headers)).subarray(0, 100), 0);
    else header[random.below(BLOCK)] = random.below(256);
    if (random.chance(0.8)) writeSum(header);
  }
  return bytes;
};
