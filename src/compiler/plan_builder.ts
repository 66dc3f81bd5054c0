import { XnorkitError } from "../errors.js";
import { placeBuffers } from "./arena.js";
import type { Call, Constant, Ref, Step } from "./plan.js";

/** Collects what lowering emits; references are handed out before anything has an address. */
export interface PlanBuilder {
  /**
   * A new arena buffer.
   * @throws XnorkitError `out-of-memory` where it alone is more than WebAssembly addresses.
   */
  buffer(name: string, bytes: number): Ref;
  /** A constant, made once for each key. */
  constant(key: string, bytes: number, source: () => Uint8Array, packing?: Constant["packing"]): Ref;
  /** What is not given is none. */
  step(
    step: Pick<Step, "name" | "kind" | "calls"> & Partial<Pick<Step, "alternative" | "binaryMacs" | "floatMacs">>,
  ): void;
  /** Keeps a buffer alive to the end of the run. */
  keep(ref: Ref): void;
  /**
   * The finished parts, every buffer placed.
   * @throws XnorkitError `out-of-memory` where all of them are more than WebAssembly addresses.
   */
  finish(): {
    readonly constants: readonly Constant[];
    readonly buffers: readonly { readonly name: string; readonly bytes: number; readonly offset: number }[];
    readonly arenaBytes: number;
    readonly steps: readonly Step[];
  };
}

/** In the calls that pack a constant: where its source lies, and the constant itself. */
export const packingArea: Ref = { area: "packing", id: 0, offset: 0 };
export const packedConstant: Ref = { area: "self", id: 0, offset: 0 };

/** The byte `bytes` past a reference. */
export function offsetRef(ref: Ref, bytes: number): Ref {
  return { ...ref, offset: ref.offset + bytes };
}

function buffersOf(calls: readonly Call[]): number[] {
  return calls.flatMap(({ args }) =>
    args.flatMap((arg) => (typeof arg === "object" && arg.area === "buffer" ? [arg.id] : [])),
  );
}

function buffersOfAlternative({ alternative }: Step): number[] {
  return alternative === null ? [] : [alternative.flag.id, ...buffersOf(alternative.calls)];
}

/** wasm32 addresses 4 GiB; a plan that needs more cannot run. */
const maxBytes = 2 ** 32 - 2 ** 20;

function checkFits(bytes: number): void {
  if (bytes <= maxBytes) return;
  throw new XnorkitError(
    "out-of-memory",
    `the network needs ${Math.ceil(bytes / 2 ** 20)} MiB or more for weights and activations, but WebAssembly addresses 4096 MiB: use a smaller batch or picture`,
  );
}

export function planBuilder(): PlanBuilder {
  const constants: Constant[] = [];
  const byKey = new Map<string, number>();
  const buffers: { name: string; bytes: number }[] = [];
  const steps: Step[] = [];
  const kept = new Set<number>();
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
    step(step) {
      const touched = new Set(
        step.calls.flatMap(({ args }) =>
          args.filter((arg) => typeof arg === "object").map((arg) => `${arg.area}:${arg.id}`),
        ),
      );
      let bytes = 0;
      for (const key of touched) {
        const [area, id] = key.split(":");
        bytes += area === "buffer" ? buffers[Number(id)].bytes : area === "constant" ? constants[Number(id)].bytes : 0;
      }
      steps.push({ alternative: null, binaryMacs: 0, floatMacs: 0, ...step, bytes });
    },
    keep(ref) {
      kept.add(ref.id);
    },
    finish() {
      const first = new Map<number, number>();
      const last = new Map<number, number>();
      steps.forEach((step, index) => {
        for (const id of [...buffersOf(step.calls), ...buffersOfAlternative(step)]) {
          if (!first.has(id)) first.set(id, index);
          last.set(id, index);
        }
      });
      const lifetimes = buffers.map(({ bytes }, id) => ({
        bytes,
        first: first.get(id) ?? 0,
        last: kept.has(id) ? steps.length : (last.get(id) ?? 0),
      }));
      const { offsets, arenaBytes } = placeBuffers(lifetimes);
      checkFits(arenaBytes + constants.reduce((sum, { bytes }) => sum + bytes, 0));
      return {
        constants,
        buffers: buffers.map((buffer, id) => ({ ...buffer, offset: offsets[id] })),
        arenaBytes,
        steps,
      };
    },
  };
}
