/** Collects what lowering emits; references are handed out before anything has an address. */
import type { Ref } from "../abi/call.js";
import { XnorkitError } from "../errors.js";
import { placeBuffers } from "./arena.js";
import type { ArenaBuffer, Constant, Phase, Plan, Step } from "./plan.js";

/** Gives the next bytes of a task's scratch, 64-byte aligned. */
export type TakeScratch = (bytes: number) => Ref;

export interface PlanBuilder {
  /**
   * A new arena buffer.
   * @throws XnorkitError `out-of-memory` if it alone is more than WebAssembly addresses.
   */
  buffer(name: string, bytes: number): Ref;
  /** A constant, made once for each key. */
  constant(key: string, bytes: number, source: Constant["source"], packing?: Constant["packing"]): Ref;
  /** The scratch of one task, from its beginning on. */
  scratch(): TakeScratch;
  /** What is not given is none. */
  step(
    step: Pick<Step, "name" | "kind" | "phases"> &
      Partial<Pick<Step, "alternative" | "binaryMacs" | "floatMacs" | "float">>,
  ): void;
  /** Keeps a buffer alive to the end of the run. */
  keep(ref: Ref): void;
  /**
   * The finished parts, every buffer placed.
   * @throws XnorkitError `out-of-memory` if all of them are more than WebAssembly addresses.
   */
  finish(): Pick<Plan, "constants" | "buffers" | "arenaBytes" | "scratchBytes" | "steps">;
}

/** In the calls that pack a constant: where its source lies, and the constant itself. */
export const packingArea: Ref = { area: "packing", id: 0, offset: 0 };
export const packedConstant: Ref = { area: "self", id: 0, offset: 0 };

/** The byte `bytes` past a reference. */
export function offsetRef(ref: Ref, bytes: number): Ref {
  return bytes === 0 ? ref : { area: ref.area, id: ref.id, offset: ref.offset + bytes };
}

/** What a step's calls point to, its alternative's too. */
interface Touched {
  readonly buffers: ReadonlySet<number>;
  readonly constants: ReadonlySet<number>;
}

function touchedBy({ phases, alternative }: Pick<Step, "phases" | "alternative">): Touched {
  const touched = { buffers: new Set<number>(), constants: new Set<number>() };
  const visit = (ref: Ref) => {
    if (ref.area === "buffer") touched.buffers.add(ref.id);
    else if (ref.area === "constant") touched.constants.add(ref.id);
  };
  const visitAll = (all: readonly Phase[]) => {
    for (const phase of all)
      for (const task of phase)
        for (const { args } of task) {
          for (const arg of args) if (typeof arg === "object") visit(arg);
        }
  };
  visitAll(phases);
  if (alternative !== null) {
    visit(alternative.flag);
    visitAll(alternative.phases);
  }
  return touched;
}

/** wasm32 addresses 4 GiB; a plan that needs more cannot run. */
const maxBytes = 2 ** 32 - 2 ** 20;

function checkFits(bytes: number): void {
  if (bytes <= maxBytes) return;
  throw new XnorkitError(
    "out-of-memory",
    `the network needs ${Math.ceil(bytes / 2 ** 20)} MiB or more for weights and activations, but WebAssembly ` +
      "addresses 4096 MiB: use a smaller batch or picture",
  );
}

/** Scratch and buffers begin at cache lines. */
const alignment = 64;

export function planBuilder(): PlanBuilder {
  const constants: Constant[] = [];
  const byKey = new Map<string, number>();
  const buffers: { readonly name: string; readonly bytes: number }[] = [];
  const steps: Omit<Step, "bytes">[] = [];
  const touched: Touched[] = [];
  const kept = new Set<number>();
  let scratchBytes = 0;
  return {
    buffer(name, bytes) {
      checkFits(bytes);
      buffers.push({ name, bytes });
      return { area: "buffer", id: buffers.length - 1, offset: 0 };
    },
    constant(key, bytes, source, packing = null) {
      let id = byKey.get(key);
      if (id === undefined) {
        id = constants.push({ key, bytes, source, packing }) - 1;
        byKey.set(key, id);
      }
      return { area: "constant", id, offset: 0 };
    },
    scratch() {
      let top = 0;
      return (bytes) => {
        const offset = top;
        top = Math.ceil((offset + bytes) / alignment) * alignment;
        checkFits(top);
        scratchBytes = Math.max(scratchBytes, top);
        return { area: "scratch", id: 0, offset };
      };
    },
    step(step) {
      const whole = { alternative: null, binaryMacs: 0, floatMacs: 0, float: null, ...step };
      steps.push(whole);
      touched.push(touchedBy(whole));
    },
    keep(ref) {
      kept.add(ref.id);
    },
    finish() {
      const first = new Map<number, number>();
      const last = new Map<number, number>();
      for (const [index, { buffers: used }] of touched.entries()) {
        for (const id of used) {
          if (!first.has(id)) first.set(id, index);
          last.set(id, index);
        }
      }
      for (const id of kept) last.set(id, steps.length);
      const lifetimes = buffers.map(({ bytes }, id) => ({ bytes, first: first.get(id) ?? 0, last: last.get(id) ?? 0 }));
      const { offsets, arenaBytes } = placeBuffers(lifetimes);
      checkFits(arenaBytes + scratchBytes + constants.reduce((sum, { bytes }) => sum + bytes, 0));
      const bytesOf = ({ buffers: used, constants: read }: Touched): number => {
        let bytes = 0;
        // A buffer of one step alone is the step's own business.
        for (const id of used) if (first.get(id) !== last.get(id)) bytes += buffers[id].bytes;
        for (const id of read) bytes += constants[id].bytes;
        return bytes;
      };
      return {
        constants,
        buffers: buffers.map(({ name, bytes }, id): ArenaBuffer => ({ name, bytes, offset: offsets[id] })),
        arenaBytes,
        scratchBytes,
        steps: steps.map((step, index) => ({ ...step, bytes: bytesOf(touched[index]) })),
      };
    },
  };
}
