/**
 * AWNAS's ResNet baselines: one block as the only operation of every cell, as many cells a stage as the ResNet table
 * has layers.
 */
import { XnorkitError } from "../../errors.js";
import { describeClosest, quoteName } from "../../graph/suggest.js";
import type { Graph } from "../../graph/types.js";
import type { Shape } from "../../tensor.js";
import { checkCount, checkKeys } from "../options.js";
import { type ResnetSpec, resnetDepths, resnetSpec } from "../resnet_spec.js";
import { awnas } from "./model.js";
import { primitiveNames } from "./primitives.js";

export const resnetBlocks = ["xnor_resnet_block", "bireal_resnet_block"] as const;

/** Options of `getAwnasModel`, in AWNAS's words. */
export interface AwnasResnetOptions {
  /** The operation of every cell; default xnor_resnet_block. */
  readonly block?: (typeof resnetBlocks)[number];
  /** A primitive; default imagenet_stem0, conv_bn_relu_3x3 for CIFAR. */
  readonly stem?: string;
  /** Default 1000. */
  readonly classes?: number;
  /** [batch, 3, height, width]; default [1, 3, 224, 224] with an imagenet stem, else [1, 3, 32, 32]. */
  readonly inputShape?: Shape;
  readonly name?: string;
}

const OPTION_NAMES: readonly (keyof AwnasResnetOptions)[] = ["block", "stem", "classes", "inputShape", "name"];

function oneOf(option: string, value: string, known: readonly string[]): void {
  if (known.includes(value)) return;
  throw new XnorkitError(
    "bad-option",
    `${option} ${quoteName(String(value))} is unknown: ${describeClosest(String(value), known)}`,
  );
}

/**
 * The first cell of stages 2 to 4 reduces. The stem is as wide as the first stage: a cell's blocks widen only where
 * they reduce, so the table's 64 channels before the 256 of depths 50 and more could not be built.
 */
function resnet({ layers, channels }: ResnetSpec, options: Required<Omit<AwnasResnetOptions, "inputShape">>) {
  const { block, stem, classes } = options;
  const stages = channels.slice(1);
  const layout = layers.flatMap((cells, stage) =>
    Array.from({ length: cells }, (_, cell) => (cell === 0 && stage > 0 ? 1 : 0)),
  );
  const widths = layers.flatMap((cells, stage) => Array.from({ length: cells }, () => stages[stage]));
  return {
    searchSpace: {
      num_cell_groups: 2,
      num_init_nodes: 1,
      num_layers: layout.length,
      cell_layout: layout,
      reduce_cell_groups: [1],
      num_steps: 1,
      num_node_inputs: 1,
    },
    model: {
      genotypes: `normal_0=[('${block}', 0, 1)], reduce_1=[('${block}', 0, 1)]`,
      layer_channels: [stages[0], ...widths],
      init_channels: stages[0],
      stem_multiplier: 1,
      use_stem: stem,
      cell_use_preprocess: false,
      num_classes: classes,
      dropout_rate: 0,
    },
  };
}

/** The names that `getAwnasModel` knows: `awnas_resnet18` to `awnas_resnet152`. */
export function awnasModelNames(): readonly string[] {
  return resnetDepths.map((depth) => `awnas_resnet${depth}`);
}

/**
 * Builds a baseline of AWNAS by its name. Depths 50 and more have the table's layers and widths, but the same block of
 * two convolutions: no bottleneck.
 * @throws XnorkitError `unknown-name` with the closest names, `bad-option` that names the option, `bad-shape` for an
 *   input that the network cannot read.
 */
export function getAwnasModel(name: string, options: AwnasResnetOptions = {}): Graph {
  const depth = resnetDepths.find((known) => name === `awnas_resnet${known}`);
  if (depth === undefined) {
    throw new XnorkitError(
      "unknown-name",
      `there is no AWNAS model named ${quoteName(String(name))}: ${describeClosest(String(name), awnasModelNames())}`,
    );
  }
  checkKeys(`the options of ${name}`, options, OPTION_NAMES);
  const full = {
    block: options.block ?? "xnor_resnet_block",
    stem: options.stem ?? "imagenet_stem0",
    classes: options.classes ?? 1000,
    name: options.name ?? name,
  } as const;
  oneOf("block", full.block, resnetBlocks);
  oneOf("stem", full.stem, primitiveNames());
  checkCount("classes", full.classes, 1 << 20);
  return awnas({ ...resnet(resnetSpec[depth], full), inputShape: options.inputShape, name: full.name });
}
