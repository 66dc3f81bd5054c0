/** Changes of PNG files chunk by chunk, sums made right again, and of the rows within, packed again. */
import { deflateSync, inflateSync } from "node:zlib";
import { chunk, SIGNATURE } from "../../decode/png_files.js";
import type { Random } from "../random.js";
import type { Mutate } from "../target.js";
import { changeBytes, mutateBytes } from "./bytes.js";

interface Chunk {
  type: string;
  body: Uint8Array;
}

function chunksOf(bytes: Uint8Array): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let at = 8; at + 12 <= bytes.length; ) {
    const size = view.getUint32(at);
    if (at + 12 + size > bytes.length) break;
    const type = Buffer.from(bytes.subarray(at + 4, at + 8)).toString("latin1");
    chunks.push({ type, body: bytes.subarray(at + 8, at + 8 + size) });
    at += 12 + size;
  }
  return chunks;
}

const TYPES = ["IHDR", "PLTE", "tRNS", "IDAT", "IEND", "tEXt", "gAMA", "iCCP", "XXXX", "xxxx", "acTL"];
const SIZES = [0, 1, 2, 255, 256, 65535, 2 ** 20, 2 ** 31 - 1, 2 ** 31];

function changeHeader(given: Uint8Array, random: Random): Uint8Array {
  const body = Buffer.from(given);
  if (body.length !== 13) return changeBytes(given, random);
  const kind = random.next();
  if (kind < 0.5) body.writeUInt32BE(random.pick(SIZES), random.pick([0, 4]));
  else if (kind < 0.9) body[8 + random.below(5)] = random.pick([0, 1, 2, 3, 4, 6, 8, 16, 255]);
  else body.writeUInt32BE(2 ** 20, 0);
  return body;
}

/** The rows of a picture with changes, packed again; zeros without number now and then. */
function changeRows(body: Uint8Array, random: Random): Uint8Array {
  let rows: Uint8Array;
  try {
    rows = inflateSync(body);
  } catch {
    return changeBytes(body, random);
  }
  if (random.chance(0.01)) return deflateSync(new Uint8Array(random.pick([2 ** 20, 2 ** 24])), { level: 1 });
  return deflateSync(changeBytes(rows, random), { level: random.pick([0, 1, 9]) });
}

function changeChunks(chunks: Chunk[], random: Random): void {
  const at = random.below(chunks.length);
  const one = chunks[at];
  const kind = random.next();
  if (kind < 0.1) chunks.splice(at, 1);
  else if (kind < 0.2) chunks.splice(at, 0, { ...one });
  else if (kind < 0.25) chunks.splice(at, 0, ...new Array<Chunk>(random.pick([10, 1000])).fill(one));
  else if (kind < 0.35) chunks.push(...chunks.splice(at, 1));
  else if (kind < 0.45) one.type = random.pick(TYPES);
  else if (one.type === "IHDR") one.body = changeHeader(one.body, random);
  else if (one.type === "IDAT" && random.chance(0.6)) one.body = changeRows(one.body, random);
  else one.body = changeBytes(one.body, random);
}

export const mutatePng: Mutate = (victim, random, others) => {
  const chunks = chunksOf(victim.bytes);
  if (chunks.length === 0 || random.chance(0.2)) return mutateBytes(victim, random, others);
  // Pictures as a rule have one piece of data, which can be unpacked.
  const data = chunks.filter(({ type }) => type === "IDAT");
  if (data.length > 1 && random.chance(0.8)) {
    data[0].body = Buffer.concat(data.map(({ body }) => body));
    for (const other of data.slice(1)) chunks.splice(chunks.indexOf(other), 1);
  }
  for (let change = 1 + random.below(3); change > 0 && chunks.length > 0; change--) changeChunks(chunks, random);
  return Buffer.concat([SIGNATURE, ...chunks.map(({ type, body }) => chunk(type, body))]);
};
