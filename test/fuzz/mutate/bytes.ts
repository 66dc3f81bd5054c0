/** Changes of bytes, whatever they mean: bits, words of both orders, pieces cut, doubled and taken from others. */
import type { Random } from "../random.js";
import type { Mutate } from "../target.js";

/** Numbers at which readers turn: ends of types, sizes of blocks, more than memory. */
const WORDS = [0, 1, 2, 7, 8, 127, 128, 255, 256, 512, 4096, 65535, 65536, 2 ** 24, 2 ** 30, 2 ** 31 - 1, 2 ** 31];
const ENDS = [2 ** 32 - 1, 2 ** 32 - 2, 2 ** 32 - 4, 2 ** 32 - 8];

function setWord(bytes: Uint8Array, at: number, random: Random): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const value = random.chance(0.7) ? random.pick(WORDS) : random.chance(0.5) ? random.pick(ENDS) : bytes.length + at;
  const little = random.chance(0.6);
  const size = random.pick([1, 2, 4, 8]);
  if (at + size > bytes.length) return;
  if (size === 1) bytes[at] = value;
  else if (size === 2) view.setUint16(at, value & 0xffff, little);
  else if (size === 4) view.setUint32(at, value >>> 0, little);
  else view.setBigUint64(at, BigInt(value) << (random.chance(0.2) ? 32n : 0n), little);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** One change. `bytes` may be changed in place; most places are drawn near the beginning, where headers are. */
function changeOnce(bytes: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  const { length } = bytes;
  if (length === 0) return Uint8Array.of(random.below(256));
  const place = () => random.below(random.chance(0.5) ? length : Math.min(length, 256));
  const at = place();
  const kind = random.next();
  if (kind < 0.3) {
    bytes[at] ^= 1 << random.below(8);
    return bytes;
  }
  if (kind < 0.5) {
    bytes[at] = random.below(256);
    return bytes;
  }
  if (kind < 0.75) {
    setWord(bytes, random.chance(0.7) ? at & ~3 : at, random);
    return bytes;
  }
  const size = 1 + random.below(random.chance(0.8) ? 16 : Math.min(1024, length));
  if (kind < 0.82) return joined(bytes.subarray(0, at), bytes.subarray(Math.min(length, at + size)));
  if (kind < 0.9) {
    const copies = random.chance(0.9) ? 1 : 1 + random.below(64);
    const piece = bytes.subarray(at, Math.min(length, at + size));
    return joined(bytes.subarray(0, at), ...new Array<Uint8Array>(copies).fill(piece), bytes.subarray(at));
  }
  if (kind < 0.96) {
    const from = random.below(other.length);
    return joined(bytes.subarray(0, at), other.subarray(from, from + size), bytes.subarray(at + (at % 2) * size));
  }
  return random.chance(0.5) ? bytes.subarray(0, place()) : joined(bytes, bytes.subarray(at, at + size));
}

/** A copy with one to five changes. */
export function changeBytes(given: Uint8Array, random: Random, other: Uint8Array = given): Uint8Array {
  let bytes: Uint8Array = Uint8Array.from(given);
  for (let change = 1 + random.below(5); change > 0; change--) {
    // What was cut is a view of a copy, and so may be changed too.
    bytes = changeOnce(bytes, random, other);
  }
  return bytes;
}

export const mutateBytes: Mutate = ({ bytes }, random, others) =>
  changeBytes(bytes, random, others.length > 0 ? random.pick(others).bytes : bytes);
