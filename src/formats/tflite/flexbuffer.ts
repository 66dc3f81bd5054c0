/**
 * FlexBuffers as custom operators hold their options: one map of short keys to integers, strings, booleans and typed
 * integer vectors. Offsets point backwards only and nothing is nested, so no input can make the reader walk in
 * circles. Source: the FlexBuffers page of flatbuffers.dev.
 *
 * ```
 * ... keys ...  key vector | count of keys | width of a key offset | backward offset to the keys | values | a type
 * byte a value the last bytes of all:  root value (w bytes), type << 2 | width code, w
 * ```
 */
import { XnorkitError } from "../../errors.js";

export type OptionValue = number | string | readonly number[];

/** LCE writes at most 10. */
const MAX_KEYS = 64;
const MAX_TEXT_BYTES = 64;
const MAX_ELEMENTS = 16;

/** Types of FlexBuffers that options hold. */
const INT = 1;
const UINT = 2;
const STRING = 5;
const INDIRECT_INT = 6;
const INDIRECT_UINT = 7;
const MAP = 9;
const VECTOR_INT = 11;
const VECTOR_UINT = 12;
/** Vectors of 2, 3 and 4 integers that store no count: int and uint take turns. */
const VECTOR_INT2 = 16;
const VECTOR_UINT4 = 23;
const BOOL = 26;

interface Reference {
  /** Place of the value itself when it is inline, else of the offset to it. */
  readonly at: number;
  /** Bytes of what is stored at `at`. */
  readonly parentWidth: number;
  /** Bytes of each number behind the offset. */
  readonly width: number;
  readonly type: number;
}

/**
 * The options of a custom operator by name; empty options give none.
 * @param owner The operator, for messages.
 * @throws XnorkitError `bad-file` when the bytes are no FlexBuffer map, or hold offsets and counts that do not fit.
 */
export function readFlexMap(bytes: Uint8Array, owner: string): ReadonlyMap<string, OptionValue> {
  const options = new Map<string, OptionValue>();
  if (bytes.length === 0) return options;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

  function fail(problem: string, at: number): never {
    throw new XnorkitError(
      "bad-file",
      `${owner} has options that are no FlexBuffer map: ${problem} at byte ${at} of ${bytes.length}`,
    );
  }

  /** `width` bytes as a number; those of 8 bytes only when they are safe integers. */
  function number(at: number, width: number, signed: boolean): number {
    if (at < 0 || at + width > bytes.length) fail("a number lies outside", at);
    switch (width) {
      case 1:
        return signed ? view.getInt8(at) : view.getUint8(at);
      case 2:
        return signed ? view.getInt16(at, true) : view.getUint16(at, true);
      case 4:
        return signed ? view.getInt32(at, true) : view.getUint32(at, true);
      default: {
        const value = Number(signed ? view.getBigInt64(at, true) : view.getBigUint64(at, true));
        return Number.isSafeInteger(value) ? value : fail("a number is too large", at);
      }
    }
  }

  function follow(at: number, width: number): number {
    const target = at - number(at, width, false);
    if (target >= at || target < 0) fail("an offset does not point back into the buffer", at);
    return target;
  }

  function text(at: number, length: number): string {
    if (at + length > bytes.length) fail("a text ends outside", at);
    return new TextDecoder().decode(bytes.subarray(at, at + Math.min(length, MAX_TEXT_BYTES)));
  }

  function key(at: number): string {
    const end = bytes.subarray(at, at + MAX_TEXT_BYTES).indexOf(0);
    return end < 0 ? fail("a key has no end", at) : text(at, end);
  }

  function integers(at: number, count: number, width: number, signed: boolean): readonly number[] {
    if (count > MAX_ELEMENTS) fail(`a vector counts ${count}`, at);
    return Array.from({ length: count }, (_, index) => number(at + index * width, width, signed));
  }

  function value({ at, parentWidth, width, type }: Reference): OptionValue | null {
    if (type === INT || type === UINT || type === BOOL) return number(at, parentWidth, type === INT);
    if (type === INDIRECT_INT || type === INDIRECT_UINT) {
      return number(follow(at, parentWidth), width, type === INDIRECT_INT);
    }
    if (type === STRING) {
      const start = follow(at, parentWidth);
      return text(start, number(start - width, width, false));
    }
    if (type === VECTOR_INT || type === VECTOR_UINT) {
      const start = follow(at, parentWidth);
      return integers(start, number(start - width, width, false), width, type === VECTOR_INT);
    }
    if (type >= VECTOR_INT2 && type <= VECTOR_UINT4 && (type - VECTOR_INT2) % 3 < 2) {
      const count = 2 + Math.floor((type - VECTOR_INT2) / 3);
      return integers(follow(at, parentWidth), count, width, (type - VECTOR_INT2) % 3 === 0);
    }
    return null; // of a type that no option has
  }

  const end = bytes.length;
  if (end < 3) fail("it is too short", 0);
  const rootWidth = bytes[end - 1];
  const rootType = bytes[end - 2];
  if (![1, 2, 4, 8].includes(rootWidth) || rootType >> 2 !== MAP) fail("the root is no map", end - 2);

  const width = 1 << (rootType & 3);
  const values = follow(end - 2 - rootWidth, rootWidth);
  const count = number(values - width, width, false);
  const keyWidth = number(values - 2 * width, width, false);
  const keys = follow(values - 3 * width, width);
  if (count > MAX_KEYS || ![1, 2, 4, 8].includes(keyWidth)) fail(`a map counts ${count} keys`, values - width);
  for (let index = 0; index < count; index++) {
    const keyAt = keys + index * keyWidth;
    const typeAt = values + count * width + index;
    if (typeAt >= end) fail("a type lies outside", typeAt);
    const reference = { at: values + index * width, parentWidth: width, width: 1 << (bytes[typeAt] & 3) };
    const found = value({ ...reference, type: bytes[typeAt] >> 2 });
    if (found !== null) options.set(key(follow(keyAt, keyWidth)), found);
  }
  return options;
}
