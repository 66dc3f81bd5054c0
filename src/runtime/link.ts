/**
 * Steps whose every pointer is a number, as plain data: what a session makes of a plan, what a program file holds, and
 * what each of several workers binds to an instance of its own. Only scratch has no address yet, since each worker has
 * its own.
 */
import type { KernelName } from "../abi/call.js";
import type { KernelExports } from "../abi/signatures.js";
import { XnorkitError } from "../errors.js";

/** A kernel call. */
export interface LinkedCall {
  readonly kernel: KernelName;
  readonly args: readonly number[];
  /** Bit i is set if args[i] counts from the beginning of the worker's scratch. */
  readonly scratch: number;
}

/** Tasks that any worker may take, in any order; the calls of one are made one after the other. */
export type LinkedPhase = readonly (readonly LinkedCall[])[];

/** The phases of a step, and those that run in their place if the i32 with index `flag` is not 0. */
export interface LinkedStep {
  readonly phases: readonly LinkedPhase[];
  /** -1 if there is no alternative. */
  readonly flag: number;
  readonly alternative: readonly LinkedPhase[];
}

/** A call of one instance's kernel: making it allocates nothing. */
export interface BoundCall {
  readonly kernel: (...args: number[]) => void;
  readonly args: readonly number[];
}

/** The tasks of a phase, each the calls that one worker makes. */
export type BoundPhase = readonly (readonly BoundCall[])[];

/** A step of one worker. */
export interface BoundStep {
  readonly phases: readonly BoundPhase[];
  readonly flag: number;
  readonly alternative: readonly BoundPhase[];
}

/** @throws XnorkitError `bad-option` if the module has no such kernel. */
export function kernelOf(exports: KernelExports, name: KernelName): BoundCall["kernel"] {
  const kernel: unknown = exports[name];
  if (typeof kernel === "function") return kernel as BoundCall["kernel"];
  throw new XnorkitError(
    "bad-option",
    `the option wasm is a module without the kernel ${name}: give the simd.wasm of this version of xnorkit`,
  );
}

/**
 * Binds steps to the kernels of one instance.
 * @param scratch The address of the scratch that this worker has to itself.
 */
export function bindSteps(steps: readonly LinkedStep[], exports: KernelExports, scratch: number): readonly BoundStep[] {
  const bindCall = ({ kernel, args, scratch: mask }: LinkedCall): BoundCall => ({
    kernel: kernelOf(exports, kernel),
    args: mask === 0 ? args : args.map((arg, i) => (mask & (1 << i) ? arg + scratch : arg)),
  });
  const bindPhases = (phases: readonly LinkedPhase[]) =>
    phases.map((tasks) => tasks.map((calls) => calls.map(bindCall)));
  return steps.map(({ phases, flag, alternative }) => ({
    phases: bindPhases(phases),
    flag,
    alternative: bindPhases(alternative),
  }));
}

/** Runs the calls of a task. `Reflect.apply` passes the prepared array without making another. */
export function runTask(calls: readonly BoundCall[]): void {
  for (let i = 0; i < calls.length; i++) Reflect.apply(calls[i].kernel, undefined, calls[i].args);
}

/** The phases of a step that run this time; `words` views the whole memory. */
export function phasesOf({ phases, flag, alternative }: BoundStep, words: Int32Array): readonly BoundPhase[] {
  return flag >= 0 && words[flag] !== 0 ? alternative : phases;
}

/** Runs one step, task by task. */
export function runStep(step: BoundStep, words: Int32Array): void {
  const phases = phasesOf(step, words);
  for (let i = 0; i < phases.length; i++) {
    const tasks = phases[i];
    for (let j = 0; j < tasks.length; j++) runTask(tasks[j]);
  }
}
