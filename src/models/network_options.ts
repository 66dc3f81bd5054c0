/** What every network of BMXNet v2's model zoo may set, with the source's defaults. */
import { type BinaryConfig, type BinaryOptions, binaryConfig } from "../nn/binary_config.js";
import type { Shape } from "../tensor.js";
import { checkCount } from "./options.js";
import type { InitialLayers } from "./stems.js";

export interface NetworkOptions {
  /** Default 1000. */
  readonly classes?: number;
  /** Default "imagenet". */
  readonly initialLayers?: InitialLayers;
  /** [batch, channels, height, width]; default [1, 3, 224, 224], with the thumbnail stem [1, 3, 32, 32]. */
  readonly inputShape?: Shape;
  /**
   * The binary layer configuration; default 1/1 bits, det_sign, no approximation, or that of `withBinaryLayerConfig`.
   */
  readonly binary?: BinaryOptions;
  /** The graph's name; default the framework's class name. */
  readonly name?: string;
}

export const networkOptionNames: readonly (keyof NetworkOptions)[] = [
  "classes",
  "initialLayers",
  "inputShape",
  "binary",
  "name",
];

export const MAX_CHANNELS = 1 << 16;
export const MAX_STAGES = 16;

export interface ResolvedNetwork extends Required<Omit<NetworkOptions, "binary">> {
  readonly binary: BinaryConfig;
}

/**
 * The options with defaults in place of what is left out.
 * @throws XnorkitError `bad-option` for a number of classes that is none, and what `binaryConfig` throws.
 */
export function resolveNetworkOptions(options: NetworkOptions, className: string): ResolvedNetwork {
  const { classes = 1000, initialLayers = "imagenet", name = className } = options;
  checkCount("classes", classes, 1 << 20);
  const inputShape = options.inputShape ?? (initialLayers === "thumbnail" ? [1, 3, 32, 32] : [1, 3, 224, 224]);
  return { classes, initialLayers, inputShape, name, binary: binaryConfig(options.binary) };
}
