import type { KernelExports } from "../abi/signatures.js";
import type { Arg, Call, Constant, Plan, Port, Ref } from "../compiler/plan.js";
import { XnorkitError } from "../errors.js";
import type { Block, HostMemory } from "./memory.js";
import type { Kernels } from "./wasm.js";

/** A kernel call with every pointer known: running it allocates nothing. */
export interface BoundCall {
  readonly kernel: (...args: number[]) => void;
  readonly args: readonly number[];
}

/** The calls of a step of the plan, and those that run in their place where the i32 with index `flag` is not 0. */
export interface BoundStep {
  readonly calls: readonly BoundCall[];
  /** -1 where there is no alternative. */
  readonly flag: number;
  readonly alternative: readonly BoundCall[];
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

/** Gives plans addresses in one memory. Constants and arena are shared by all plans of a session. */
export interface Binder {
  bind(plan: Plan): BoundPlan;
}

export function binder({ exports }: Kernels, host: HostMemory): Binder {
  const constants = new Map<string, number>();
  let arena: Block = { address: 0, bytes: 0 };

  const kernelOf = (name: keyof KernelExports): BoundCall["kernel"] => {
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
      const arenaBytes = plan.arenaBytes > arena.bytes ? plan.arenaBytes : 0;
      const area = fresh.reduce((most, { packing }) => Math.max(most, packing?.areaBytes ?? 0), arenaBytes);
      host.temporary(fresh.reduce((sum, { bytes }) => sum + Math.ceil(bytes / 64) * 64, area));
      const addresses = plan.constants.map(placeConstant);
      // Plans that were bound before stay where they are: an arena grows at its end, or is left to them for a new one.
      arena = host.extend(arena, plan.arenaBytes);
      const base = arena.address;
      const resolve = (ref: Ref) =>
        ref.offset + (ref.area === "constant" ? addresses[ref.id] : base + plan.buffers[ref.id].offset);
      const bindPort = (port: Port): BoundPort => ({ address: resolve(port.ref), port });
      return {
        plan,
        input: bindPort(plan.input),
        output: bindPort(plan.output),
        taps: new Map([...plan.taps].map(([name, port]) => [name, bindPort(port)])),
        steps: plan.steps.map(({ calls, alternative }) => ({
          calls: bindCalls(calls, resolve),
          flag: alternative === null ? -1 : resolve(alternative.flag) / 4,
          alternative: alternative === null ? [] : bindCalls(alternative.calls, resolve),
        })),
      };
    },
  };
}

/** Runs one step; `words` views the whole memory. `Reflect.apply` passes the prepared array without making another. */
export function runStep(step: BoundStep, words: Int32Array): void {
  const calls = step.flag >= 0 && words[step.flag] !== 0 ? step.alternative : step.calls;
  for (let i = 0; i < calls.length; i++) Reflect.apply(calls[i].kernel, undefined, calls[i].args);
}
