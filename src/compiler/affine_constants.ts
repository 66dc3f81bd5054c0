/** The constants of affines, as the kernels read them that compute scale * (x - center) + shift. */
import type { Ref } from "../abi/call.js";
import { mapStride } from "../abi/sizes.js";
import { type Affine, affineFor } from "./affine.js";
import {
  type CenteredAffine,
  type CountRange,
  centered,
  countCenters,
  floatCenters,
  isExactOnCounts,
} from "./centers.js";
import { floatBytes, type LowerContext, zeros } from "./context.js";

export interface AffineRefs {
  /** null if nothing is subtracted. */
  readonly center: Ref | null;
  readonly scale: Ref;
  readonly shift: Ref;
}

/** What an affine is of: floats, or counts in a range, which a kernel may have to center in any case. */
export type Argument = { readonly counts: CountRange; readonly always: boolean } | "floats";

function centersOf(affine: Affine, argument: Argument): Float32Array | null {
  if (argument === "floats") return floatCenters(affine);
  const { counts, always } = argument;
  return !always && isExactOnCounts(affine, counts) ? null : countCenters(affine, counts);
}

/** An affine as constants; null is the identity. All plans of a session share what has the same key. */
export function affineRefs(
  context: LowerContext,
  key: string,
  affine: Affine | null,
  channels: number,
  argument: Argument = "floats",
): AffineRefs {
  const { builder } = context;
  const stride = mapStride(channels);
  if (affine === null) {
    const ones = () => floatBytes(new Float32Array(channels).fill(1), stride);
    const scale = builder.constant(`ones/${channels}`, stride * 4, ones);
    return { center: null, scale, shift: zeros(context, channels) };
  }
  const own = affineFor(channels, affine);
  const center = centersOf(own, argument);
  let made: CenteredAffine | null = null;
  const constant = (name: "center" | "scale" | "shift") =>
    builder.constant(`${key}/${name}`, stride * 4, () => {
      made ??= centered(own, center);
      return floatBytes(made[name] ?? [], stride);
    });
  return { center: center && constant("center"), scale: constant("scale"), shift: constant("shift") };
}
