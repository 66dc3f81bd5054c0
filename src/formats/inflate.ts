/**
 * Unpacking of deflated data (RFC 1950 to 1952) by pako, zlib's port, into memory of a size that is known before: no
 * data makes more of itself than its reader allows, and what it costs is bounded by what comes out.
 */
import { Z_BUF_ERROR, Z_OK, Z_STREAM_END, ZStream, zlibInflate, zlibInflateInit2, zlibInflateReset } from "pako";

/** Deflate cannot shrink more than this: 258 bytes from a length and a distance code of 1 bit each. */
export const MAX_DEFLATE_RATIO = 1032;

/** zlib's window sizes, which also tell it the kind of header and checksum. */
const WINDOW_BITS = { raw: -15, zlib: 15, gzip: 31 } as const;

/** Throws the error whose sentence has this reason in it. */
export type Refuse = (reason: string) => never;

function open(input: Uint8Array, format: keyof typeof WINDOW_BITS): ZStream {
  const stream = new ZStream();
  zlibInflateInit2(stream, WINDOW_BITS[format]);
  stream.input = input;
  stream.avail_in = input.length;
  return stream;
}

/** Inflates into `output` from `from` on, until it is full (false) or the stream has ended. */
function fill(stream: ZStream, output: Uint8Array<ArrayBuffer>, from: number, refuse: Refuse): boolean {
  stream.output = output;
  stream.next_out = from;
  stream.avail_out = output.length - from;
  const status = zlibInflate(stream, 0);
  if (status === Z_STREAM_END) return true;
  if (status !== Z_OK && status !== Z_BUF_ERROR) return refuse(stream.msg || `zlib's status ${status}`);
  return stream.avail_out === 0 ? false : refuse("the compressed data end early");
}

/** A stream whose contents are taken piece by piece; what its data are worth is known only at their end. */
export interface InflateReader {
  /** Fills the whole array with what comes next. */
  readonly read: (into: Uint8Array<ArrayBuffer>) => void;
  /**
   * Nothing may come any more; zlib's checksum is compared. Bytes of the input that follow the stream are none of its
   * business.
   */
  readonly end: () => void;
}

/** @param refuse Called with the reason where the data are damaged, or give fewer or more bytes than were taken. */
export function inflateReader(input: Uint8Array, format: "raw" | "zlib", refuse: Refuse): InflateReader {
  const stream = open(input, format);
  let isEnded = false;
  return {
    read(into) {
      if (into.length === 0) return;
      if (!isEnded) isEnded = fill(stream, into, 0, refuse);
      if (stream.next_out < into.length) refuse(`the data unpack to ${stream.total_out} bytes, which is too few`);
      stream.next_out = 0;
    },
    end() {
      const expected = stream.total_out;
      // A byte of room tells a stream that ends here from one that goes on.
      if (!isEnded) isEnded = fill(stream, new Uint8Array(1), 0, refuse);
      if (!isEnded || stream.total_out > expected)
        refuse(`the data unpack to more than the expected ${expected} bytes`);
    },
  };
}

/**
 * Inflates a stream that must give `length` bytes.
 * @param refuse Called with the reason where the data are damaged, end early, or give fewer or more bytes.
 */
export function inflateExactly(
  input: Uint8Array,
  format: "raw" | "zlib",
  length: number,
  refuse: Refuse,
): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(length);
  const reader = inflateReader(input, format, refuse);
  reader.read(data);
  reader.end();
  return data;
}

/**
 * Inflates a gzip file: one member after another, each checked by its CRC and length, zeros after the last (RFC 1952,
 * 2.2).
 * @param likely What it unpacks to as far as is known, to be allocated at once.
 * @param spend Called before memory is allocated.
 * @param refuse Called with the reason where a member is damaged or cut short, or something else follows.
 */
export function inflateGzip(
  input: Uint8Array,
  likely: number,
  spend: (bytes: number) => void,
  refuse: Refuse,
): Uint8Array<ArrayBuffer> {
  const stream = open(input, "gzip");
  const allocate = (bytes: number) => {
    spend(bytes);
    return new Uint8Array(bytes);
  };
  let data = allocate(likely);
  let length = 0;
  for (;;) {
    while (!fill(stream, data, length, refuse)) {
      length = data.length;
      const larger = allocate(2 * length + 4096);
      larger.set(data);
      data = larger;
    }
    length = stream.next_out;
    const rest = input.subarray(stream.next_in);
    if (rest.every((byte) => byte === 0)) return data.subarray(0, length);
    if (rest[0] !== 0x1f)
      return refuse(`byte ${stream.next_in} is ${rest[0]}, where another member or the end is expected`);
    zlibInflateReset(stream);
  }
}
