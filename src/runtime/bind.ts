import type { Arg, Call, Constant, Plan, Port, Ref } from "../compiler/plan.js";
import type { HostMemory } from "./memory.js";
import type { Kernels } from "./wasm.js";

/** A kernel call with every pointer known: running it allocates nothing. */
export interface BoundCall {
  readonly kernel: (...args: number[]) => void;
  readonly args: readonly number[];
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
  /** The calls of each step of the plan. */
  readonly steps: readonly (readonly BoundCall[])[];
}

/** Gives plans addresses in one memory. Constants and arena are shared by all plans of a session. */
export interface Binder {
  bind(plan: Plan): BoundPlan;
}

export function binder({ exports }: Kernels, host: HostMemory): Binder {
  const constants = new Map<string, number>();
  let arena = { address: 0, bytes: 0 };

  const bindCalls = (calls: readonly Call[], resolve: (ref: Ref) => number): BoundCall[] =>
    calls.map(({ kernel, args }) => ({
      kernel: exports[kernel] as (...args: number[]) => void,
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
      const addresses = plan.constants.map(placeConstant);
      if (arena.bytes < plan.arenaBytes) {
        arena = { address: host.allocate(plan.arenaBytes), bytes: plan.arenaBytes };
      }
      const base = arena.address;
      const resolve = (ref: Ref) =>
        ref.offset + (ref.area === "constant" ? addresses[ref.id] : base + plan.buffers[ref.id].offset);
      const bindPort = (port: Port): BoundPort => ({ address: resolve(port.ref), port });
      return {
        plan,
        input: bindPort(plan.input),
        output: bindPort(plan.output),
        taps: new Map([...plan.taps].map(([name, port]) => [name, bindPort(port)])),
        steps: plan.steps.map((step) => bindCalls(step.calls, resolve)),
      };
    },
  };
}

/** Runs the calls of one step. `Reflect.apply` passes the prepared array without making another. */
export function runCalls(calls: readonly BoundCall[]): void {
  for (let i = 0; i < calls.length; i++) Reflect.apply(calls[i].kernel, undefined, calls[i].args);
}
