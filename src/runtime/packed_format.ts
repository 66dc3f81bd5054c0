/**
 * How the kernels' code is packed inside the package: its bytes are sorted into streams by what they are (wasm_streams.ts), and each
 * stream is written as literal bytes and copies of earlier bytes, in bits that an adaptive range coder stores in as little as each is
 * unexpected. This file holds what the packer (scripts/pack_wasm.mjs) and `unpack` must agree on.
 */

/** Codes one bit in a context: a reader ignores `bit` and returns the one it read, a writer writes `bit` and returns it. */
export type BitCoder = (context: number, bit: number) => number;

/** What a step of a stream was: a literal byte, a copy from a new distance, a copy from the distance of the copy before. */
export const LITERAL = 0;
export const COPY = 1;
export const REPEAT = 2;

const NUMBER_CONTEXTS = 1024;
const STEP_KINDS = 3;
const MAX_STREAMS = 8;

/** First contexts of what is coded; those of steps and literals hold one block a stream. */
export const SIZES = 0;
export const REPEAT_LENGTHS = SIZES + NUMBER_CONTEXTS;
export const COPY_LENGTHS = REPEAT_LENGTHS + NUMBER_CONTEXTS;
const DISTANCES = COPY_LENGTHS + NUMBER_CONTEXTS;
/** Copies of 2, of 3, of 4 and of more bytes reach back differently far. */
export const SHORT_LENGTHS = 4;
const IS_COPY = DISTANCES + SHORT_LENGTHS * NUMBER_CONTEXTS;
const IS_REPEAT = IS_COPY + STEP_KINDS * MAX_STREAMS;
const LITERALS = IS_REPEAT + STEP_KINDS * MAX_STREAMS;
export const CONTEXTS = LITERALS + 256 * MAX_STREAMS;

/** A copy from a new distance has at least 2 bytes: one is cheaper as a literal. */
export const MIN_COPY = 2;

export const isCopyContext = (stream: number, previous: number): number => IS_COPY + STEP_KINDS * stream + previous;
export const isRepeatContext = (stream: number, previous: number): number => IS_REPEAT + STEP_KINDS * stream + previous;
export const distanceContext = (length: number): number =>
  DISTANCES + NUMBER_CONTEXTS * Math.min(length - MIN_COPY, SHORT_LENGTHS - 1);

/** A number from 1 to 65535: how many bits follow its highest, then those; the first two of them in the context of those before. */
export function codeNumber(code: BitCoder, context: number, value: number): number {
  const wanted = 31 - Math.clz32(value);
  let bits = 0;
  while (bits < 16 && code(context + bits, wanted > bits ? 1 : 0) === 1) bits++;
  let number = 1;
  for (let bit = bits - 1; bit >= 0; bit--) {
    const place = number < 4 ? number : 4 + bit;
    number = number * 2 + code(context + 32 * (bits + 1) + place, (value >> bit) & 1);
  }
  return number;
}

/** A byte from its highest bit on, each bit in the context of those before it. */
export function codeLiteral(code: BitCoder, stream: number, value: number): number {
  let byte = 1;
  for (let bit = 7; bit >= 0; bit--) byte = byte * 2 + code(LITERALS + 256 * stream + byte, (value >> bit) & 1);
  return byte & 255;
}

/**
 * A coder of bits with adaptive chances. The interval from low to high is divided in every bit's proportion: `choose` gives the bit
 * whose part is taken (a 1 lies at or below `middle`), `shift` is told each highest byte that both bounds have in common.
 */
export function rangeCoder(choose: (middle: number, bit: number) => number, shift: (byte: number) => void): BitCoder {
  /** The chance of a 1 in 65536ths is the mean of two: one that follows the last few bits, one that knows many. */
  const fast = new Uint16Array(CONTEXTS).fill(32768);
  const slow = new Uint16Array(CONTEXTS).fill(32768);
  const seen = new Uint8Array(CONTEXTS);
  let low = 0;
  let high = 0xffffff;
  return (context, wanted) => {
    // All numbers stay below 2^30, which engines keep out of the heap.
    const middle = low + ((((high - low) >> 8) * ((fast[context] + slow[context]) >> 5)) >> 4);
    const bit = choose(middle, wanted);
    if (bit === 1) high = middle;
    else low = middle + 1;
    // The first bits of a context move its chances most.
    const target = bit === 1 ? 65500 : 36;
    fast[context] += (target - fast[context]) / (Math.min(seen[context], 6) + 2);
    slow[context] += (target - slow[context]) / (seen[context] + 2);
    if (seen[context] < 60) seen[context]++;
    while (((low ^ high) & 0xff0000) === 0) {
      shift(high >> 16);
      low = (low << 8) & 0xffffff;
      high = ((high << 8) & 0xffffff) | 255;
    }
    return bit;
  };
}
