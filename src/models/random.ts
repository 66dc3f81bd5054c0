/** Random numbers that are the same in every runtime. */

/** A seeded generator of random numbers, the same in every runtime: integer arithmetic only. */
export interface Random {
  /** Uniform over 0 .. 2^32 - 1. */
  readonly bits: () => number;
  /** Uniform over [0, 1). */
  readonly uniform: () => number;
  /**
   * About normal with mean 0 and variance 1: a sum of four uniforms, scaled. Logarithms and cosines differ in the last
   * bit from engine to engine, this does not.
   */
  readonly normal: () => number;
}

/** 32-bit FNV-1a hash of a name, so that each parameter has a stream of its own. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

/** The stream for a seed and a name (mulberry32: a Weyl sequence, mixed by multiplications and shifts). */
export function randomStream(seed: number, name: string): Random {
  let state = (Math.imul(seed | 0, 0x9e3779b1) ^ hash(name)) >>> 0;
  const bits = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const uniform = () => bits() / 2 ** 32;
  // Four uniforms have mean 2 and variance 1/3.
  const normal = () => (uniform() + uniform() + uniform() + uniform() - 2) * Math.sqrt(3);
  return { bits, uniform, normal };
}
