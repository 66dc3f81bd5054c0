/** The bytes of a pickle one after another, with the place of every error. */
import { XnorkitError } from "../../errors.js";

export interface PickleReader {
  /** Offset of the next byte. */
  readonly position: () => number;
  /** Offset of the opcode that was read last. */
  readonly opcodeAt: () => number;
  /** Exactly this many bytes, a view. */
  readonly take: (count: number) => Uint8Array;
  readonly uint8: () => number;
  readonly uint16: () => number;
  readonly uint32: () => number;
  readonly int32: () => number;
  /** @throws XnorkitError if it is past the end of any file. */
  readonly uint64: () => number;
  /** Big-endian, as pickles hold floats. */
  readonly float64: () => number;
  /** Text up to the end of the line, which is passed over. */
  readonly line: () => string;
  /** `bad-file`, with the name of the pickle and the opcode's offset. */
  readonly error: (message: string) => XnorkitError;
  /** Opcode byte; errors refer to it from here on. */
  readonly opcode: () => number;
}

const decoder = new TextDecoder();

/** Longest line of text: names and decimal numbers. */
const MAX_LINE = 2 ** 16;

/**
 * @param name What messages call the pickle: `archive/data.pkl`.
 * @param start Offset of its first byte in `bytes`.
 */
export function pickleReader(bytes: Uint8Array, name: string, start: number): PickleReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = start;
  let opcodeAt = start;

  const error = (message: string) => new XnorkitError("bad-file", `${name}: the pickle at byte ${opcodeAt} ${message}`);
  const advance = (count: number): number => {
    if (count > bytes.length - at) {
      throw error(
        `needs ${count} bytes from byte ${at} on, but ends at byte ${bytes.length}: it is cut short or damaged`,
      );
    }
    at += count;
    return at - count;
  };
  const take = (count: number): Uint8Array => {
    const from = advance(count);
    return bytes.subarray(from, from + count);
  };

  return {
    position: () => at,
    opcodeAt: () => opcodeAt,
    take,
    uint8: () => bytes[advance(1)],
    uint16: () => view.getUint16(advance(2), true),
    uint32: () => view.getUint32(advance(4), true),
    int32: () => view.getInt32(advance(4), true),
    uint64: () => {
      const value = Number(view.getBigUint64(advance(8), true));
      if (value <= Number.MAX_SAFE_INTEGER) return value;
      throw error(`states a length of ${value} bytes: it is damaged`);
    },
    float64: () => view.getFloat64(advance(8), false),
    line: () => {
      const end = bytes.subarray(at, at + MAX_LINE).indexOf(0x0a);
      if (end < 0)
        throw error(`has a line of text without an end within ${MAX_LINE} bytes: it is cut short or damaged`);
      return decoder.decode(take(end + 1).subarray(0, end));
    },
    error,
    opcode: () => {
      opcodeAt = at;
      return bytes[advance(1)];
    },
  };
}
