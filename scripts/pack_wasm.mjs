// Packs a WebAssembly module for src/runtime/unpack.ts. The literals and copies of each stream are chosen by the shortest path from
// its first byte to its last, where the price of a step is what its bits cost by the statistics of the choice before; a few rounds
// settle it.
import {
  CONTEXTS,
  COPY,
  COPY_LENGTHS,
  codeLiteral,
  codeNumber,
  distanceContext,
  isCopyContext,
  isRepeatContext,
  LITERAL,
  MIN_COPY,
  REPEAT,
  REPEAT_LENGTHS,
  rangeCoder,
  SHORT_LENGTHS,
  SIZES,
} from "../src/runtime/packed_format.ts";
import { STREAMS, streamOfNext } from "../src/runtime/wasm_streams.ts";

const ROUNDS = 5;
/** Earlier places with the same two bytes that are compared. */
const MAX_CANDIDATES = 2000;
const MAX_COPY = 1024;
/** Bytes that the reader holds beyond the bit it is at. */
const READ_AHEAD = 3;
/** Of a copy longer than this only the longest lengths are tried. */
const LONG_COPY = 40;

function splitStreams(bytes) {
  const streams = Array.from({ length: STREAMS }, () => []);
  const nextStream = streamOfNext();
  let stream = 0;
  for (const byte of bytes) {
    streams[stream].push(byte);
    stream = nextStream(byte);
  }
  return streams.map((stream) => Uint8Array.from(stream));
}

function commonLength(bytes, from, to) {
  const end = Math.min(bytes.length - to, MAX_COPY);
  let length = 0;
  while (length < end && bytes[from + length] === bytes[to + length]) length++;
  return length;
}

/** For each place the copies that are longer than all nearer ones, nearest first. */
function findCopies(bytes) {
  const latest = new Map();
  const before = new Int32Array(bytes.length).fill(-1);
  return Array.from(bytes, (_, at) => {
    const key = bytes[at] * 256 + bytes[at + 1];
    const copies = [];
    let longest = MIN_COPY - 1;
    let from = latest.get(key) ?? -1;
    before[at] = from;
    latest.set(key, at);
    for (let tried = 0; from >= 0 && tried < MAX_CANDIDATES; tried++, from = before[from]) {
      const length = commonLength(bytes, from, at);
      if (length <= longest) continue;
      longest = length;
      copies.push({ length, distance: at - from });
    }
    return copies;
  });
}

/** Writes a step by `code`; `previous` is the kind of the step before. */
function codeStep(code, stream, previous, step) {
  code(isCopyContext(stream, previous), step.kind === LITERAL ? 0 : 1);
  if (step.kind === LITERAL) {
    codeLiteral(code, stream, step.byte);
    return;
  }
  code(isRepeatContext(stream, previous), step.kind === REPEAT ? 1 : 0);
  if (step.kind === REPEAT) {
    codeNumber(code, REPEAT_LENGTHS, step.length);
  } else {
    codeNumber(code, COPY_LENGTHS, step.length - MIN_COPY + 1);
    codeNumber(code, distanceContext(step.length), step.distance);
  }
}

/** Prices of a bit in each context, from how often both came in it. */
function pricesOf(counts) {
  return Float64Array.from(counts, (count, index) => -Math.log2((count + 0.4) / (count + counts[index ^ 1] + 0.8)));
}

/** What steps cost: `of(write)` is the price of what `write` codes, remembered by `key` for the round. */
function pricing(prices) {
  const known = new Map();
  return (key, write) => {
    let total = known.get(key);
    if (total === undefined) {
      total = 0;
      write((context, bit) => {
        total += prices[2 * context + bit];
        return bit;
      });
      known.set(key, total);
    }
    return total;
  };
}

/** The cheapest steps from the first byte of a stream to its last. */
function chooseSteps(bytes, stream, copies, prices) {
  const price = pricing(prices);
  const lengths = (longest, shortest) =>
    Array.from({ length: longest - shortest + 1 }, (_, index) => shortest + index).filter(
      (length) => length <= LONG_COPY || length > longest - 4,
    );
  /** The best way to each place: the price so far, the step that ends there, its start, and the distance that a repeat would take. */
  const ways = Array.from({ length: bytes.length + 1 }, () => ({ price: Number.POSITIVE_INFINITY }));
  ways[0] = { price: 0, distance: 1, step: { kind: LITERAL } };
  for (let at = 0; at < bytes.length; at++) {
    const { price: soFar, distance: repeated, step: last } = ways[at];
    const previous = last.kind;
    const reach = (to, cost, step, distance) => {
      if (soFar + cost < ways[to].price) ways[to] = { price: soFar + cost, step, from: at, distance };
    };
    const stepPrice = (kind) =>
      price(`kind ${kind} ${previous}`, (code) => {
        code(isCopyContext(stream, previous), kind === LITERAL ? 0 : 1);
        if (kind !== LITERAL) code(isRepeatContext(stream, previous), kind === REPEAT ? 1 : 0);
      });

    const byte = bytes[at];
    const literal = price(`literal ${byte}`, (code) => codeLiteral(code, stream, byte));
    reach(at + 1, stepPrice(LITERAL) + literal, { kind: LITERAL, byte }, repeated);

    if (repeated <= at) {
      for (const length of lengths(commonLength(bytes, at - repeated, at), 1)) {
        const size = price(`repeat ${length}`, (code) => codeNumber(code, REPEAT_LENGTHS, length));
        reach(at + length, stepPrice(REPEAT) + size, { kind: REPEAT, length }, repeated);
      }
    }

    let shortest = MIN_COPY;
    for (const { length: longest, distance } of copies[at]) {
      for (const length of lengths(longest, shortest)) {
        const size = price(`copy ${length}`, (code) => codeNumber(code, COPY_LENGTHS, length - MIN_COPY + 1));
        const reachBack = price(`from ${Math.min(length, MIN_COPY + SHORT_LENGTHS - 1)} ${distance}`, (code) =>
          codeNumber(code, distanceContext(length), distance),
        );
        reach(at + length, stepPrice(COPY) + size + reachBack, { kind: COPY, length, distance }, distance);
      }
      shortest = longest + 1;
    }
  }
  const steps = [];
  for (let at = bytes.length; at > 0; at = ways[at].from) steps.push(ways[at].step);
  return steps.reverse();
}

function write(code, streams, steps) {
  for (const { length } of streams) codeNumber(code, SIZES, length);
  steps.forEach((steps, stream) => {
    let previous = LITERAL;
    for (const step of steps) {
      codeStep(code, stream, previous, step);
      previous = step.kind;
    }
  });
}

/** @returns the packed bytes of a WebAssembly module, which `unpack` gives back. */
export function packWasm(bytes) {
  const streams = splitStreams(bytes);
  const copies = streams.map(findCopies);
  let prices = new Float64Array(2 * CONTEXTS).fill(0.9);
  let best;
  for (let round = 0; round < ROUNDS; round++) {
    const steps = streams.map((stream, index) => chooseSteps(stream, index, copies[index], prices));
    const counts = new Uint32Array(2 * CONTEXTS);
    const packed = [];
    const code = rangeCoder(
      (_, bit) => bit,
      (byte) => packed.push(byte),
    );
    const counting = (context, bit) => {
      counts[2 * context + bit]++;
      return code(context, bit);
    };
    write(counting, streams, steps);
    // Further bits push out the bytes that the reader looks ahead.
    for (const end = packed.length + READ_AHEAD; packed.length < end; ) code(SIZES, packed.length & 1);
    if (best === undefined || packed.length < best.length) best = packed;
    prices = pricesOf(counts);
  }
  return Uint8Array.from(best);
}
