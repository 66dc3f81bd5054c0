/**
 * Sequence alignment: the pairs of two rows that make the largest sum of scores, in order (Needleman and Wunsch, 1970).
 */

/** One place of an alignment: a pair, or an element of one row alone. */
export type Aligned<A, B> =
  | { readonly a: A; readonly b: B }
  | { readonly a: A; readonly b: null }
  | { readonly a: null; readonly b: B };

/** Cells of the table; no network comes near, and a larger one is paired place by place. */
const MAX_CELLS = 1 << 24;

const PAIR = 0;
const SKIP_A = 1;
const SKIP_B = 2;

function placeByPlace<A, B>(a: readonly A[], b: readonly B[], score: (a: A, b: B) => number): readonly Aligned<A, B>[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, index) => index).flatMap(
    (index): readonly Aligned<A, B>[] => {
      if (index >= b.length) return [{ a: a[index], b: null }];
      if (index >= a.length) return [{ a: null, b: b[index] }];
      if (score(a[index], b[index]) > 0) return [{ a: a[index], b: b[index] }];
      return [
        { a: a[index], b: null },
        { a: null, b: b[index] },
      ];
    },
  );
}

/**
 * Aligns two rows. An element that stays alone scores 0; `score` says what a pair is worth, 0 or less if it must not be
 * made. Of equal sums the one that pairs early elements is taken, so that what one row has more of stands at the end.
 */
export function align<A, B>(a: readonly A[], b: readonly B[], score: (a: A, b: B) => number): readonly Aligned<A, B>[] {
  const rows = a.length;
  const columns = b.length;
  if (rows * columns > MAX_CELLS) return placeByPlace(a, b, score);
  const moves = new Uint8Array(rows * columns);
  // Filled from the end, so that the walk from the start can prefer early pairs.
  let below = new Float64Array(columns + 1);
  for (let row = rows - 1; row >= 0; row--) {
    const sums = new Float64Array(columns + 1);
    for (let column = columns - 1; column >= 0; column--) {
      const worth = score(a[row], b[column]);
      const pair = worth > 0 ? worth + below[column + 1] : Number.NEGATIVE_INFINITY;
      const best = Math.max(pair, below[column], sums[column + 1]);
      sums[column] = best;
      moves[row * columns + column] = pair === best ? PAIR : below[column] === best ? SKIP_A : SKIP_B;
    }
    below = sums;
  }

  const aligned: Aligned<A, B>[] = [];
  let row = 0;
  let column = 0;
  while (row < rows && column < columns) {
    const move = moves[row * columns + column];
    if (move === PAIR) aligned.push({ a: a[row++], b: b[column++] });
    else if (move === SKIP_A) aligned.push({ a: a[row++], b: null });
    else aligned.push({ a: null, b: b[column++] });
  }
  while (row < rows) aligned.push({ a: a[row++], b: null });
  while (column < columns) aligned.push({ a: null, b: b[column++] });
  return aligned;
}
