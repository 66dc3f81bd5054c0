/**
 * A JSON reader for file headers. Unlike `JSON.parse` it refuses duplicate keys, keeps the order of the keys as written (also of
 * keys that look like numbers), limits the depth, and names the byte where the text goes wrong.
 */
import { XnorkitError } from "../errors.js";

export type StrictJson = string | number | boolean | null | readonly StrictJson[] | ReadonlyMap<string, StrictJson>;

/** Headers nest three deep; the limit keeps hostile text from exhausting the stack. */
const MAX_DEPTH = 16;
const NUMBER = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$/;
const WORDS: ReadonlyMap<string, boolean | null> = new Map([
  ["true", true],
  ["false", false],
  ["null", null],
]);

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Reads one JSON value (RFC 8259) that fills the bytes, white space around it allowed.
 *
 * @param start File offset of the first byte, for messages.
 * @throws XnorkitError `bad-file` with the file offset where the bytes are not UTF-8, not JSON, repeat a key or nest too deep.
 */
export function parseStrictJson(bytes: Uint8Array, start = 0): StrictJson {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let at = 0;

  const fail = (what: string, offset = at): never => {
    throw new XnorkitError("bad-file", `the JSON header is damaged at byte ${start + offset}: ${what}`);
  };
  const skipSpace = () => {
    while (at < bytes.length && isSpace(bytes[at])) at++;
  };
  const found = () => (at < bytes.length ? `found ${JSON.stringify(String.fromCharCode(bytes[at]))}` : "the text ends");
  const take = (byte: number) => {
    if (bytes[at] !== byte) fail(`expected ${JSON.stringify(String.fromCharCode(byte))}, ${found()}`);
    at++;
  };

  const text = (from: number, to: number): string => {
    try {
      return decoder.decode(bytes.subarray(from, to));
    } catch {
      return fail("the bytes are not UTF-8", from);
    }
  };

  const string = (): string => {
    const from = at;
    take(QUOTE);
    while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
    if (at >= bytes.length) fail("a string is not closed", from);
    at++;
    const literal = text(from, at);
    try {
      return JSON.parse(literal) as string;
    } catch {
      return fail("a string holds a control character or an unknown escape", from);
    }
  };

  const word = (): StrictJson => {
    const from = at;
    while (at < bytes.length && isWordByte(bytes[at])) at++;
    const token = text(from, at);
    const constant = WORDS.get(token);
    if (constant !== undefined) return constant;
    if (!NUMBER.test(token)) fail(token === "" ? `expected a value, ${found()}` : `${token} is not a value`, from);
    return Number(token);
  };

  const array = (depth: number): StrictJson => {
    const items: StrictJson[] = [];
    take(OPEN_BRACKET);
    skipSpace();
    if (bytes[at] === CLOSE_BRACKET) {
      at++;
      return items;
    }
    for (;;) {
      items.push(value(depth));
      if (bytes[at] !== COMMA) break;
      at++;
    }
    take(CLOSE_BRACKET);
    return items;
  };

  const object = (depth: number): StrictJson => {
    const members = new Map<string, StrictJson>();
    take(OPEN_BRACE);
    skipSpace();
    if (bytes[at] === CLOSE_BRACE) {
      at++;
      return members;
    }
    for (;;) {
      skipSpace();
      const keyAt = at;
      const key = string();
      if (members.has(key)) fail(`the key ${JSON.stringify(key)} occurs twice`, keyAt);
      skipSpace();
      take(COLON);
      members.set(key, value(depth));
      if (bytes[at] !== COMMA) break;
      at++;
    }
    take(CLOSE_BRACE);
    return members;
  };

  const value = (depth: number): StrictJson => {
    if (depth > MAX_DEPTH) fail(`it nests deeper than ${MAX_DEPTH} levels`);
    skipSpace();
    const first = bytes[at];
    let result: StrictJson;
    if (first === QUOTE) result = string();
    else if (first === OPEN_BRACE) result = object(depth + 1);
    else if (first === OPEN_BRACKET) result = array(depth + 1);
    else result = word();
    skipSpace();
    return result;
  };

  const result = value(0);
  if (at < bytes.length) fail(`expected the end of the text, ${found()}`);
  return result;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Letters, digits, sign, point: what numbers, true, false and null are made of. */
function isWordByte(byte: number): boolean {
  const lower = byte | 0x20;
  const isLetter = lower >= 0x61 && lower <= 0x7a;
  const isDigit = byte >= 0x30 && byte <= 0x39;
  return isLetter || isDigit || byte === 0x2b || byte === 0x2d || byte === 0x2e;
}
