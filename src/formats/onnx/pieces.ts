/**
 * What a value is as a function of one other value x, its root: a line below a threshold, a number at it, a line above
 * it. All spellings of a sign are such functions, whatever operators they are made of (spec: three meanings, +1, 0 or
 * -1 at zero).
 */

/** slope * x + offset. */
export interface Line {
  readonly slope: number;
  readonly offset: number;
}

/** The same line on both sides; `threshold` is null, since there is none. */
export interface Pieces {
  readonly root: string;
  readonly threshold: number | null;
  readonly below: Line;
  /** The number at the threshold. */
  readonly at: number;
  readonly above: Line;
}

export const constantLine = (offset: number): Line => ({ slope: 0, offset });

export const valueAt = ({ slope, offset }: Line, x: number): number => (slope === 0 ? offset : slope * x + offset);

/** The value itself. */
export function identityOf(root: string): Pieces {
  return line(root, { slope: 1, offset: 0 });
}

export function line(root: string, both: Line): Pieces {
  return { root, threshold: null, below: both, at: Number.NaN, above: both };
}

export function steps(root: string, threshold: number, below: number, at: number, above: number): Pieces {
  return { root, threshold, below: constantLine(below), at, above: constantLine(above) };
}

/** The three numbers of a function that has no slope and a threshold; null for any other. */
export function stepNumbers(pieces: Pieces): readonly [below: number, at: number, above: number] | null {
  const { threshold, below, at, above } = pieces;
  if (threshold === null || below.slope !== 0 || above.slope !== 0) return null;
  return [below.offset, at, above.offset];
}

/** The same function, told with a threshold. */
function withThreshold(pieces: Pieces, threshold: number): Pieces {
  return pieces.threshold === null ? { ...pieces, threshold, at: valueAt(pieces.below, threshold) } : pieces;
}

/** Two functions of one root told with one threshold; null if they have none in common. */
export function align(a: Pieces, b: Pieces): readonly [Pieces, Pieces] | null {
  if (a.root !== b.root) return null;
  if (a.threshold === null && b.threshold === null) return [a, b];
  const threshold = a.threshold ?? b.threshold!;
  if (b.threshold !== null && b.threshold !== threshold) return null;
  return [withThreshold(a, threshold), withThreshold(b, threshold)];
}

/** Each of the three parts of aligned functions combined; null if one of them is no line. */
export function combine(
  a: Pieces,
  b: Pieces,
  lines: (a: Line, b: Line) => Line | null,
  numbers: (a: number, b: number) => number,
): Pieces | null {
  const [below, above] = [lines(a.below, b.below), lines(a.above, b.above)];
  if (below === null || above === null) return null;
  return { root: a.root, threshold: a.threshold, below, at: numbers(a.at, b.at), above };
}

/** One of the three parts by itself: "below" is x < threshold. */
export type Side = "below" | "above";

/**
 * The range of a line on one side of a threshold, the threshold itself left out: from `low` to `high`, where a limit
 * that is finite is not reached, unless the line has no slope.
 */
export function rangeOn({ slope, offset }: Line, side: Side, threshold: number): readonly [low: number, high: number] {
  if (slope === 0) return [offset, offset];
  const edge = slope * threshold + offset;
  return (side === "above") === slope > 0 ? [edge, Number.POSITIVE_INFINITY] : [Number.NEGATIVE_INFINITY, edge];
}

/**
 * How a line compares with a number on one side of a threshold: -1 less, 0 equal, 1 greater everywhere; null if that
 * changes on the way.
 */
export function compareOn(piece: Line, side: Side, threshold: number, number: number): -1 | 0 | 1 | null {
  const [low, high] = rangeOn(piece, side, threshold);
  if (piece.slope === 0)
    return piece.offset === number ? 0 : piece.offset < number ? -1 : piece.offset > number ? 1 : null;
  if (high <= number) return -1;
  if (low >= number) return 1;
  return null;
}

/** Where a line without a threshold takes a value; null for one without slope. */
export function crossing({ slope, offset }: Line, value: number): number | null {
  if (slope === 0) return null;
  const x = (value - offset) / slope;
  return Number.isFinite(x) ? x + 0 : null;
}
