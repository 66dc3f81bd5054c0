/** Changes of JPEG files segment by segment: sizes, tables, scans, EXIF; and of the bits between markers. */
import type { Random } from "../random.js";
import type { Mutate } from "../target.js";
import { changeBytes, mutateBytes } from "./bytes.js";

/** A marker with its segment, and the coded bits behind it. */
interface Segment {
  marker: number;
  body: Uint8Array;
  coded: Uint8Array;
}

function segmentsOf(bytes: Uint8Array): Segment[] {
  const segments: Segment[] = [];
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff; ) {
    const marker = bytes[at + 1];
    if (marker === 0xd9) break;
    const end = at + 2 + ((bytes[at + 2] << 8) | bytes[at + 3]);
    let next = end;
    // Bits go on to the next marker that is no restart and no stuffed byte.
    while (
      next + 1 < bytes.length &&
      !(bytes[next] === 0xff && bytes[next + 1] !== 0 && (bytes[next + 1] & 0xf8) !== 0xd0)
    )
      next++;
    segments.push({ marker, body: bytes.subarray(at + 4, end), coded: bytes.subarray(end, next) });
    at = next;
  }
  return segments;
}

const MARKERS = [0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc9, 0xcc, 0xda, 0xdb, 0xdd, 0xe0, 0xe1, 0xee, 0xfe, 0x01, 0xd8];
const SIZES = [0, 1, 7, 8, 16, 255, 256, 1024, 65535];

function changeFrame(given: Uint8Array, random: Random): Uint8Array {
  const body = Buffer.from(given);
  if (body.length < 6 || random.chance(0.4)) return changeBytes(body, random);
  if (random.chance(0.6)) body.writeUInt16BE(random.pick(SIZES), random.pick([1, 3]));
  else if (random.chance(0.5)) body[random.pick([0, 5])] = random.pick([0, 1, 2, 3, 4, 8, 12, 255]);
  else if (body.length > 7) body[7] = random.pick([0x11, 0x12, 0x21, 0x22, 0x44, 0x41, 0x14, 0, 0xff]);
  return body;
}

function changeSegments(segments: Segment[], random: Random): void {
  const at = random.below(segments.length);
  const one = segments[at];
  const kind = random.next();
  if (kind < 0.1) segments.splice(at, 1);
  else if (kind < 0.2) segments.splice(at, 0, { ...one });
  else if (kind < 0.24) segments.splice(at, 0, ...new Array<Segment>(random.pick([5, 99, 100, 101, 300])).fill(one));
  else if (kind < 0.32) segments.push(...segments.splice(at, 1));
  else if (kind < 0.4) one.marker = random.pick(MARKERS);
  else if (kind < 0.6 && one.coded.length > 0) one.coded = changeBytes(one.coded, random);
  else if (one.marker >= 0xc0 && one.marker <= 0xc2) one.body = changeFrame(one.body, random);
  else one.body = changeBytes(one.body, random);
}

export const mutateJpeg: Mutate = (victim, random, others) => {
  const segments = segmentsOf(victim.bytes);
  if (segments.length === 0 || random.chance(0.2)) return mutateBytes(victim, random, others);
  for (let change = 1 + random.below(3); change > 0 && segments.length > 0; change--) changeSegments(segments, random);
  const parts = segments.flatMap(({ marker, body, coded }) => {
    const size = Math.min(65535, body.length + 2);
    return [Uint8Array.of(0xff, marker, size >> 8, size & 255), body.subarray(0, size - 2), coded];
  });
  return Buffer.concat([Uint8Array.of(0xff, 0xd8), ...parts, Uint8Array.of(0xff, 0xd9)]);
};
