/**
 * Lowerings that most networks never need: modules of their own, imported by the first session that does, so that a bundler leaves
 * them out of what every page loads.
 */
import type { KernelSet } from "../runtime/kernel_source.js";
import type { Op } from "./ir.js";
import type { Lowerings } from "./lower.js";

export interface Parts {
  /** What lowers the operations that the core does not. */
  readonly lowerings: Partial<Lowerings>;
  readonly byteStem?: typeof import("./lower_byte_stem.js");
  /** `all` where they call kernels that the core does not (runtime/part_kernels.ts). */
  readonly kernels: KernelSet;
}

const imports = {
  fewBits: () => import("./part_few_bits.js"),
  unary: () => import("./part_unary.js"),
};

const partOf: Partial<Record<Op["kind"], keyof typeof imports>> = {
  pack: "fewBits",
  unpack: "fewBits",
  planesConv2d: "fewBits",
  concat: "unary",
  mul: "unary",
  unary: "unary",
};

/** Imports what plans of these operations will need: they are made without waiting, for every new input shape. */
export async function loadParts(ops: readonly Op[], options: { readonly byteStem?: boolean }): Promise<Parts> {
  const lowerings: Partial<Lowerings> = {};
  for (const part of new Set(ops.map(({ kind }) => partOf[kind]))) {
    if (part !== undefined) Object.assign(lowerings, (await imports[part]()).lowerings);
  }
  const byteStem = options.byteStem ? await import("./lower_byte_stem.js") : undefined;
  const any = byteStem !== undefined || Object.keys(lowerings).length > 0;
  return { lowerings, byteStem, kernels: any ? "all" : "core" };
}
