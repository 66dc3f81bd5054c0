/**
 * Who runs the tasks of steps: the caller alone, or the caller and workers on one shared memory. It knows nothing of
 * plans and sessions.
 *
 *   crew   workers that wait for something to do, wherever it lies
 *   team   a crew at one memory, with an instance of the kernels for the caller and for each worker
 *   steps  what a team runs, bound to every instance
 */
import { INSTANCE_BYTES } from "../abi/constants.js";
import type { CompiledModule } from "./kernel_source.js";
import { type BoundStep, bindSteps, type LinkedStep, runStep } from "./link.js";
import { instantiateKernels, type KernelMemory, type Kernels } from "./wasm.js";

/** Steps that a team has prepared. */
export interface TeamSteps {
  /** How many. */
  readonly length: number;
}

/** Steps and who runs them. All of it is for one caller at a time. */
export interface Team {
  /** How many threads run tasks, the caller included. */
  readonly threads: number;
  /** The caller's instance. */
  readonly kernels: Kernels;
  /**
   * Binds steps to every thread's instance. Thread i has its scratch at `scratch + i * scratchStride(scratchBytes)`.
   */
  prepare(steps: readonly LinkedStep[], scratch: number, scratchBytes: number): TeamSteps;
  /**
   * Runs all steps. On the main thread of a page, which must not wait, it looks again and again where others would
   * wait.
   * @throws XnorkitError `worker-failed` if a worker ended or its kernel trapped.
   */
  run(steps: TeamSteps): void;
  /** Runs one step of them. */
  runStep(steps: TeamSteps, index: number): void;
  /** Runs all steps; while the caller has nothing to do itself, its event loop goes on. */
  runAsync(steps: TeamSteps): Promise<void>;
  /** Steps that will not run any more. */
  forget(steps: TeamSteps): void;
  /** The team leaves its memory; its crew goes on, unless the team is the only one (openTeam). */
  dispose(): void;
}

/** Workers that are there for any memory. */
export interface Crew {
  /** The caller included. */
  readonly threads: number;
  /**
   * The crew at a memory, which is shared if there is more than one thread.
   * @param regions The address of `regionBytes(threads)` bytes for the workers' kernels.
   */
  team(memory: KernelMemory, regions: number): Team;
  /** Ends the workers, in the middle of a run too. */
  dispose(): void;
}

/** What scratch takes for each thread: whole cache lines. */
export function scratchStride(scratchBytes: number): number {
  return Math.ceil(scratchBytes / 64) * 64;
}

/** Bytes in the memory for the kernels of the workers; the caller's have those below RESERVED_BYTES. */
export function regionBytes(threads: number): number {
  return (threads - 1) * INSTANCE_BYTES;
}

interface AloneSteps extends TeamSteps {
  readonly bound: readonly BoundStep[];
}

/** The caller alone. */
function aloneTeam(kernels: Kernels): Team {
  const { exports, memory } = kernels;
  let words = new Int32Array(memory.buffer);
  const currentWords = () => {
    if (words.buffer !== memory.buffer) words = new Int32Array(memory.buffer);
    return words;
  };
  const run = ({ bound }: AloneSteps) => {
    const current = currentWords();
    for (let i = 0; i < bound.length; i++) runStep(bound[i], current);
  };
  return {
    threads: 1,
    kernels,
    prepare: (steps, scratch): AloneSteps => ({
      length: steps.length,
      bound: bindSteps(steps, exports, scratch),
    }),
    run: (steps) => run(steps as AloneSteps),
    runStep: (steps, index) => runStep((steps as AloneSteps).bound[index], currentWords()),
    runAsync: async (steps) => run(steps as AloneSteps),
    forget() {},
    dispose() {},
  };
}

/** The crew of the caller alone: any memory, any build. */
export function aloneCrew(module: CompiledModule): Crew {
  return {
    threads: 1,
    team: (memory) => aloneTeam(instantiateKernels(module, memory)),
    dispose() {},
  };
}
