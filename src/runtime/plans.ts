/**
 * The plans of a session, one for each input shape and type: the ones used last are kept, and memory that only older
 * ones needed is given back. A plan takes some hundred kilobytes beside the memory, so a session that sees every size
 * of picture must let some go.
 */
import type { Plan } from "../compiler/plan.js";
import { XnorkitError } from "../errors.js";
import { type BoundPlan, binder } from "./bind.js";
import { type HostMemory, hostMemory } from "./memory.js";
import type { OpenKernels } from "./open_kernels.js";
import { regionBytes, scratchStride, type Team } from "./team.js";

/** Plans that a session keeps by default. */
export const MAX_PLANS = 16;

export interface Plans {
  /**
   * The plan of this key, bound in the memory: the one that is kept, else the one that `make` gives.
   * @throws XnorkitError `out-of-memory` if it does not fit; the others go on as before.
   */
  readonly get: (key: string, make: () => Plan) => BoundPlan;
  /** Memory and team of the plan that was given last; others after memory was given back. */
  readonly host: () => HostMemory;
  readonly team: () => Team;
}

export interface PlansOptions {
  readonly kernels: OpenKernels;
  /** How many are kept. */
  readonly most: number;
  readonly memoryBytes: number;
}

interface Kept {
  readonly plan: Plan;
  /** Null in a memory where it was not used yet. */
  bound: BoundPlan | null;
}

/** Memory is given back if more than half of it, and more than this, is no kept plan's. */
const FREE_WASTE = 2 ** 24;

/** What a run writes to: the arena, and the scratch of every thread. */
function runBytes({ arenaBytes, scratchBytes }: Plan, threads: number): number {
  return arenaBytes + threads * scratchStride(scratchBytes);
}

function planBytes(plan: Plan, threads: number): number {
  return plan.constants.reduce((sum, { bytes }) => sum + bytes, runBytes(plan, threads));
}

/** What the plans need that are bound: constants once, the largest arena. */
function neededBytes(kept: Iterable<Kept>, threads: number): number {
  const constants = new Map<string, number>();
  let arena = 0;
  for (const { plan, bound } of kept) {
    if (bound === null) continue;
    for (const { key, bytes } of plan.constants) constants.set(key, bytes);
    arena = Math.max(arena, runBytes(plan, threads));
  }
  return [...constants.values()].reduce((sum, bytes) => sum + bytes, arena);
}

export function createPlans({ kernels, most, memoryBytes }: PlansOptions): Plans {
  const { threads } = kernels.crew;
  /** In the order in which they were used. */
  const kept = new Map<string, Kept>();
  const open = () => {
    const host = hostMemory(memoryBytes, kernels.shared);
    const team = kernels.crew.team(host.memory, host.allocate(regionBytes(threads)));
    return { host, team, bind: binder(team, host).bind };
  };
  let memory = open();

  /** A new memory in place of the old one, with nothing in it yet. */
  function startAnew(): void {
    memory = open();
    for (const entry of kept.values()) entry.bound = null;
  }

  function bind(plan: Plan): BoundPlan {
    const isAlone = [...kept.values()].every(({ bound }) => bound === null);
    try {
      return memory.bind(plan);
    } catch (error) {
      if (isAlone || !(error instanceof XnorkitError) || error.code !== "out-of-memory") throw error;
      // The others' constants and outgrown arenas may be what is in the way.
      const before = memory;
      const bound = [...kept.values()].map((entry) => entry.bound);
      startAnew();
      try {
        const alone = memory.bind(plan);
        before.team.dispose();
        return alone;
      } catch (again) {
        memory.team.dispose();
        memory = before;
        [...kept.values()].forEach((entry, index) => {
          entry.bound = bound[index];
        });
        throw again;
      }
    }
  }

  function checkFits(plan: Plan): void {
    const bytes = planBytes(plan, threads);
    if (bytes <= memoryBytes) return;
    throw new XnorkitError(
      "out-of-memory",
      `the network needs ${Math.ceil(bytes / 2 ** 20)} MiB for weights and activations, more than the ` +
        `${Math.floor(memoryBytes / 2 ** 20)} MiB of limits.memoryBytes: ` +
        "use a smaller batch or picture, or raise the limit",
    );
  }

  function letOldestGo(): void {
    if (kept.size < most) return;
    const [[oldest, { bound }]] = kept;
    kept.delete(oldest);
    const { host, team } = memory;
    if (host.usedBytes() > 2 * neededBytes(kept.values(), threads) + FREE_WASTE) {
      startAnew();
      team.dispose();
    } else if (bound !== null) {
      team.forget(bound.steps);
    }
  }

  return {
    host: () => memory.host,
    team: () => memory.team,
    get(key, make) {
      let entry = kept.get(key);
      if (entry === undefined) {
        const plan = make();
        checkFits(plan);
        letOldestGo();
        entry = { plan, bound: null };
      }
      entry.bound ??= bind(entry.plan);
      kept.delete(key);
      kept.set(key, entry);
      return entry.bound;
    },
  };
}
