/** The constants of affines, as the kernels read them that compute scale * (x - center) + shift. */
import type { Ref } from "../abi/call.js";
import { mapStride } from "../abi/sizes.js";
import { type Affine, affineFor } from "./affine.js";
import { type CenteredAffine, type CountRange, centered, countedFrom, countOrigin, floatCenters } from "./centers.js";
import { floatBytes, type LowerContext, zeros } from "./context.js";

export interface AffineRefs {
  /** null if nothing is subtracted. */
  readonly center: Ref | null;
  readonly scale: Ref;
  readonly shift: Ref;
}

/** An affine of counts. */
export interface CountAffineRefs extends AffineRefs {
  /** What is subtracted from the counts of all channels. */
  readonly middle: number;
}

function constantsOf(
  { builder }: LowerContext,
  key: string,
  channels: number,
  centers: boolean,
  make: () => CenteredAffine,
): AffineRefs {
  const stride = mapStride(channels);
  let made: CenteredAffine | null = null;
  const constant = (name: "center" | "scale" | "shift") =>
    builder.constant(`${key}/${name}`, stride * 4, () => {
      made ??= make();
      return floatBytes(made[name] ?? [], stride);
    });
  return { center: centers ? constant("center") : null, scale: constant("scale"), shift: constant("shift") };
}

/** An affine of floats as constants; null is the identity. All plans of a session share what has the same key. */
export function affineRefs(context: LowerContext, key: string, affine: Affine | null, channels: number): AffineRefs {
  if (affine === null) {
    const stride = mapStride(channels);
    const ones = () => floatBytes(new Float32Array(channels).fill(1), stride);
    const scale = context.builder.constant(`ones/${channels}`, stride * 4, ones);
    return { center: null, scale, shift: zeros(context, channels) };
  }
  const own = affineFor(channels, affine);
  const center = floatCenters(own);
  return constantsOf(context, key, channels, center !== null, () => centered(own, center));
}

/** An affine of counts in a range as constants. All plans of a session share what has the same key. */
export function countAffineRefs(
  context: LowerContext,
  key: string,
  affine: Affine,
  channels: number,
  counts: CountRange,
): CountAffineRefs {
  const own = affineFor(channels, affine);
  const origin = countOrigin(own, counts);
  const refs = constantsOf(context, key, channels, origin.center !== null, () => countedFrom(own, origin));
  return { middle: origin.middle, ...refs };
}
