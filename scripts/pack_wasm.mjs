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
import { splitStreams } from "../src/runtime/wasm_streams.ts";

const ROUNDS = 8;
/** Earlier places with the same two bytes that are compared. */
const MAX_CANDIDATES = 2000;
const MAX_COPY = 1024;
/** Bytes that the reader holds beyond the bit it is at. */
const READ_AHEAD = 3;
/** Of a copy longer than this only the longest lengths are tried. */
const LONG_COPY = 40;

function commonLength(bytes, from, to) {
  const end = Math.min(bytes.length - to, MAX_COPY);
  let length = 0;
  while (length < end && bytes[from + length] === bytes[to + length]) length++;
  return length;
}

/** For each place from `start` on the copies that are longer than all nearer ones, nearest first. */
function findCopies(bytes, start) {
  const latest = new Map();
  const before = new Int32Array(bytes.length).fill(-1);
  return Array.from(bytes, (_, at) => {
    const key = bytes[at] * 256 + bytes[at + 1];
    const copies = [];
    let longest = MIN_COPY - 1;
    let from = latest.get(key) ?? -1;
    before[at] = from;
    latest.set(key, at);
    if (at < start) return copies;
    for (let tried = 0; from >= 0 && longest < MAX_COPY && tried < MAX_CANDIDATES; tried++, from = before[from]) {
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

/** What `write(code, value)` costs by `prices`, remembered for each value. */
function priceList(prices, write) {
  const known = [];
  let total = 0;
  const code = (context, bit) => {
    total += prices[2 * context + bit];
    return bit;
  };
  return (value) => {
    if (known[value] === undefined) {
      total = 0;
      write(code, value);
      known[value] = total;
    }
    return known[value];
  };
}

/** The cheapest steps from byte `start` of a stream to its last. */
function chooseSteps({ bytes, start, copies }, stream, prices) {
  const literalPrice = priceList(prices, (code, byte) => codeLiteral(code, stream, byte));
  const repeatPrice = priceList(prices, (code, length) => codeNumber(code, REPEAT_LENGTHS, length));
  const copyPrice = priceList(prices, (code, length) => codeNumber(code, COPY_LENGTHS, length - MIN_COPY + 1));
  const distancePrices = Array.from({ length: SHORT_LENGTHS }, (_, index) =>
    priceList(prices, (code, distance) => codeNumber(code, distanceContext(MIN_COPY + index), distance)),
  );
  const kindPrice = [LITERAL, COPY, REPEAT].map((previous) =>
    priceList(prices, (code, kind) => {
      code(isCopyContext(stream, previous), kind === LITERAL ? 0 : 1);
      if (kind !== LITERAL) code(isRepeatContext(stream, previous), kind === REPEAT ? 1 : 0);
    }),
  );
  /** The best way to each place: the price so far, the step that ends there, its start, and the distance that a repeat would take. */
  const ways = Array.from({ length: bytes.length + 1 }, () => ({ price: Number.POSITIVE_INFINITY }));
  ways[start] = { price: 0, distance: 1, step: { kind: LITERAL } };
  for (let at = start; at < bytes.length; at++) {
    const { price, distance: repeated, step: last } = ways[at];
    const kinds = kindPrice[last.kind];
    const reach = (cost, kind, length, distance) => {
      const way = ways[at + length];
      if (price + cost >= way.price) return;
      ways[at + length] = {
        price: price + cost,
        distance,
        step: { kind, length, distance, byte: bytes[at] },
        from: at,
      };
    };
    const reachLengths = (shortest, longest, reachLength) => {
      for (let length = shortest; length <= longest; length++) {
        if (length <= LONG_COPY || length > longest - 4) reachLength(length);
      }
    };

    reach(kinds(LITERAL) + literalPrice(bytes[at]), LITERAL, 1, repeated);
    const repeatable = repeated <= at ? commonLength(bytes, at - repeated, at) : 0;
    reachLengths(1, repeatable, (length) => {
      reach(kinds(REPEAT) + repeatPrice(length), REPEAT, length, repeated);
    });
    let shortest = MIN_COPY;
    for (const { length: longest, distance } of copies[at]) {
      reachLengths(shortest, longest, (length) => {
        const distancePrice = distancePrices[Math.min(length - MIN_COPY, SHORT_LENGTHS - 1)];
        reach(kinds(COPY) + copyPrice(length) + distancePrice(distance), COPY, length, distance);
      });
      shortest = longest + 1;
    }
  }
  const steps = [];
  for (let at = bytes.length; at > start; at = ways[at].from) steps.push(ways[at].step);
  return steps.reverse();
}

function write(code, streams, steps) {
  for (const { bytes, start } of streams) codeNumber(code, SIZES, bytes.length - start);
  steps.forEach((steps, stream) => {
    let previous = LITERAL;
    for (const step of steps) {
      codeStep(code, stream, previous, step);
      previous = step.kind;
    }
  });
}

/** @returns the packed bytes of a WebAssembly module, which `unpack` gives back with the same `known`, a module to copy from. */
export function packWasm(module, known = new Uint8Array()) {
  const knownStreams = splitStreams(known);
  const streams = splitStreams(module).map((own, index) => {
    const start = knownStreams[index].length;
    const bytes = Uint8Array.from([...knownStreams[index], ...own]);
    return { bytes, start, copies: findCopies(bytes, start) };
  });
  let prices = new Float64Array(2 * CONTEXTS).fill(0.9);
  let best;
  for (let round = 0; round < ROUNDS; round++) {
    const steps = streams.map((stream, index) => chooseSteps(stream, index, prices));
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
