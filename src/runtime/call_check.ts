/**
 * Checks a kernel call of a program file before it can be made: its pointers lie in the memory, its numbers are what
 * the kernel may loop over, and the work that they ask for is counted. The letters are those of src/abi/roles.ts.
 *
 * Work is the product of everything that the kernel loops over, and one for each number that it may copy first:
 *
 *   batch * pixels * outHeight * outWidth * kernelHeight * kernelWidth * inChannels * outChannels / groups
 *   + batch * H * W * max(inChannels, outChannels),
 *   H = max(height + paddings, outHeight * strideHeight + kernelHeight * dilationHeight), W alike
 *
 * No loop of a kernel makes more rounds. Where a product of sizes wraps at 2^32 a loop becomes shorter, not longer; and
 * no counter wraps, because a size, a number of pixels and a number of taps are at most 2^30.
 */

/** The parts of a program's memory that pointers may point to. */
export interface Bounds {
  readonly begin: number;
  readonly end: number;
  /** Of one worker. */
  readonly scratchBytes: number;
}

const MAX_SIZE = 2 ** 30;
const WORD = 64;

function isPointer(value: number, role: string, isScratch: boolean, { begin, end, scratchBytes }: Bounds): boolean {
  if (role !== "u" && value % 4 !== 0) return false;
  if (isScratch) return value < scratchBytes;
  return (role === "o" && value === 0) || (value >= begin && value < end);
}

function isNumber(value: number, role: string): boolean {
  if (role === "f") return true;
  if (!Number.isInteger(value) || Math.abs(value) > MAX_SIZE) return false;
  if (role === "j") return value >= 1 && value <= WORD;
  return "tli".includes(role) || value >= (role === "v" ? 0 : 1);
}

/** The index of the first argument that a program may not have, -1 if there is none. `scratch`: see `LinkedCall`. */
export function wrongArgument(roles: string, args: readonly number[], scratch: number, bounds: Bounds): number {
  for (let i = 0; i < args.length; i++) {
    const isScratch = ((scratch >>> i) & 1) === 1;
    const role = roles[i];
    const isAddress = role === "p" || role === "o" || role === "u";
    const isRight = isAddress ? isPointer(args[i], role, isScratch, bounds) : !isScratch && isNumber(args[i], role);
    if (!isRight) return i;
  }
  return -1;
}

/** The work of a call whose arguments are right, in multiply-accumulates; infinite if a counter could wrap. */
export function workOfCall(roles: string, args: readonly number[]): number {
  const sizes: Record<string, number> = {};
  let widest = 1;
  for (let i = 0; i < args.length; i++) {
    const role = roles[i];
    if (role === "c" || role === "a" || role === "g") widest = Math.max(widest, args[i]);
    sizes[role] = "hwtl".includes(role) ? (sizes[role] ?? 0) + Math.abs(args[i]) : (sizes[role] ?? 1) * args[i];
  }
  const { b = 1, n = 1, y = 1, x = 1, k = 1, m = 1, c = 1, a = 1, j = 1, g = 1, s = 1, r = 1, d = 1, e = 1 } = sizes;
  const { h = 0, w = 0, t = 0, l = 0 } = sizes;
  const height = Math.max(h + t, y * s + k * d);
  const width = Math.max(w + l, x * r + m * e);
  if (Math.max(b * n * y * x, k * m, height * width) > MAX_SIZE) return Number.POSITIVE_INFINITY;
  const channels = Math.max((c * a * j) / g, widest) * (roles.includes("a") ? WORD : 1);
  return b * n * y * x * k * m * channels + b * height * width * widest;
}
