/** Kernel calls with arguments by name, their pointers references that have no address yet. */
import { argumentNames, type KernelExports } from "./signatures.js";

/** The names of the kernels. */
export type KernelName = keyof KernelExports;

/** The names of a kernel's arguments. */
export type ArgumentName<K extends KernelName> = (typeof argumentNames)[K][number];

/**
 * A pointer: `offset` bytes into a constant, an arena buffer or the scratch of the worker that makes the call; or, in
 * the calls that pack a constant, into the packing area or the constant itself.
 */
export interface Ref {
  readonly area: "constant" | "buffer" | "scratch" | "packing" | "self";
  readonly id: number;
  readonly offset: number;
}

export type Arg = number | Ref;

/** A kernel and its arguments in their order: plain data. */
export interface Call {
  readonly kernel: KernelName;
  readonly args: readonly Arg[];
}

/** A kernel's arguments by name, all of them. */
export type Arguments<K extends KernelName> = Readonly<Record<ArgumentName<K>, Arg>>;

/** Forbids what is no name of the kernel's arguments, also in objects that are spread into others. */
type NoOther<K extends KernelName, A> = Readonly<Record<Exclude<keyof A, ArgumentName<K>>, never>>;

/** A call; a name that is missing, or one too many, is a type error. */
export function call<K extends KernelName, A extends Arguments<K>>(kernel: K, args: A & NoOther<K, A>): Call {
  const names: readonly ArgumentName<K>[] = argumentNames[kernel];
  return { kernel, args: names.map((name) => args[name]) };
}
