import type { Op } from "./ir.js";

/**
 * Lowerings that most networks never need. They are modules of their own, imported by the first session that does, so that a bundler
 * leaves them out of what every page loads.
 */
export interface Parts {
  /** Values and weights of a few bits, or with exact zeros. */
  readonly planes?: typeof import("./lower_planes.js");
  /** A first convolution on pixels with 16-bit weights. */
  readonly byteStem?: typeof import("./lower_byte_stem.js");
}

const planeKinds: readonly Op["kind"][] = ["pack", "unpack", "planesConv2d"];

/** Imports what a program's plans will need: they are made without waiting, for every new input shape. */
export async function loadParts<P extends { readonly ops: readonly Op[]; readonly byteStem: boolean }>(
  program: P,
): Promise<P & { readonly parts: Parts }> {
  const planes = program.ops.some(({ kind }) => planeKinds.includes(kind));
  return {
    ...program,
    parts: {
      planes: planes ? await import("./lower_planes.js") : undefined,
      byteStem: program.byteStem ? await import("./lower_byte_stem.js") : undefined,
    },
  };
}
