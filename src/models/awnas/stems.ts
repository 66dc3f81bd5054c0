/**
 * AWNAS's stems (aw_nas/ops/ops.py), which are primitives as well: any primitive may be a stem, and these may stand in
 * cells.
 */
import { batchNorm2d, conv2d, maxPool2d, relu, sequential } from "../../nn/torch.js";
import { type Primitive, type PrimitiveOptions, refuseBuild } from "./primitive.js";

/** Two convolutions of stride 2 on an RGB image, whatever C, stride and affine are; no ReLU at the end. */
function stem0(options: PrimitiveOptions) {
  const { outChannels } = options;
  const half = halfOf(options);
  return [
    conv2d({ inChannels: 3, outChannels: half, kernelSize: 3, stride: 2, padding: 1, bias: false }),
    batchNorm2d(half),
    relu(),
    conv2d({ inChannels: half, outChannels, kernelSize: 3, stride: 2, padding: 1, bias: false }),
    batchNorm2d(outChannels),
  ];
}

function halfOf(options: PrimitiveOptions): number {
  if (options.outChannels < 2) refuseBuild(options, "the stem gives half of its channels first: it needs at least 2");
  return Math.floor(options.outChannels / 2);
}

/** By name: what is left of the size is a quarter, a half (no pooling follows the 7x7), an eighth, a quarter. */
export const stems = {
  imagenet_stem0: (options) => sequential(stem0(options)),
  imagenet_stem0_7x7: ({ channels, outChannels }) =>
    sequential([
      conv2d({ inChannels: channels, outChannels, kernelSize: 7, stride: 2, padding: 3, bias: false }),
      batchNorm2d(outChannels),
      relu(),
    ]),
  imagenet_stem1: (options) => {
    const { outChannels } = options;
    return sequential([
      ...stem0(options),
      relu(),
      conv2d({ inChannels: outChannels, outChannels, kernelSize: 3, stride: 2, padding: 1, bias: false }),
      batchNorm2d(outChannels),
      relu(),
    ]);
  },
  tnas: (options) => {
    const { channels, outChannels } = options;
    const half = halfOf(options);
    return sequential([
      conv2d({ inChannels: channels, outChannels: half, kernelSize: 3, padding: 1, bias: false }),
      batchNorm2d(half),
      maxPool2d(2),
      relu(),
      conv2d({ inChannels: half, outChannels, kernelSize: 3, padding: 1, bias: false }),
      batchNorm2d(outChannels),
      maxPool2d(2),
    ]);
  },
} as const satisfies Readonly<Record<string, Primitive>>;
