/** Gives plans addresses in one memory, and runs them there. */
import type { Arg, Call, KernelName, Ref } from "../abi/call.js";
import type { Constant, Phase, Plan, Port } from "../compiler/plan.js";
import { XnorkitError } from "../errors.js";
import type { Block, HostMemory } from "./memory.js";
import type { Kernels } from "./wasm.js";

/** A kernel call with every pointer known: running it allocates nothing. */
export interface BoundCall {
  readonly kernel: (...args: number[]) => void;
  readonly args: readonly number[];
}

/** The tasks of a phase, each the calls that one worker makes. */
export type BoundPhase = readonly (readonly BoundCall[])[];

/** The phases of a step of the plan, and those that run in their place if the i32 with index `flag` is not 0. */
export interface BoundStep {
  readonly phases: readonly BoundPhase[];
  /** -1 if there is no alternative. */
  readonly flag: number;
  readonly alternative: readonly BoundPhase[];
}

export interface BoundPort {
  readonly address: number;
  readonly port: Port;
}

export interface BoundPlan {
  readonly plan: Plan;
  readonly input: BoundPort;
  readonly output: BoundPort;
  readonly taps: ReadonlyMap<string, BoundPort>;
  readonly steps: readonly BoundStep[];
}

/** Constants and arena are shared by all plans of a session. */
export interface Binder {
  bind(plan: Plan): BoundPlan;
}

/** The first multiple of 64 from `bytes` on. */
function aligned(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}

export function binder({ exports }: Kernels, host: HostMemory): Binder {
  const constants = new Map<string, number>();
  let arena: Block = { address: 0, bytes: 0 };

  const kernelOf = (name: KernelName): BoundCall["kernel"] => {
    const kernel: unknown = exports[name];
    if (typeof kernel === "function") return kernel as BoundCall["kernel"];
    throw new XnorkitError(
      "bad-option",
      `the option wasm is a module without the kernel ${name}: give the simd.wasm of this version of xnorkit`,
    );
  };

  const bindCalls = (calls: readonly Call[], resolve: (ref: Ref) => number): BoundCall[] =>
    calls.map(({ kernel, args }) => ({
      kernel: kernelOf(kernel),
      args: args.map((arg: Arg) => (typeof arg === "number" ? arg : resolve(arg))),
    }));

  const bindPhases = (phases: readonly Phase[], resolve: (ref: Ref) => number): readonly BoundPhase[] =>
    phases.map((tasks) => tasks.map((calls) => bindCalls(calls, resolve)));

  const write = (address: number, bytes: Uint8Array) => new Uint8Array(host.memory.buffer).set(bytes, address);

  const placeConstant = ({ key, bytes, source, packing }: Constant): number => {
    const known = constants.get(key);
    if (known !== undefined) return known;
    const address = host.allocate(bytes);
    if (packing === null) {
      write(address, source());
    } else {
      const area = host.temporary(packing.areaBytes);
      write(area, source());
      const resolve = (ref: Ref) => (ref.area === "self" ? address : area) + ref.offset;
      for (const { kernel, args } of bindCalls(packing.calls, resolve)) kernel(...args);
    }
    constants.set(key, address);
    return address;
  };

  return {
    bind(plan) {
      // One growth of the memory for all: each detaches its buffer, and JavaScript's collector counts it.
      const fresh = plan.constants.filter(({ key }) => !constants.has(key));
      const scratchOffset = aligned(plan.arenaBytes);
      const runBytes = scratchOffset + plan.scratchBytes;
      const arenaBytes = runBytes > arena.bytes ? runBytes : 0;
      const area = fresh.reduce((most, { packing }) => Math.max(most, packing?.areaBytes ?? 0), arenaBytes);
      host.temporary(fresh.reduce((sum, { bytes }) => sum + aligned(bytes), area));
      const addresses = plan.constants.map(placeConstant);
      // Plans that were bound before stay where they are: an arena grows at its end, or is left to them for a new one.
      arena = host.extend(arena, runBytes);
      const base = arena.address;
      const resolve = ({ area, id, offset }: Ref) => {
        if (area === "constant") return addresses[id] + offset;
        return base + offset + (area === "scratch" ? scratchOffset : plan.buffers[id].offset);
      };
      const bindPort = (port: Port): BoundPort => ({ address: resolve(port.ref), port });
      return {
        plan,
        input: bindPort(plan.input),
        output: bindPort(plan.output),
        taps: new Map(plan.taps.map(([name, port]) => [name, bindPort(port)])),
        steps: plan.steps.map(({ phases, alternative }) => ({
          phases: bindPhases(phases, resolve),
          flag: alternative === null ? -1 : resolve(alternative.flag) / 4,
          alternative: alternative === null ? [] : bindPhases(alternative.phases, resolve),
        })),
      };
    },
  };
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
