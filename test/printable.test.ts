/**
 * Messages and cells of tables hold text of files: nothing of it reaches a terminal as it is, and nothing makes it
 * long.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MAX_MESSAGE, XnorkitError } from "../src/errors.js";
import { escapeText, printable } from "../src/printable.js";

const PLAIN = /^(?:[\u200c\u200d]|[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}])*$/u;

test("what steers a terminal or hides is shown by its number", () => {
  assert.equal(escapeText("a\x1b[2Jb"), "a\\u001b[2Jb");
  assert.equal(escapeText("one\r\ntwo\tthree"), "one\\r\\ntwo\\tthree");
  assert.equal(escapeText("\u009b31m\u202eevil\u2066\u2028"), "\\u009b31m\\u202eevil\\u2066\\u2028");
  assert.equal(escapeText("\ud800x\u{e0041}"), "\\ud800x\\u{e0041}");
  assert.equal(escapeText("größer, 数字, 👍"), "größer, 数字, 👍");
});

test("any text comes out printable and within the bound", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 400 }), fc.integer({ min: 20, max: 200 }), (text, most) => {
      const shown = printable(text, most);
      assert.ok(shown.length <= most);
      assert.match(shown.replace(/[\ud800-\udfff]/gu, ""), PLAIN);
      if (escapeText(text).length <= most) assert.equal(shown, escapeText(text));
    }),
  );
});

test("a long message keeps its beginning and its end", () => {
  const { message } = new XnorkitError("bad-file", `the name "${"x".repeat(2e7)}" is too long: rename it`);
  assert.equal(message.length, MAX_MESSAGE);
  assert.match(message, /^the name "x+ \.\.\. x+" is too long: rename it$/);
  assert.equal(new XnorkitError("bad-file", "a\nb\x1b[0m").message, "a\\nb\\u001b[0m");
  assert.equal(new XnorkitError("bad-file", "\x1b".repeat(400)).message.length, MAX_MESSAGE);
});
