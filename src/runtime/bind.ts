/** Gives plans addresses in one memory, and has them prepared by the team that runs them there. */
import type { Arg, Call, Ref } from "../abi/call.js";
import type { Constant, Phase, Plan, Port } from "../compiler/plan.js";
import { kernelOf, type LinkedCall, type LinkedPhase, type LinkedStep } from "./link.js";
import type { Block, HostMemory } from "./memory.js";
import { scratchStride, type Team, type TeamSteps } from "./team.js";

export interface BoundPort {
  readonly address: number;
  readonly port: Port;
}

export interface BoundPlan {
  readonly plan: Plan;
  readonly input: BoundPort;
  readonly output: BoundPort;
  readonly taps: ReadonlyMap<string, BoundPort>;
  /** As data. */
  readonly linked: readonly LinkedStep[];
  /** Ready to be run by the team. */
  readonly steps: TeamSteps;
  /** Where the first worker's scratch begins. */
  readonly scratch: number;
}

/** Constants and arena are shared by all plans of a session. */
export interface Binder {
  bind(plan: Plan): BoundPlan;
}

/** The first multiple of 64 from `bytes` on. */
function aligned(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}

const isScratch = (arg: Arg) => typeof arg !== "number" && arg.area === "scratch";

export function binder(team: Team, host: HostMemory): Binder {
  const { exports } = team.kernels;
  const constants = new Map<string, number>();
  let arena: Block = { address: 0, bytes: 0 };

  const linkCall = ({ kernel, args }: Call, resolve: (ref: Ref) => number): LinkedCall => ({
    kernel,
    args: args.map((arg) => (typeof arg === "number" ? arg : resolve(arg))),
    scratch: args.reduce<number>((mask, arg, i) => (isScratch(arg) ? mask | (1 << i) : mask), 0),
  });

  const linkPhases = (phases: readonly Phase[], resolve: (ref: Ref) => number): readonly LinkedPhase[] =>
    phases.map((tasks) => tasks.map((calls) => calls.map((call) => linkCall(call, resolve))));

  const write = (address: number, source: Constant["source"]) => {
    const memory = new Uint8Array(host.memory.buffer);
    let at = address;
    for (const bytes of [source()].flat()) {
      memory.set(bytes, at);
      at += bytes.length;
    }
  };

  const placeConstant = ({ key, bytes, source, packing }: Constant): number => {
    const known = constants.get(key);
    if (known !== undefined) return known;
    const address = host.allocate(bytes);
    if (packing === null) {
      write(address, source);
    } else {
      const area = host.temporary(packing.areaBytes);
      write(area, source);
      const resolve = (ref: Ref) => (ref.area === "self" ? address : area) + ref.offset;
      for (const call of packing.calls) kernelOf(exports, call.kernel)(...linkCall(call, resolve).args);
    }
    constants.set(key, address);
    return address;
  };

  return {
    bind(plan) {
      // One growth of the memory for all: each detaches its buffer, and JavaScript's collector counts it.
      const fresh = plan.constants.filter(({ key }) => !constants.has(key));
      const scratchOffset = aligned(plan.arenaBytes);
      const runBytes = scratchOffset + team.threads * scratchStride(plan.scratchBytes);
      const arenaBytes = runBytes > arena.bytes ? runBytes : 0;
      const area = fresh.reduce((most, { packing }) => Math.max(most, packing?.areaBytes ?? 0), arenaBytes);
      host.temporary(fresh.reduce((sum, { bytes }) => sum + aligned(bytes), area));
      const addresses = plan.constants.map(placeConstant);
      // Plans that were bound before stay where they are: an arena grows at its end, or is left to them for a new one.
      arena = host.extend(arena, runBytes);
      const base = arena.address;
      const resolve = ({ area, id, offset }: Ref) => {
        if (area === "scratch") return offset;
        return area === "constant" ? addresses[id] + offset : base + plan.buffers[id].offset + offset;
      };
      const bindPort = (port: Port): BoundPort => ({ address: resolve(port.ref), port });
      const linked = plan.steps.map(
        ({ phases, alternative }): LinkedStep => ({
          phases: linkPhases(phases, resolve),
          flag: alternative === null ? -1 : resolve(alternative.flag) / 4,
          alternative: alternative === null ? [] : linkPhases(alternative.phases, resolve),
        }),
      );
      const scratch = base + scratchOffset;
      return {
        plan,
        input: bindPort(plan.input),
        output: bindPort(plan.output),
        taps: new Map(plan.taps.map(([name, port]) => [name, bindPort(port)])),
        linked,
        steps: team.prepare(linked, scratch, plan.scratchBytes),
        scratch,
      };
    },
  };
}
