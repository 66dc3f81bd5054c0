/** docs/compare.md: every sentence about xnorkit has a note, and every note names tests that exist. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = readFileSync(join(root, "docs/compare.md"), "utf8");

/** The notes under the table, by their numbers; their lines joined. */
const notes = new Map(
  [...page.matchAll(/^(\d+)\. ((?:.*\n)(?: {3,}.*\n)*)/gm)].map(([, number, text]) => [Number(number), text]),
);

/** The second cells of the table: xnorkit's. */
const cells = page
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| |"))
  .map((line) => line.split("|")[2].trim());

test("every cell about xnorkit has a note of its own", () => {
  assert.ok(cells.length >= 10);
  const numbers = cells.map((cell) => Number(/\[(\d+)\]$/.exec(cell)?.[1]));
  assert.deepEqual(
    numbers,
    numbers.map((_, i) => i + 1),
  );
  assert.deepEqual([...notes.keys()], numbers);
});

test("every note names tests that exist", () => {
  for (const [number, text] of notes) {
    const named = [...text.matchAll(/"([^"]+)"\s+in `(test\/[^`]+\.test\.ts)`/g)];
    assert.ok(named.length > 0, `note ${number} names no test`);
    for (const [, title, file] of named) {
      assert.ok(existsSync(join(root, file)), `note ${number}: ${file}`);
      const titles = [
        ...readFileSync(join(root, file), "utf8").matchAll(/\b(?:it|test|describe)\("((?:[^"\\]|\\.)*)"/g),
      ];
      assert.ok(
        titles.some(([, found]) => found === title),
        `note ${number}: ${file} has no test "${title}"`,
      );
    }
  }
});
