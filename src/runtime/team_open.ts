/** Opens teams: the caller alone, or with workers, whose code is loaded when it is needed. */
import type { CompiledModule } from "./kernel_source.js";
import { aloneCrew, type Crew, type Team } from "./team.js";
import type { KernelMemory } from "./wasm.js";

export interface CrewOptions {
  /** The shared build, if there is to be more than one thread. */
  readonly module: CompiledModule;
  /** How many threads are wanted, the caller included. */
  readonly threads: number;
  /**
   * Milliseconds after which a task that another thread has begun, and that nothing is heard of, ends the run: see
   * team_crew.ts. Default a minute.
   */
  readonly patience?: number;
}

/** As many threads as there can be here, up to those that are wanted: 1 where the host has no workers. */
export async function openCrew({ module, threads, patience }: CrewOptions): Promise<Crew> {
  if (threads === 1) return aloneCrew(module);
  const { crewOfWorkers } = await import("./team_crew.js");
  return (await crewOfWorkers(module, threads, patience)) ?? aloneCrew(module);
}

/**
 * A crew of its own at one memory.
 * @param options.regions The address of `regionBytes(threads)` bytes; not needed for one thread.
 */
export async function openTeam({
  memory,
  regions = 0,
  ...options
}: CrewOptions & { readonly memory: KernelMemory; readonly regions?: number }): Promise<Team> {
  const crew = await openCrew(options);
  const team = crew.team(memory, regions);
  const dispose = () => {
    team.dispose();
    crew.dispose();
  };
  return { ...team, dispose };
}
