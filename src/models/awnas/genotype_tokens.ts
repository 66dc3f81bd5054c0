/** Cuts the text of a genotype into tokens; nothing of it is evaluated. */
import { XnorkitError } from "../../errors.js";

export type TokenKind = "name" | "string" | "number" | "punctuation" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** The characters, of a string those between its quotes. */
  readonly text: string;
  /** Index of the first character in the whole text. */
  readonly at: number;
}

const PATTERNS: readonly (readonly [TokenKind, RegExp])[] = [
  ["name", /[A-Za-z_]\w*/y],
  ["number", /-?\d+/y],
  ["string", /'[^'\\\n]*'|"[^"\\\n]*"/y],
  ["punctuation", /[()[\],=]/y],
];

/** A longer token is cut off in a message. */
const SHOWN_CHARACTERS = 40;

/** `column 12`, or `line 2, column 12` in a text of several lines; both count from 1. */
export function formatPlace(text: string, at: number): string {
  const before = text.slice(0, at).split("\n");
  const column = `column ${before[before.length - 1].length + 1}`;
  return text.includes("\n") ? `line ${before.length}, ${column}` : column;
}

/** A token as a message calls it. */
export function describeToken({ kind, text }: Token): string {
  const shown = text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}...`;
  return kind === "end" ? "the end of the text" : kind === "string" ? `the string '${shown}'` : `"${shown}"`;
}

/** Reads tokens one after another; what is no part of a genotype is an error only where it is reached. */
export interface TokenReader {
  /** The next token, which stays. */
  readonly peek: () => Token;
  readonly next: () => Token;
  /** The error of this place in the text. */
  readonly error: (at: number, message: string) => XnorkitError;
}

/** @throws XnorkitError `bad-option` with the column if a character is no part of a genotype. */
export function readTokens(text: string, start: number): TokenReader {
  let at = start;
  let ahead: Token | null = null;
  const peek = () => {
    ahead ??= readToken(text, at);
    return ahead;
  };
  const next = () => {
    const token = peek();
    at = token.at + token.text.length + (token.kind === "string" ? 2 : 0);
    ahead = null;
    return token;
  };
  return { peek, next, error: (place, message) => genotypeError(text, place, message) };
}

function genotypeError(text: string, at: number, message: string): XnorkitError {
  return new XnorkitError("bad-option", `the genotype at ${formatPlace(text, at)}: ${message}`);
}

/** Passes over white space, comments and continued lines. */
function skipSpace(text: string, start: number): number {
  let at = start;
  while (at < text.length) {
    if (text[at] === "#") {
      const end = text.indexOf("\n", at);
      at = end < 0 ? text.length : end;
    } else if (/\s/.test(text[at]) || (text[at] === "\\" && /[\r\n]/.test(text[at + 1] ?? ""))) {
      at++;
    } else {
      return at;
    }
  }
  return at;
}

function readToken(text: string, start: number): Token {
  const at = skipSpace(text, start);
  if (at === text.length) return { kind: "end", text: "", at };
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) return { kind, text: kind === "string" ? match[0].slice(1, -1) : match[0], at };
  }
  if (text[at] === "'" || text[at] === '"') {
    throw genotypeError(text, at, "this string is not closed on its line, or has a backslash in it");
  }
  const character = String.fromCodePoint(text.codePointAt(at)!);
  throw genotypeError(text, at, `${JSON.stringify(character)} is no part of a genotype`);
}
