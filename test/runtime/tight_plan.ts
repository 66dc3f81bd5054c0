/** A plan in a memory of its own that ends with what a run may write, so that a kernel that reads past it traps. */
import { RESERVED_BYTES } from "../../src/abi/constants.js";
import type { Plan } from "../../src/compiler/plan.js";
import { type BoundPlan, binder } from "../../src/runtime/bind.js";
import { type BoundStep, bindSteps } from "../../src/runtime/link.js";
import type { HostMemory } from "../../src/runtime/memory.js";
import { kernelModule } from "../../src/runtime/module.js";
import { aloneCrew } from "../../src/runtime/team.js";
import { elementCount, type Tensor } from "../../src/tensor.js";

/** Each new block ends at the last byte of the memory, but for what aligns it. */
function tightMemory(): HostMemory {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 4096 });
  const allocate = (bytes: number): number => {
    memory.grow(Math.ceil((bytes + 64) / 65536));
    return memory.buffer.byteLength - Math.ceil(bytes / 64) * 64;
  };
  const extend: HostMemory["extend"] = (_, bytes) => ({ address: allocate(bytes), bytes });
  return { memory, allocate, extend, temporary: allocate, usedBytes: () => memory.buffer.byteLength };
}

export interface TightPlan {
  readonly bound: BoundPlan;
  readonly steps: readonly BoundStep[];
  /** The arena and the worker's scratch behind it: all that a run may write. */
  readonly arena: Int32Array;
  readonly scratch: Uint8Array;
  /** All before the arena that the host may use: constants, and what packed them. */
  readonly constants: Uint8Array;
  readonly words: Int32Array;
  output(): Float32Array;
}

/** The plan bound, its input written, and garbage wherever a run may not rely on anything. */
export async function tightPlan(plan: Plan, input: Tensor): Promise<TightPlan> {
  const host = tightMemory();
  const { memory } = host;
  const team = aloneCrew(await kernelModule()).team(memory, 0);
  const bound = binder(team, host).bind(plan);
  const { buffer } = memory;
  const arenaAt = bound.input.address - plan.buffers[plan.input.ref.id].offset;
  const scratchAt = arenaAt + Math.ceil(plan.arenaBytes / 64) * 64;
  const arena = new Int32Array(buffer, arenaAt, plan.arenaBytes / 4);
  const scratch = new Uint8Array(buffer, scratchAt, plan.scratchBytes);
  arena.fill(-1);
  scratch.fill(0xff);
  const type = plan.input.dtype === "u8" ? Uint8Array : Float32Array;
  new type(buffer, bound.input.address, input.data.length).set(input.data);
  return {
    bound,
    steps: bindSteps(bound.linked, team.kernels.exports, bound.scratch),
    arena,
    scratch,
    constants: new Uint8Array(buffer, RESERVED_BYTES, arenaAt - RESERVED_BYTES),
    words: new Int32Array(buffer),
    output: () => new Float32Array(buffer, bound.output.address, elementCount(plan.output.shape)),
  };
}
