/** A layer with quantised weights: a convolution, or a dense layer as one of 1x1 on a map of one pixel. */
import type { BinaryConv2dNode, BinaryDenseNode, Pair } from "../../graph/types.js";
import type { FloatWeight, Weight } from "../../weights.js";
import { type Affine, compose, makeAffine } from "../affine.js";
import { type Epilogue, noEpilogue } from "../ir.js";

export interface QuantizedLayer {
  readonly name: string;
  readonly input: string;
  readonly node: Pick<
    BinaryConv2dNode,
    "quantizer" | "bits" | "scaling" | "offset" | "kernel" | "stride" | "padding" | "dilation" | "groups" | "padValue"
  >;
  readonly weightName: string;
  readonly weight: Weight;
  readonly bias: FloatWeight | null;
}

const one: Pair = [1, 1];

export function denseLayer(node: BinaryDenseNode): QuantizedLayer["node"] {
  const { quantizer, bits, offset } = node;
  const geometry = { kernel: one, stride: one, padding: [0, 0], dilation: one, groups: 1 } as const;
  return { quantizer, bits, offset, scaling: "none", padValue: -1, ...geometry };
}

function withBias(affine: Affine, bias: FloatWeight | null): Affine {
  if (bias === null) return affine;
  const { data } = bias;
  return compose(
    affine,
    makeAffine(data.length, (c) => ({ scale: 1, shift: data[c], root: -data[c] })),
  );
}

/** The epilogue that starts with the layer's own affine and bias. */
export function layerEpilogue({ bias }: QuantizedLayer, affine: Affine): Epilogue {
  return { ...noEpilogue, affine: withBias(affine, bias) };
}

/** What operations of a layer on bits have in common. */
export function bitsLayer({ name, input, node }: QuantizedLayer) {
  const { kernel, stride, padding, dilation, groups, padValue } = node;
  return { name, input, window: { kernel, stride, padding, dilation }, groups, padValue, value: name, sign: null };
}
