/**
 * What a layer of a graph made by hand may leave out: names of parameters, and what all frameworks have as their
 * default. Where they disagree (what lies around a map, where zero goes, what a mean divides by) a layer must say it.
 */
import type { NodeKind } from "../graph/nodes/index.js";

/** Fields by kind, from the layer's name. */
export const nodeDefaults = {
  conv2d: (name: string) => ({ weight: `${name}.weight`, bias: null, stride: 1, padding: 0, dilation: 1, groups: 1 }),
  binaryConv2d: (name: string) => ({
    weight: `${name}.weight`,
    stride: 1,
    padding: 0,
    dilation: 1,
    groups: 1,
    bits: 1,
  }),
  dense: (name: string) => ({ weight: `${name}.weight`, bias: null }),
  binaryDense: (name: string) => ({ weight: `${name}.weight`, bias: null, bits: 1 }),
  batchNorm: (name: string) => ({
    gamma: `${name}.gamma`,
    beta: `${name}.beta`,
    mean: `${name}.running_mean`,
    variance: `${name}.running_var`,
    epsilon: 1e-5,
    fixGamma: false,
  }),
  scaleShift: (name: string) => ({ scale: `${name}.scale`, shift: `${name}.shift` }),
  prelu: (name: string) => ({ slope: `${name}.slope` }),
  maxPool: () => ({ stride: undefined, padding: 0 }),
  avgPool: () => ({ stride: undefined, padding: 0 }),
  quantize: () => ({ bits: 1 }),
  clip: () => ({ min: null, max: null }),
  add: () => ({ channelOffset: 0 }),
  sliceChannels: () => ({ begin: 0 }),
  pad: () => ({ top: 0, left: 0, bottom: 0, right: 0, value: 0 }),
  crop: () => ({ top: 0, left: 0 }),
} as const satisfies { readonly [K in NodeKind]?: (name: string) => Readonly<Record<string, unknown>> };

/** The fields that a layer of a kind may leave out. */
export type DefaultedField<K> = K extends keyof typeof nodeDefaults
  ? keyof ReturnType<(typeof nodeDefaults)[K]>
  : never;
