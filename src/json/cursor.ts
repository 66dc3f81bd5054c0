/**
 * A reader of JSON text (RFC 8259), value by value, for files of unknown origin. Unlike `JSON.parse` it builds nothing
 * by itself, refuses keys that occur twice, bounds the depth, keeps the order of keys as written (also of those that
 * look like numbers), and names the byte where the text goes wrong.
 */
import { type ErrorCode, XnorkitError } from "../errors.js";

/** What the cursor stands before. */
export type JsonKind = "object" | "array" | "string" | "word";

export interface JsonCursor {
  /** Of the value that comes next, white space passed over. */
  readonly kind: () => JsonKind;
  readonly string: () => string;
  /** A number, true, false or null. */
  readonly word: () => number | boolean | null;
  /** Calls `member` with each key; it must read the value, before which the cursor stands then. */
  readonly object: (member: (key: string) => void) => void;
  /** Calls `item` before each item, which it must read. */
  readonly array: (item: (index: number) => void) => void;
  /** Refuses anything but white space up to the end of the text. */
  readonly end: () => void;
  /** The error of what is wrong at the cursor, or at a place in the text. */
  readonly fail: (what: string, at?: number) => never;
}

export interface JsonSource {
  /** What messages call the text: `the header`. */
  readonly what: string;
  readonly code: ErrorCode;
  /** File offset of the text's first byte. */
  readonly start?: number;
  /** Levels of objects and arrays within each other. */
  readonly maxDepth: number;
}

const NUMBER = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$/;
const WORD = /[-+.\w]*/y;
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
 * Up to here keys are looked for one after another, which is faster than a set and needs none for the many small
 * objects.
 */
const FEW_KEYS = 12;

/** Remembers keys; tells whether one was there before. */
function keyMemory(): (key: string) => boolean {
  const few: string[] = [];
  let many: Set<string> | null = null;
  return (key) => {
    if (many !== null ? many.has(key) : few.includes(key)) return true;
    if (many !== null) many.add(key);
    else if (few.push(key) > FEW_KEYS) many = new Set(few);
    return false;
  };
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** The number of bytes of a text in UTF-8. */
function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** A cursor at the beginning of a text. Its errors have the source's code and name the byte. */
export function jsonCursor(text: string, { what, code, start = 0, maxDepth }: JsonSource): JsonCursor {
  let at = 0;
  let depth = 0;

  const fail = (problem: string, place = at): never => {
    throw new XnorkitError(
      code,
      `${what} is not JSON, at byte ${start + byteLength(text.slice(0, place))}: ${problem}`,
    );
  };
  const found = () => (at < text.length ? `found ${JSON.stringify(text[at])}` : "the text ends");
  const skipSpace = () => {
    while (isSpace(text.charCodeAt(at))) at++;
  };
  const take = (expected: number) => {
    skipSpace();
    if (text.charCodeAt(at) !== expected) fail(`expected ${JSON.stringify(String.fromCharCode(expected))}, ${found()}`);
    at++;
  };
  /** Steps over a character if it is the one. */
  const passes = (character: number): boolean => {
    skipSpace();
    if (text.charCodeAt(at) !== character) return false;
    at++;
    return true;
  };
  const descend = () => {
    if (++depth > maxDepth) fail(`it nests deeper than ${maxDepth} levels`);
  };

  const string = (): string => {
    skipSpace();
    const from = at;
    take(QUOTE);
    for (let next = text.charCodeAt(at); next !== QUOTE; next = text.charCodeAt(at)) {
      if (at >= text.length) fail("a string is not closed", from);
      at += next === BACKSLASH ? 2 : 1;
    }
    at++;
    try {
      // A new string: a slice would keep the whole text alive.
      return JSON.parse(text.slice(from, at)) as string;
    } catch {
      return fail("a string holds a control character or an unknown escape", from);
    }
  };

  return {
    fail,
    string,
    kind: () => {
      skipSpace();
      const next = text.charCodeAt(at);
      if (at >= text.length) return fail("expected a value, the text ends");
      if (next === QUOTE) return "string";
      if (next === OPEN_BRACE) return "object";
      return next === OPEN_BRACKET ? "array" : "word";
    },
    word: () => {
      skipSpace();
      const from = at;
      WORD.lastIndex = at;
      const token = WORD.exec(text)![0];
      at += token.length;
      const constant = WORDS.get(token);
      if (constant !== undefined) return constant;
      if (!NUMBER.test(token)) fail(token === "" ? `expected a value, ${found()}` : `${token} is not a value`, from);
      return Number(token);
    },
    object: (member) => {
      const isRepeated = keyMemory();
      take(OPEN_BRACE);
      descend();
      if (!passes(CLOSE_BRACE)) {
        do {
          skipSpace();
          const keyAt = at;
          const key = string();
          if (isRepeated(key)) fail(`the key ${JSON.stringify(key)} occurs twice`, keyAt);
          take(COLON);
          member(key);
        } while (passes(COMMA));
        take(CLOSE_BRACE);
      }
      depth--;
    },
    array: (item) => {
      take(OPEN_BRACKET);
      descend();
      if (!passes(CLOSE_BRACKET)) {
        let index = 0;
        do item(index++);
        while (passes(COMMA));
        take(CLOSE_BRACKET);
      }
      depth--;
    },
    end: () => {
      skipSpace();
      if (at < text.length) fail(`expected the end of the text, ${found()}`);
    },
  };
}
