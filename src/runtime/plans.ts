/**
 * The plans of a session, one for each input shape and type: the ones used last are kept, and memory that only older
 * ones needed is given back. A plan takes some hundred kilobytes beside the memory, so a session that sees every size
 * of picture must let some go.
 */
import type { Plan } from "../compiler/plan.js";
import { XnorkitError } from "../errors.js";
import { type BoundPlan, binder } from "./bind.js";
import type { CompiledModule } from "./kernel_source.js";
import { type HostMemory, hostMemory } from "./memory.js";
import { instantiateKernels } from "./wasm.js";

/** Plans that a session keeps by default. */
export const MAX_PLANS = 16;

export interface Plans {
  /**
   * The plan of this key, bound in the memory: the one that is kept, else the one that `make` gives.
   * @throws XnorkitError `out-of-memory` if it does not fit; the others go on as before.
   */
  readonly get: (key: string, make: () => Plan) => BoundPlan;
  /** Of the plan that was given last; another one after memory was given back. */
  readonly host: () => HostMemory;
}

export interface PlansOptions {
  readonly module: CompiledModule;
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

function planBytes({ constants, arenaBytes, scratchBytes }: Plan): number {
  return constants.reduce((sum, { bytes }) => sum + bytes, arenaBytes + scratchBytes);
}

/** What the plans need that are bound: constants once, the largest arena. */
function neededBytes(kept: Iterable<Kept>): number {
  const constants = new Map<string, number>();
  let arena = 0;
  for (const { plan, bound } of kept) {
    if (bound === null) continue;
    for (const { key, bytes } of plan.constants) constants.set(key, bytes);
    arena = Math.max(arena, plan.arenaBytes + plan.scratchBytes);
  }
  return [...constants.values()].reduce((sum, bytes) => sum + bytes, arena);
}

export function createPlans({ module, most, memoryBytes }: PlansOptions): Plans {
  /** In the order in which they were used. */
  const kept = new Map<string, Kept>();
  const open = () => {
    const host = hostMemory(memoryBytes);
    return { host, bind: binder(instantiateKernels(module, host.memory), host).bind };
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
        return memory.bind(plan);
      } catch (again) {
        memory = before;
        [...kept.values()].forEach((entry, index) => {
          entry.bound = bound[index];
        });
        throw again;
      }
    }
  }

  function checkFits(plan: Plan): void {
    const bytes = planBytes(plan);
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
    const [oldest] = kept.keys();
    kept.delete(oldest);
    const used = memory.host.usedBytes();
    if (used > 2 * neededBytes(kept.values()) + FREE_WASTE) startAnew();
  }

  return {
    host: () => memory.host,
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
