/**
 * Lowerings that most networks never need: modules of their own, imported by the first session that does, so that a bundler leaves
 * them out of what every page loads.
 */
import type { Op } from "./ir.js";
import type { Lowerings } from "./lower.js";

export interface Parts {
  /** What lowers the operations that the core does not. */
  readonly lowerings: Partial<Lowerings>;
  readonly byteStem?: typeof import("./lower_byte_stem.js");
}

export const noParts: Parts = { lowerings: {} };

const imports = {
  /** Values and weights of a few bits, or with exact zeros. */
  planes: () => import("./lower_planes.js"),
  /** What ResNets do without. */
  unary: () => import("./lower_unary.js"),
};

const importOf: Partial<Record<Op["kind"], keyof typeof imports>> = {
  pack: "planes",
  unpack: "planes",
  planesConv2d: "planes",
  concat: "unary",
  mul: "unary",
  unary: "unary",
};

/** Imports what a program's plans will need: they are made without waiting, for every new input shape. */
export async function loadParts<P extends { readonly ops: readonly Op[]; readonly byteStem: boolean }>(
  program: P,
): Promise<P & { readonly parts: Parts }> {
  const needed = new Set(program.ops.map(({ kind }) => importOf[kind]));
  const lowerings: Partial<Lowerings> = {};
  for (const part of needed) if (part !== undefined) Object.assign(lowerings, (await imports[part]()).lowerings);
  const byteStem = program.byteStem ? await import("./lower_byte_stem.js") : undefined;
  return { ...program, parts: { lowerings, byteStem } };
}
