/** The layers before the first stage: `add_initial_layers` of BMXNet v2's binary_models/common_layers.py. */
import { XnorkitError } from "../errors.js";
import type { Block } from "../graph/builder.js";
import { describeClosest } from "../graph/suggest.js";
import { batchNorm, conv2d, hybridSequential, maxPool2d, relu } from "../nn/gluon.js";

export const initialLayerVariants = ["imagenet", "grouped_stem", "thumbnail"] as const;

/** `imagenet` and `grouped_stem` reduce the size by 4, `thumbnail` keeps it (for images below 50 pixels). */
export type InitialLayers = (typeof initialLayerVariants)[number];

/** Three 3x3 convolutions in place of the 7x7: 69 M instead of 118 M multiply-accumulates at 224x224. */
function groupedStem(channels: number): Block {
  const width = Math.floor(channels / 2);
  return hybridSequential([
    conv2d({ channels: width, kernelSize: 3, strides: 2, padding: 1, useBias: false }),
    batchNorm(),
    relu(),
    conv2d({ channels: width, kernelSize: 3, padding: 1, groups: 4, useBias: false }),
    batchNorm(),
    relu(),
    conv2d({ channels: 2 * width, kernelSize: 3, padding: 1, groups: 8, useBias: false }),
  ]);
}

/**
 * The blocks of a stem, to be registered one by one in the network's `features`.
 * @throws XnorkitError `bad-option` for an unknown variant.
 */
export function initialLayers(variant: InitialLayers, channels: number): readonly Block[] {
  const afterConvolution = [batchNorm(), relu(), maxPool2d({ poolSize: 3, strides: 2, padding: 1 })];
  switch (variant) {
    case "thumbnail":
      return [conv2d({ channels, kernelSize: 3, padding: 1, useBias: false })];
    case "imagenet":
      return [conv2d({ channels, kernelSize: 7, strides: 2, padding: 3, useBias: false }), ...afterConvolution];
    case "grouped_stem":
      return [groupedStem(channels), ...afterConvolution];
    default:
      throw new XnorkitError(
        "bad-option",
        `initialLayers ${JSON.stringify(variant)} is unknown: ` +
          `${describeClosest(String(variant), initialLayerVariants)}`,
      );
  }
}
