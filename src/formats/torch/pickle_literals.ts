/** The opcodes of a pickle that hold a value themselves: numbers, texts, bytes and empty containers. */
import { type Budget, MAP_BYTES, OBJECT_BYTES, TEXT_BYTES } from "../../budget.js";
import { quoteName } from "../../graph/suggest.js";
import type { PickleReader } from "./pickle_reader.js";
import type { PickleValue } from "./pickle_values.js";

/** Longest whole number, as text or bytes: its conversion takes quadratic time. Python's own bound is 4300 digits. */
const MAX_DIGITS = 4300;

/** One for all, as in Python: nothing can be appended to it. */
const EMPTY_TUPLE: PickleValue = { kind: "tuple", items: [] };

/** The value that the opcode holds, or undefined if it is another opcode. */
export function readLiteral(opcode: string, reader: PickleReader, budget: Budget): PickleValue | undefined {
  const value = read(opcode, reader);
  if (typeof value === "string") budget.spend(TEXT_BYTES + value.length);
  else if (typeof value === "bigint") budget.spend(OBJECT_BYTES);
  else if (typeof value === "object" && value !== null)
    budget.spend(2 * OBJECT_BYTES + ("entries" in value ? MAP_BYTES : 0));
  return value;
}

function read(opcode: string, reader: PickleReader): PickleValue | undefined {
  switch (opcode) {
    case "NONE":
      return null;
    case "NEWTRUE":
      return true;
    case "NEWFALSE":
      return false;
    case "BININT":
      return reader.int32();
    case "BININT1":
      return reader.uint8();
    case "BININT2":
      return reader.uint16();
    case "INT":
      return readInt(reader);
    case "LONG":
      return decimal(reader, reader.line().replace(/L$/, ""));
    case "LONG1":
      return twosComplement(reader, reader.uint8());
    case "LONG4":
      return twosComplement(reader, reader.uint32());
    case "FLOAT":
      return readFloat(reader);
    case "BINFLOAT":
      return reader.float64();
    case "STRING":
      return readQuoted(reader);
    case "UNICODE":
      return resolveEscapes(reader.line());
    case "BINSTRING":
      return utf8(reader.take(readLength(reader)));
    case "SHORT_BINSTRING":
    case "SHORT_BINUNICODE":
      return utf8(reader.take(reader.uint8()));
    case "BINUNICODE":
      return utf8(reader.take(reader.uint32()));
    case "BINUNICODE8":
      return utf8(reader.take(reader.uint64()));
    case "SHORT_BINBYTES":
      return reader.take(reader.uint8());
    case "BINBYTES":
      return reader.take(reader.uint32());
    case "BINBYTES8":
    case "BYTEARRAY8":
      return reader.take(reader.uint64());
    case "EMPTY_LIST":
      return { kind: "list", items: [] };
    case "EMPTY_TUPLE":
      return EMPTY_TUPLE;
    case "EMPTY_SET":
      return { kind: "set", items: [] };
    case "EMPTY_DICT":
      return { kind: "dict", entries: new Map() };
    default:
      return undefined;
  }
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function utf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

function whole(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** INT writes truth values as 00 and 01. */
function readInt(reader: PickleReader): PickleValue {
  const text = reader.line();
  return text === "00" ? false : text === "01" ? true : decimal(reader, text);
}

function decimal(reader: PickleReader, text: string): number | bigint {
  if (text.length > MAX_DIGITS || !/^[+-]?\d+$/.test(text)) {
    throw reader.error(`has ${quoteName(text)} where a whole number belongs: it is damaged`);
  }
  return whole(BigInt(text.replace(/^\+/, "")));
}

function twosComplement(reader: PickleReader, length: number): number | bigint {
  if (length > MAX_DIGITS) throw reader.error(`has a whole number of ${length} bytes: it is damaged`);
  let value = 0n;
  for (const byte of reader.take(length).toReversed()) value = (value << 8n) | BigInt(byte);
  return whole(BigInt.asIntN(8 * length, value));
}

const FLOAT_WORDS: ReadonlyMap<string, number> = new Map([
  ["inf", Number.POSITIVE_INFINITY],
  ["-inf", Number.NEGATIVE_INFINITY],
  ["nan", Number.NaN],
]);

function readFloat(reader: PickleReader): number {
  const text = reader.line();
  const value = FLOAT_WORDS.get(text) ?? Number(text);
  if (text.trim() === "" || (Number.isNaN(value) && text !== "nan")) {
    throw reader.error(`has ${quoteName(text)} where a number belongs: it is damaged`);
  }
  return value;
}

function readLength(reader: PickleReader): number {
  const length = reader.int32();
  if (length < 0) throw reader.error(`states a text of ${length} bytes: it is damaged`);
  return length;
}

/** Protocol 0 writes texts of Python 2 as their repr. */
function readQuoted(reader: PickleReader): string {
  const text = reader.line();
  const quoted = /^(['"])(.*)\1$/s.exec(text);
  if (quoted === null) throw reader.error(`has ${quoteName(text)} where a text in quotes belongs`);
  return resolveEscapes(quoted[2]);
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** Resolves the escapes that Python writes in protocol 0. */
function resolveEscapes(text: string): string {
  return text.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U000([01][0-9a-fA-F]{4})|([nrt\\'"]))/g,
    (match, byte?: string, unit?: string, point?: string, character?: string) => {
      const code = byte ?? unit ?? point;
      if (code !== undefined) {
        const value = Number.parseInt(code, 16);
        return value <= 0x10ffff ? String.fromCodePoint(value) : match;
      }
      return character === undefined ? match : (ESCAPES[character] ?? character);
    },
  );
}
