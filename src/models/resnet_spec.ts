/** Layers and channels of the ResNets of each depth. */

/** One row of the ResNet table. */
export interface ResnetSpec {
  /** Layers of each stage; a ResNetE stage has two blocks, of one convolution each, for a layer. */
  readonly layers: readonly number[];
  /** Channels of the stem and of each stage. */
  readonly channels: readonly number[];
}

/**
 * `resnet_spec` of BMXNet v2's binary_models/resnet_e.py: Table 1 of "Deep Residual Learning for Image Recognition"
 * (arXiv 1512.03385). Depths 50 and more have the table's layers and widths, but the same one-convolution blocks: no
 * bottleneck.
 */
export const resnetSpec = {
  18: { layers: [2, 2, 2, 2], channels: [64, 64, 128, 256, 512] },
  34: { layers: [3, 4, 6, 3], channels: [64, 64, 128, 256, 512] },
  50: { layers: [3, 4, 6, 3], channels: [64, 256, 512, 1024, 2048] },
  101: { layers: [3, 4, 23, 3], channels: [64, 256, 512, 1024, 2048] },
  152: { layers: [3, 8, 36, 3], channels: [64, 256, 512, 1024, 2048] },
} as const satisfies Readonly<Record<number, ResnetSpec>>;

export type ResnetDepth = keyof typeof resnetSpec;

export const resnetDepths: readonly ResnetDepth[] = [18, 34, 50, 101, 152];
