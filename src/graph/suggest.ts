/** The names closest to a wrong one, for error messages. */

/** Longer names are compared by their first characters only, so that no input makes the search slow. */
const COMPARED_CHARACTERS = 128;
const COMPARED_CANDIDATES = 4096;

/** Levenshtein distance: insertions, deletions and substitutions that turn one name into the other. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = previous[column - 1] + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, previous[column] + 1, current[column - 1] + 1));
    }
    previous = current;
  }
  return previous[b.length];
}

/** The `count` candidates nearest to a name by edit distance, nearest first; ties in the candidates' order. */
export function closestNames(name: string, candidates: Iterable<string>, count = 3): readonly string[] {
  const wanted = name.slice(0, COMPARED_CHARACTERS).toLowerCase();
  return [...candidates]
    .slice(0, COMPARED_CANDIDATES)
    .map((candidate) => ({
      candidate,
      distance: editDistance(wanted, candidate.slice(0, COMPARED_CHARACTERS).toLowerCase()),
    }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ candidate }) => candidate);
}

/**
 * The candidate that a misspelt name was meant to be, or undefined if none is near: two of its letters may differ (two
 * that have changed places), and of a long name a third.
 */
export function likelyName(name: string, candidates: Iterable<string>): string | undefined {
  const [nearest] = closestNames(name, candidates, 1);
  if (nearest === undefined || name.length > COMPARED_CHARACTERS) return undefined;
  const distance = editDistance(name.toLowerCase(), nearest.toLowerCase());
  return distance <= Math.max(nearest.length < 4 ? 1 : 2, Math.floor(nearest.length / 3)) ? nearest : undefined;
}

/** A name as an error message quotes it: cut if it is absurdly long. */
export function quoteName(name: string): string {
  return name.length <= COMPARED_CHARACTERS ? `"${name}"` : `"${name.slice(0, COMPARED_CHARACTERS)}..."`;
}

/** `the closest are "a", "b" and "c"`, or `there are none` without candidates. */
export function describeClosest(name: string, candidates: Iterable<string>): string {
  const closest = closestNames(name, candidates).map(quoteName);
  if (closest.length === 0) return "there are none";
  if (closest.length === 1) return `the closest is ${closest[0]}`;
  return `the closest are ${closest.slice(0, -1).join(", ")} and ${closest[closest.length - 1]}`;
}
