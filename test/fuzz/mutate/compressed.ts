/** Changes of what is compressed: the bytes within, packed again, and the packed bytes; now and then a bomb. */
import { gunzipSync, gzipSync } from "node:zlib";
import type { Random } from "../random.js";
import type { Mutate } from "../target.js";
import { changeBytes } from "./bytes.js";

const isGzip = (bytes: Uint8Array) => bytes[0] === 0x1f && bytes[1] === 0x8b;

function gzipped(bytes: Uint8Array, random: Random): Uint8Array {
  const first = gzipSync(bytes, { level: random.pick([0, 1, 9]) });
  return random.chance(0.2) ? Buffer.concat([first, gzipSync(bytes.subarray(0, random.below(64)))]) : first;
}

/** Zeros in the number that a gzip member of little size makes. */
function bomb(bytes: Uint8Array, random: Random): Uint8Array {
  return gzipSync(Buffer.concat([bytes, new Uint8Array(random.pick([2 ** 20, 2 ** 23, 2 ** 25]))]), { level: 1 });
}

/** Of a gzipped file what is within, by `inner`, or the file's bytes; of another the file, gzipped now and then. */
export function compressed(inner: Mutate): Mutate {
  return (victim, random, others) => {
    const isPacked = isGzip(victim.bytes);
    if (isPacked && random.chance(0.3)) return changeBytes(victim.bytes, random);
    const whole = isPacked ? gunzipSync(victim.bytes) : victim.bytes;
    if (random.chance(0.002)) return bomb(whole, random);
    const changed = inner({ ...victim, bytes: whole }, random, others);
    return isPacked || random.chance(0.1) ? gzipped(changed, random) : changed;
  };
}
