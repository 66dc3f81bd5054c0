/** The tables of BMXNet v2's dense networks (binary_models/densenet.py, meliusnet.py, naivenet.py). */

/** The families of dense networks. */
export type BaseNetKind = "densenet" | "meliusnet" | "naivenet";

export interface BaseNetSpec {
  /** Blocks of each stage; null if the user must say. */
  readonly blocks: readonly number[] | null;
  /** For each transition the share of the channels that it keeps, before rounding to multiples of 32. */
  readonly factors: readonly number[];
  /** Layers of a transition. */
  readonly downsample: string;
}

const DOWNSAMPLE = "bn,max_pool,relu,fp_conv";

function shuffled(groups: number): string {
  return DOWNSAMPLE.replace("fp_conv", `cs,fp_conv:${groups}`);
}

const flex: BaseNetSpec = { blocks: null, factors: [1 / 2, 1 / 2, 1 / 2], downsample: DOWNSAMPLE };

function spec(
  blocks: readonly number[],
  factors: readonly [number, number, number],
  downsample = DOWNSAMPLE,
): BaseNetSpec {
  return { blocks, factors, downsample };
}

/* @__NO_SIDE_EFFECTS__ */
function specs() {
  return {
    densenet: {
      28: spec([6, 6, 6, 5], [1 / 2.7, 1 / 2.7, 1 / 2.2]),
      37: spec([6, 8, 12, 6], [1 / 3.3, 1 / 3.3, 1 / 4]),
      45: spec([6, 12, 14, 8], [1 / 2.7, 1 / 3.3, 1 / 4]),
      flex,
    },
    meliusnet: {
      22: spec([4, 5, 4, 4], [160 / 320, 224 / 480, 256 / 480]),
      29: spec([4, 6, 8, 6], [128 / 320, 192 / 512, 256 / 704]),
      42: spec([5, 8, 14, 10], [160 / 384, 256 / 672, 416 / 1152]),
      59: spec([6, 12, 24, 12], [192 / 448, 320 / 960, 544 / 1856]),
      a: spec([4, 5, 5, 6], [160 / 320, 256 / 480, 288 / 576], shuffled(4)),
      b: spec([4, 6, 8, 6], [160 / 320, 224 / 544, 320 / 736], shuffled(2)),
      c: spec([3, 5, 10, 6], [128 / 256, 192 / 448, 288 / 832], shuffled(4)),
      flex,
    },
    naivenet: {
      17: spec([3, 3, 3, 3], [128 / 256, 160 / 320, 192 / 352]),
      flex,
    },
  } as const satisfies { readonly [K in BaseNetKind]: Readonly<Record<string, BaseNetSpec>> };
}

/** By kind and by the part of the name after it (`meliusnet_a`: a). */
export const baseNetSpecs = specs();

/**
 * Python's `a // b` of floats, for positive numbers: the remainder is exact, the division of what is left is rounded.
 */
function floorDivide(a: number, b: number): number {
  return Math.floor((a - (a % b)) / b + 0.5);
}

/** Python's `round`: halves go to the even neighbour. */
function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Channels after a transition: divided by `reduction`, rounded to a multiple of 32. */
export function reducedChannels(channels: number, reduction: number): number {
  return roundHalfEven(floorDivide(channels, reduction) / 32) * 32;
}
