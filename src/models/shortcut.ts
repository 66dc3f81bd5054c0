/** Residual blocks of which BMXNet v2 builds body and shortcut with different sizes, so that they cannot be added. */
import { XnorkitError } from "../errors.js";
import type { Scope } from "../graph/builder.js";
import { formatShape } from "../tensor.js";

export interface Shortcut {
  readonly stride: 1 | 2;
  readonly channels: number;
  /** Whether the shortcut has a 1x1 convolution. */
  readonly downsample: boolean;
  /** What makes it pool by 2x2, for messages ("usePooling", "BiNet"); null if it strides. */
  readonly pooledBy: string | null;
}

/**
 * Checks a block's input before it is built.
 * @throws XnorkitError `bad-option` for channels and strides that fit no input, `bad-shape` for an odd size under a
 *   pooled shortcut.
 */
export function checkShortcut(scope: Scope, input: string, { stride, channels, downsample, pooledBy }: Shortcut): void {
  const shape = scope.shape(input);
  const [, inChannels, height, width] = shape;
  if (!downsample && stride === 2 && (height > 1 || width > 1)) {
    throw new XnorkitError(
      "bad-option",
      `block ${scope.path} halves its map but keeps its ${inChannels} channels, and BMXNet builds no shortcut ` +
        "convolution there:" +
        " the channels of consecutive stages must differ",
    );
  }
  if (!downsample || pooledBy === null) return;
  if (stride === 1) {
    throw new XnorkitError(
      "bad-option",
      `block ${scope.path} goes from ${inChannels} to ${channels} channels at stride 1, where ${pooledBy} would ` +
        "halve the shortcut" +
        ` alone: ${pooledBy} needs a first stage as wide as the stem (depths 18 and 34, not 50 and more)`,
    );
  }
  if (height % 2 !== 0 || width % 2 !== 0) {
    throw new XnorkitError(
      "bad-shape",
      `block ${scope.path} reads a map of ${formatShape(shape)}, and ${pooledBy} needs even sizes there (the pooled ` +
        "shortcut rounds" +
        " down, the convolution rounds up): use an input whose size stays even",
    );
  }
}
