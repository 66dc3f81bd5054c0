/**
 * The Plan: how a graph is computed, as plain data. Constants to place and pack, buffers with their place in one arena,
 * and steps of kernel calls whose pointers are references. A session gives the references addresses; it decides
 * nothing. A run writes to the arena and to the scratch of the worker that runs a task, to nothing else.
 */
import type { Call, Ref } from "../abi/call.js";
import type { Shape } from "../tensor.js";

/** Bytes that stay in memory for all runs: weights in their kernel's order, scales, thresholds. */
export interface Constant {
  /** The same key means the same bytes: plans for other input shapes share them. */
  readonly key: string;
  readonly bytes: number;
  /** The bytes themselves, or what `packing` makes them from; pieces lie one after the other. */
  readonly source: () => Uint8Array | readonly Uint8Array[];
  /**
   * Kernel calls that turn the source, at packing offset 0, into the constant; null if the source is copied as it is.
   */
  readonly packing: { readonly areaBytes: number; readonly calls: readonly Call[] } | null;
}

/** A part of the arena; alive from its first to its last use in the steps. */
export interface ArenaBuffer {
  readonly name: string;
  readonly bytes: number;
  readonly offset: number;
}

/** Calls that one worker makes one after the other. */
export type Task = readonly Call[];

/**
 * Tasks that are independent of each other: none reads or writes what another writes. Any worker may take any, in any
 * order.
 */
export type Phase = readonly Task[];

export interface Step {
  /** Module path of the layer. */
  readonly name: string;
  /** What runs: `conv2d`, `binaryConv2d (popcount)`, `maxPool` ... */
  readonly kind: string;
  /** One after the other: a phase begins when all tasks of the one before have ended. */
  readonly phases: readonly Phase[];
  /** Runs in place of `phases` if the i32 at `flag` is not 0: what earlier steps found in the data decides. */
  readonly alternative: { readonly flag: Ref; readonly phases: readonly Phase[] } | null;
  readonly binaryMacs: number;
  readonly floatMacs: number;
  /** Why a layer with quantised weights does not run on bits; null if it does, and for all other steps. */
  readonly float: string | null;
  /**
   * Bytes of the activations and constants that the step reads and writes, each once; not what it keeps for itself in
   * between.
   */
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
  /** With the names that were asked for. */
  readonly taps: readonly (readonly [name: string, port: Port])[];
  readonly constants: readonly Constant[];
  readonly buffers: readonly ArenaBuffer[];
  readonly arenaBytes: number;
  /** Bytes of scratch that each worker needs; nothing in it outlives a task. */
  readonly scratchBytes: number;
  readonly steps: readonly Step[];
}
