/** The kernels that a caller wants, and the threads that run them. */
import { refuseArgument } from "../arguments.js";
import { supportsSharedMemory } from "./features.js";
import { hostThreads } from "./host_threads.js";
import { type CompiledModule, type KernelSource, moduleOf } from "./kernel_source.js";
import { kernelModule, relaxedModule, sharedModule } from "./module.js";
import { aloneCrew, type Crew } from "./team.js";
import { openCrew } from "./team_open.js";

/** How many threads are wanted: a number, or as many as this machine runs at once, up to `MOST_AUTO_THREADS`. */
export type ThreadChoice = number | "auto";

/** More gain little on networks of this size. */
const MOST_AUTO_THREADS = 8;

/** The most that a session may be asked for. */
export const MOST_THREADS = 64;

/** @throws XnorkitError `bad-option` if it is no choice of threads. */
export async function readThreads(callee: string, threads: ThreadChoice = 1): Promise<number> {
  if (threads === "auto") return Math.min(MOST_AUTO_THREADS, await hostThreads());
  if (Number.isSafeInteger(threads) && threads >= 1 && threads <= MOST_THREADS) return threads;
  return refuseArgument(callee, "the option threads", `an integer from 1 to ${MOST_THREADS}, or "auto"`, threads);
}

export interface KernelOptions {
  /** The caller's own kernels. */
  readonly wasm?: KernelSource;
  /** Fused multiply-adds, where there is one thread. */
  readonly relaxed?: boolean;
  /** How many threads are wanted. */
  readonly threads: number;
}

/** Kernels and who runs them. */
export interface OpenKernels {
  readonly module: CompiledModule;
  /** True for the shared build, which needs a shared memory. */
  readonly shared: boolean;
  readonly crew: Crew;
}

const alone = (module: CompiledModule, shared = false): OpenKernels => ({ module, shared, crew: aloneCrew(module) });

/** The shared build exports one function more (assembly/shared.ts). */
function isShared(module: CompiledModule): boolean {
  return WebAssembly.Module.exports(module as WebAssembly.Module).some(({ name }) => name === "moveInstance");
}

/**
 * The build that the options ask for and a crew of as many threads as this host has of those that are wanted: one where
 * it has no workers, no shared memory, no shared build, or where `wasm` is another build.
 */
export async function openKernels({ wasm, relaxed = false, threads }: KernelOptions): Promise<OpenKernels> {
  const own = wasm === undefined ? null : await moduleOf(wasm);
  if (own !== null && !isShared(own)) return alone(own);
  const module = own ?? (threads > 1 ? await sharedModule() : null);
  if (module !== null && threads > 1 && supportsSharedMemory()) {
    const crew = await openCrew({ module, threads });
    if (crew.threads > 1) return { module, shared: true, crew };
  }
  if (own !== null) return alone(own, true);
  return alone((relaxed ? await relaxedModule() : null) ?? (await kernelModule()));
}
