/**
 * How pixels become the input of BMXNet v1's published networks. Their files do not say it; the networks are known by
 * their operators and names, and their source trains on these numbers (smd_hpi/examples/binary_mnist and
 * binary-imagenet1k of github.com/hpi-xnor/BMXNet).
 */
import type { Graph, Preprocess } from "../../graph/types.js";
import { PRESETS } from "../../image/presets.js";
import type { SymbolNode } from "./symbol.js";

/** A preprocessing and a sentence that says where it comes from. */
export interface KnownPreprocess {
  readonly preprocess: Preprocess;
  readonly note: string;
}

/** Operators that BMXNet v1 alone has. */
const VERSION_1 = /^(QConvolution(_v1)?|QFullyConnected)$/;

/** Names of the units of its ResNets. */
const RESNET_UNIT = /^stage\d+_unit\d+_/;

/** The preprocessing of a network that is one of BMXNet v1's; null of others. */
export function knownPreprocess(nodes: readonly SymbolNode[], { inputShape }: Graph): KnownPreprocess | null {
  if (!nodes.some(({ op }) => VERSION_1.test(op))) return null;
  const [, channels, height, width] = inputShape;
  const said = (preset: "mnist" | "imagenet-mxnet", what: string): KnownPreprocess => ({
    preprocess: PRESETS[preset],
    note: `the network is a ${what} of BMXNet v1, so its preprocessing is the preset ${preset}, as it was trained`,
  });
  if (channels === 1 && height === 28 && width === 28) return said("mnist", "LeNet");
  const isResnet = channels === 3 && nodes.some(({ name }) => RESNET_UNIT.test(name));
  return isResnet && nodes.some(({ name }) => name === "bn_data") ? said("imagenet-mxnet", "ResNet") : null;
}
