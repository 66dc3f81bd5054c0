/** Changes of safetensors: the header as JSON, its length made right again as a rule, and the data. */
import type { Mutate } from "../target.js";
import { changeBytes, mutateBytes } from "./bytes.js";
import { changeJson } from "./json.js";

export const mutateSafetensors: Mutate = (victim, random, others) => {
  const { bytes } = victim;
  const length = bytes.length < 8 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (length === 0 || length > bytes.length - 8 || random.chance(0.2)) return mutateBytes(victim, random, others);
  const text = changeJson(new TextDecoder().decode(bytes.subarray(8, 8 + length)), random);
  if (text === null) return mutateBytes(victim, random, others);
  const header = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
  const rest = bytes.subarray(8 + length);
  const data = random.chance(0.1) ? changeBytes(rest, random) : rest;
  const file = new Uint8Array(8 + header.length + data.length);
  const stated = random.chance(0.95) ? header.length : header.length + random.pick([-1, 1, 8, 2 ** 20]);
  new DataView(file.buffer).setBigUint64(0, BigInt(Math.max(0, stated)), true);
  file.set(header, 8);
  file.set(data, 8 + header.length);
  return file;
};
