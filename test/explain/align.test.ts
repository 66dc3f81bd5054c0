/** Sequence alignment against all alignments of short rows. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { align } from "../../src/explain/align.js";

/** The largest sum of scores over all alignments, by trying them. */
function best(a: readonly number[], b: readonly number[], score: (a: number, b: number) => number): number {
  if (a.length === 0 || b.length === 0) return 0;
  const worth = score(a[0], b[0]);
  return Math.max(
    best(a.slice(1), b, score),
    best(a, b.slice(1), score),
    worth > 0 ? worth + best(a.slice(1), b.slice(1), score) : 0,
  );
}

const row = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 6 });

test("has the largest sum of scores, and keeps both rows in order", () => {
  const table = fc.array(fc.array(fc.integer({ min: -1, max: 5 }), { minLength: 5, maxLength: 5 }), {
    minLength: 5,
    maxLength: 5,
  });
  fc.assert(
    fc.property(row, row, table, (a, b, scores) => {
      const score = (one: number, other: number) => scores[one][other];
      const aligned = align(a, b, score);
      const only = (side: "a" | "b") => aligned.flatMap((place) => (place[side] === null ? [] : [place[side]]));
      assert.deepEqual(only("a"), a);
      assert.deepEqual(only("b"), b);
      const sum = aligned.reduce(
        (total, { a: one, b: other }) => total + (one === null || other === null ? 0 : score(one, other)),
        0,
      );
      assert.equal(sum, best(a, b, score));
      for (const { a: one, b: other } of aligned) if (one !== null && other !== null) assert.ok(score(one, other) > 0);
    }),
  );
});

test("pairs early elements if several alignments are as good", () => {
  const aligned = align([1, 1], [1, 1, 1, 1], () => 1);
  assert.deepEqual(aligned, [
    { a: 1, b: 1 },
    { a: 1, b: 1 },
    { a: null, b: 1 },
    { a: null, b: 1 },
  ]);
});

test("rows of any length end: beyond the table they are paired place by place", () => {
  const length = 5000;
  const rows = Array.from({ length }, (_, index) => index);
  const aligned = align(rows, [...rows, length], (a, b) => (a === b && a % 2 === 0 ? 1 : 0));
  assert.equal(aligned.filter(({ a, b }) => a !== null && b !== null).length, length / 2);
  assert.equal(aligned.length, length / 2 + length + 1);
});
