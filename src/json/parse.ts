/** JSON of unknown origin as plain values. */
import { type Budget, ENTRY_BYTES, ITEM_BYTES, OBJECT_BYTES, readBudget } from "../budget.js";
import type { ErrorCode } from "../errors.js";
import { type JsonCursor, jsonCursor } from "./cursor.js";

/** Levels of objects and arrays: graphs, symbols and descriptions need 8. */
export const MAX_JSON_DEPTH = 64;

/**
 * Texts up to here may become whatever `JSON.parse` makes of them: 30 times as much at worst, which is within what any
 * file may take.
 */
const QUICK_CHARACTERS = 2 ** 20;

/**
 * Parses one JSON value.
 *
 * @param what What messages call the text: `the symbol`.
 * @throws XnorkitError with the code and the byte if the text is not JSON, repeats a key or nests deeper than
 *   `MAX_JSON_DEPTH`; `bad-file` where its values take memory out of proportion to it.
 */
export function parseJson(text: string, what: string, code: ErrorCode): unknown {
  const json = text.startsWith("\uFEFF") ? text.slice(1) : text;
  const quick = parseQuickly(json);
  if (quick !== undefined) return quick.value;
  const cursor = jsonCursor(json, { what, code, maxDepth: MAX_JSON_DEPTH });
  const value = readValue(cursor, readBudget(json.length, what));
  cursor.end();
  return value;
}

/** What `JSON.parse` makes of a text. */
export interface QuickValue {
  readonly value: unknown;
  /** True if `JSON.stringify` gives the text again: all keys have the order in which they are written. */
  readonly asWritten: boolean;
}

/**
 * What `JSON.parse` gives, ten times as fast as the cursor in a fresh process; undefined if the cursor shall say
 * what is wrong, or the text is long. A text that `JSON.stringify` gives again, but for spaces at its end, repeats no
 * key. Else a repeated key is seen by the number of colons outside of strings: one more than there are members.
 */
export function parseQuickly(text: string): QuickValue | undefined {
  if (text.length > QUICK_CHARACTERS) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    const members = countMembers(value);
    const asWritten = members >= 0 && JSON.stringify(value) === text.trimEnd();
    if (asWritten) return { value, asWritten };
    const colons = text.replace(/"(?:[^"\\]|\\.)*"/g, "").split(":").length - 1;
    return members === colons ? { value, asWritten } : undefined;
  } catch {
    return undefined;
  }
}

/** The members of all objects within a value; -1 if it nests too deep. */
function countMembers(value: unknown): number {
  let count = 0;
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    const next: unknown[] = [];
    for (const item of level) {
      if (typeof item !== "object" || item === null) continue;
      if (depth === MAX_JSON_DEPTH) return -1;
      const members = Object.values(item);
      if (!Array.isArray(item)) count += members.length;
      for (const member of members) next.push(member);
    }
    level = next;
  }
  return count;
}

function readValue(cursor: JsonCursor, budget: Budget): unknown {
  switch (cursor.kind()) {
    case "string": {
      const text = cursor.string();
      budget.spend(ITEM_BYTES + text.length);
      return text;
    }
    case "object": {
      const members: Record<string, unknown> = {};
      budget.spend(OBJECT_BYTES);
      cursor.object((key) => {
        budget.spend(ENTRY_BYTES + key.length);
        // Not by assignment, to which the key __proto__ is another thing.
        const value = readValue(cursor, budget);
        Object.defineProperty(members, key, { value, enumerable: true, configurable: true, writable: true });
      });
      return members;
    }
    case "array": {
      const items: unknown[] = [];
      budget.spend(OBJECT_BYTES);
      cursor.array(() => {
        budget.spend(ITEM_BYTES);
        items.push(readValue(cursor, budget));
      });
      return items;
    }
    case "word":
      return cursor.word();
  }
}
