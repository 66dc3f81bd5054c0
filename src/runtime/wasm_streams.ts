/** Sorts the bytes of a WebAssembly module: local indices repeat other local indices, constants other constants. */

/** Instructions from `first` to `last` (those after the SIMD prefix from 256 on) and the stream of each of their operands. */
type Operands = readonly [first: number, last: number, streams: string];

/** Stream 0 holds instructions, and what resembles them: types, labels, alignments, lanes. In 4 every byte is an operand. */
const operands: readonly Operands[] = [
  [0x02, 0x04, "0"], // block, loop, if
  [0x0c, 0x0d, "0"], // br, br_if
  [0x10, 0x10, "0"], // call
  [0x20, 0x24, "1"], // local.get to global.set
  [0x28, 0x3e, "03"], // i32.load to i64.store32
  [0x3f, 0x40, "0"], // memory.size, memory.grow
  [0x41, 0x42, "2"], // i32.const, i64.const
  [0x43, 0x43, "4444"], // f32.const
  [0x44, 0x44, "44444444"], // f64.const
  [0x100, 0x10b, "03"], // v128.load to v128.store
  [0x10c, 0x10d, "4444444444444444"], // v128.const, i8x16.shuffle
  [0x115, 0x122, "0"], // extract_lane, replace_lane
  [0x154, 0x15b, "030"], // v128.load8_lane to v128.store64_lane
  [0x15c, 0x15d, "03"], // v128.load32_zero, v128.load64_zero
];

export const STREAMS = 5;
const RAW = "4";
const SIMD_PREFIX = 0xfd;

/**
 * Gives the stream of the byte that follows the one it is called with, of a whole module from its second byte on. It takes what is no
 * instruction for one, and is soon right again: any choice that packer and unpacker share is a valid one.
 */
export function streamOfNext(): (byte: number) => number {
  const streamsOf = new Array<string>(512).fill("");
  for (const [first, last, streams] of operands) streamsOf.fill(streams, first, last + 1);
  let pending = "";
  let done = 0;
  let page = 0;
  return (byte) => {
    if (done === pending.length) {
      if (page === 0 && byte === SIMD_PREFIX) {
        page = 256;
        return 0;
      }
      pending = streamsOf[page + byte];
      done = 0;
      page = 0;
    } else if (byte < 128 || pending[done] === RAW) {
      done++;
    }
    return done < pending.length ? Number(pending[done]) : 0;
  };
}

/** The bytes of a module by stream. */
export function splitStreams(module: Uint8Array): readonly Uint8Array[] {
  const streams = Array.from({ length: STREAMS }, (): number[] => []);
  const nextStream = streamOfNext();
  let stream = 0;
  for (const byte of module) {
    streams[stream].push(byte);
    stream = nextStream(byte);
  }
  return streams.map((bytes) => Uint8Array.from(bytes));
}
