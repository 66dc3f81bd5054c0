/**
 * The Plan: how a graph is computed, as plain data. Constants to place and pack, buffers with their place in one arena, and steps
 * of kernel calls whose pointers are references. A session gives the references addresses; it decides nothing.
 */
import type { KernelExports } from "../abi/signatures.js";
import type { Shape } from "../tensor.js";

/**
 * A pointer argument: `offset` bytes into a constant, an arena buffer, or, in the calls that pack a constant, the packing area or
 * the constant itself.
 */
export interface Ref {
  readonly area: "constant" | "buffer" | "packing" | "self";
  readonly id: number;
  readonly offset: number;
}

export type Arg = number | Ref;

export interface Call {
  readonly kernel: keyof KernelExports;
  readonly args: readonly Arg[];
}

/** Bytes that stay in memory for all runs: weights in their kernel's order, scales, thresholds. */
export interface Constant {
  /** The same key means the same bytes: plans for other input shapes share them. */
  readonly key: string;
  readonly bytes: number;
  /** The bytes themselves, or what `packing` makes them from. */
  readonly source: () => Uint8Array;
  /** Kernel calls that turn the source, at packing offset 0, into the constant; null where the source is copied as it is. */
  readonly packing: { readonly areaBytes: number; readonly calls: readonly Call[] } | null;
}

/** A part of the arena; alive from its first to its last use in the steps. */
export interface ArenaBuffer {
  readonly name: string;
  readonly bytes: number;
  readonly offset: number;
}

export interface Step {
  /** Module path of the layer. */
  readonly name: string;
  /** What runs: `conv2d`, `binaryConv2d (popcount)`, `maxPool` ... */
  readonly kind: string;
  readonly calls: readonly Call[];
  /** Runs in place of `calls` where the i32 at `flag` is not 0: what earlier steps found in the data decides. */
  readonly alternative: { readonly flag: Ref; readonly calls: readonly Call[] } | null;
  readonly binaryMacs: number;
  readonly floatMacs: number;
  /** Bytes of activations and weights read and written. */
  readonly bytes: number;
}

/** A tensor at the border of the plan: NCHW, in an arena buffer. */
export interface Port {
  readonly ref: Ref;
  readonly shape: Shape;
}

export interface Plan {
  readonly input: Port & { readonly dtype: "f32" | "u8" };
  readonly output: Port;
  /** By the name that was asked for. */
  readonly taps: ReadonlyMap<string, Port>;
  readonly constants: readonly Constant[];
  readonly buffers: readonly ArenaBuffer[];
  readonly arenaBytes: number;
  readonly steps: readonly Step[];
}
