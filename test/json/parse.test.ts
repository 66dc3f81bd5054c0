/** JSON of unknown origin: what `JSON.parse` gives, or a sentence with the byte. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { XnorkitError } from "../../src/errors.js";
import { jsonCursor } from "../../src/json/cursor.js";
import { MAX_JSON_DEPTH, parseJson } from "../../src/json/parse.js";

const parse = (text: string) => parseJson(text, "the symbol", "bad-graph");
const refuses = (text: string, says: RegExp, code = "bad-graph") =>
  assert.throws(
    () => parse(text),
    (error) => {
      assert.ok(error instanceof XnorkitError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, says);
      return true;
    },
  );
/** Longer than what is parsed quickly: the cursor reads it. */
const padding = " ".repeat(2 ** 20);

describe("parseJson", () => {
  it("gives what JSON.parse gives, quickly and by the cursor", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        assert.deepEqual(parse(text), JSON.parse(text));
        assert.deepEqual(parse(text + padding), JSON.parse(text));
      }),
      { numRuns: 60 },
    );
    assert.deepEqual(parse("\ufeff[1]"), [1]);
    assert.deepEqual(Object.keys(parse('{"__proto__":{"a":1}}') as object), ["__proto__"]);
    assert.deepEqual(Object.keys(parse(`{"__proto__":{"a":1}}${padding}`) as object), ["__proto__"]);
  });

  it("names the byte where the text goes wrong", () => {
    refuses("", /^the symbol is not JSON, at byte 0: expected a value, the text ends$/);
    refuses('{"ä":x}', /at byte 6: x is not a value/);
    refuses('{"a":1}}', /byte 7: expected the end of the text, found "}"/);
    refuses("[1,]", /byte 3: expected a value/);
    refuses("[01]", /byte 1: 01 is not a value/);
    refuses('["a\nb"]', /byte 1: a string holds a control character/);
  });

  it("refuses a key that occurs twice, wherever it is", () => {
    refuses('{"a":1,"a":2}', /byte 7: the key "a" occurs twice/);
    refuses('[{"x":{"b":1,"c":[":"],"\\u0062":2}}]', /the key "b" occurs twice/);
    const many = Array.from({ length: 100 }, (_, i) => `"k${i}":0`).join(",");
    refuses(`{${many},"k70":1}`, /the key "k70" occurs twice/);
    assert.equal(Object.keys(parse(`{${many}}`) as object).length, 100);
  });

  it("refuses what nests deeper than its bound", () => {
    const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    assert.ok(Array.isArray(parse(nested(MAX_JSON_DEPTH))));
    refuses(nested(MAX_JSON_DEPTH + 1), /nests deeper than 64 levels/);
    refuses(nested(200_000), /nests deeper than 64 levels/);
    refuses('{"a":'.repeat(3e6), /nests deeper than 64 levels/);
  });

  it("refuses values that take memory out of proportion to the text", () => {
    refuses(`[${"{},".repeat(8e6)}0]`, /the symbol of 24,000,003 bytes takes more than .* in memory/, "bad-file");
    refuses(`[${"[],".repeat(8e6)}0]`, /takes more than/, "bad-file");
  });
});

describe("jsonCursor", () => {
  it("keeps the order of keys that look like numbers", () => {
    const keys: string[] = [];
    const cursor = jsonCursor('{"2":0,"1":0,"a":0,"0":0}', { what: "x", code: "bad-file", maxDepth: 1 });
    cursor.object((key) => {
      keys.push(key);
      cursor.word();
    });
    assert.deepEqual(keys, ["2", "1", "a", "0"]);
  });
});
