/**
 * `CNNGenotypeModel` and `BNNGenotypeModel` of aw_nas/final: stem, cells, pooling, classifier. Both compute the same.
 */
import { optionsArgument } from "../../arguments.js";
import { XnorkitError } from "../../errors.js";
import { type Block, buildGraph, type Scope } from "../../graph/builder.js";
import type { Graph } from "../../graph/types.js";
import { adaptiveAvgPool2d, identity, linear } from "../../nn/torch.js";
import type { Shape } from "../../tensor.js";
import { refuseOption } from "../options.js";
import { buildCell, type CellOptions } from "./cell.js";
import { type Genotype, parseGenotype } from "./genotype.js";
import type { NodeValue } from "./join_nodes.js";
import { type ModelOptions, readModelOptions } from "./model_options.js";
import { type ConstructionState, newConstructionState } from "./primitive.js";
import { buildPrimitive } from "./primitives.js";
import { cellStrides, defaultConcat, outputMultiplier, readSearchSpace, type SearchSpace } from "./search_space.js";

/** AWNAS's own objects, in its own snake_case, as its YAML files have them. */
export interface AwnasOptions {
  /** `search_space_cfg`: num_cell_groups, num_init_nodes, num_layers, cell_layout, num_steps, concat_op ... */
  readonly searchSpace: Readonly<Record<string, unknown>>;
  /** `final_model_cfg`: genotypes, init_channels, layer_channels, use_stem, num_classes ... */
  readonly model: Readonly<Record<string, unknown>>;
  /** [batch, 3, height, width]; default [1, 3, 224, 224] with an imagenet stem, else [1, 3, 32, 32]. */
  readonly inputShape?: Shape;
  /** The graph's name; default BNNGenotypeModel. */
  readonly name?: string;
}

const IMAGE_CHANNELS = 3;

interface Network {
  readonly space: SearchSpace;
  readonly model: ModelOptions;
  readonly genotype: Genotype;
}

/**
 * Far above any network of the framework; a file that asks for more is damaged, and would keep the builder busy for
 * minutes.
 */
const MAX_CONNECTIONS = 1 << 15;

function checkSize({ space, genotype }: Network): void {
  const connections = space.cellLayout.reduce((sum, group) => sum + genotype.groups[group].connections.length, 0);
  if (connections <= MAX_CONNECTIONS) return;
  throw new XnorkitError(
    "bad-option",
    `the genotype and the layout ask for ${connections} connections in ${space.numLayers} cells, expected ` +
      `${MAX_CONNECTIONS} at most`,
  );
}

function concatOf({ space, genotype }: Network, group: number): readonly number[] {
  const { name, concat } = genotype.groups[group];
  const nodes = concat ?? defaultConcat(space, group);
  if (nodes !== null) return nodes;
  throw new XnorkitError(
    "bad-option",
    `the genotype has no ${name}_concat, for which there is no default with ` +
      `${space.looseEnd ? "loose_end" : "concat_nodes"}:` +
      ` add ${name}_concat=[...] with the nodes that make the output`,
  );
}

/**
 * How much larger than a cell's map each of its inputs is: the last one is as large, the one before by the stride of
 * the cell before, and so on.
 */
function inputStrides(strides: readonly number[], count: number): readonly number[] {
  const factors = [1];
  for (const stride of [...strides].reverse().slice(0, count - 1)) factors.push(factors[factors.length - 1] * stride);
  return factors.reverse();
}

/**
 * The options of every cell; the base width is a variable that group overrides and reducing cells change for the cells
 * after.
 */
function cellOptions(network: Network): readonly CellOptions[] {
  const { space, model, genotype } = network;
  const { numInitNodes, cellLayout } = space;
  const strides = cellStrides(space);
  const stemStride = Array.isArray(model.useStem) ? model.stemStride : 1;
  const allStrides = [...Array.from({ length: numInitNodes }, () => stemStride), ...strides];
  const widths = Array.from({ length: numInitNodes }, () => stemChannels(model));
  let channels = model.initChannels;
  return cellLayout.map((group, index) => {
    const stride = strides[index];
    const overrides = model.cellGroups?.[group];
    const listed = model.layerChannels.length > 0;
    channels = listed ? model.layerChannels[index] : channels * stride;
    let outChannels = listed ? model.layerChannels[index + 1] : channels;
    channels = overrides?.channels ?? channels;
    outChannels = overrides?.outChannels ?? outChannels;
    const joinedChannels = outChannels * outputMultiplier(space, group);
    const previousStrides = inputStrides(allStrides.slice(0, numInitNodes + index), numInitNodes);
    const inputs = previousStrides.map((previous, input) => ({ channels: widths[index + input], stride: previous }));
    widths.push(joinedChannels);
    return {
      index,
      stride,
      channels,
      outChannels,
      joinedChannels,
      inputs,
      group: genotype.groups[group],
      concat: concatOf(network, group),
      concatOp: space.concatOp,
      operationArguments: overrides?.operationArguments ?? [],
      model,
    };
  });
}

function stemChannels({ useStem, stemMultiplier, initChannels }: ModelOptions): number {
  return useStem === null ? IMAGE_CHANNELS : stemMultiplier * initChannels;
}

/** The inputs of the first cell: the stem's output in all places, or the outputs of stems one after the other. */
function runStem(scope: Scope, x: string, { space, model }: Network, state: ConstructionState): readonly NodeValue[] {
  const { useStem, stemStride: stride, stemAffine: affine } = model;
  const outChannels = stemChannels(model);
  const inAllPlaces = (value: string) => {
    const node = { value };
    return Array.from({ length: space.numInitNodes }, () => node);
  };
  if (useStem === null) return inAllPlaces(x);
  if (typeof useStem === "string") {
    const options = { channels: IMAGE_CHANNELS, outChannels, stride, affine, place: "stem" };
    return inAllPlaces(scope.child("stem", buildPrimitive(useStem, options, state), x));
  }
  if (useStem.length !== space.numInitNodes) {
    refuseOption("model_cfg.use_stem", `a list of ${space.numInitNodes} stems, one for each initial node`, useStem);
  }
  const blocks = useStem.map((name, index) => {
    const channels = index === 0 ? IMAGE_CHANNELS : outChannels;
    return buildPrimitive(name, { channels, outChannels, stride, affine, place: `stems.${index}` }, state);
  });
  const nodes: NodeValue[] = [];
  const list: Block = {
    type: "ModuleList",
    forward: (listScope, input) =>
      blocks.reduce((value, block, index) => {
        const output = listScope.child(String(index), block, value);
        nodes.push(output === nodes[index - 1]?.value ? nodes[index - 1] : { value: output });
        return output;
      }, input),
  };
  scope.child("stems", list, x);
  return nodes;
}

function networkBlock(network: Network): Block {
  const { space, model } = network;
  const state = newConstructionState();
  return {
    type: "BNNGenotypeModel",
    forward(scope, x) {
      let nodes = runStem(scope, x, network, state);
      const allOptions = cellOptions(network);
      const cells: Block = {
        type: "ModuleList",
        forward(cellScope) {
          for (const options of allOptions) {
            const output = buildCell(options, state)(cellScope, String(options.index), nodes);
            nodes = [...nodes.slice(1), output];
          }
          return nodes[nodes.length - 1].value;
        },
      };
      const features = scope.child("cells", cells, nodes[nodes.length - 1].value);
      const pooled = scope.child("global_pooling", adaptiveAvgPool2d(), features);
      const dropped = scope.child("dropout", identity(model.hasDropout ? "Dropout" : "Identity"), pooled);
      const flat = scope.add({ kind: "flatten" }, [dropped], "flatten");
      const width = allOptions[space.numLayers - 1].joinedChannels;
      return scope.child("classifier", model.noFc ? identity() : linear(width, model.numClasses), flat);
    },
  };
}

function defaultInputShape({ useStem }: ModelOptions): Shape {
  const stem = typeof useStem === "string" ? useStem : (useStem?.[0] ?? "");
  return stem.startsWith("imagenet") ? [1, IMAGE_CHANNELS, 224, 224] : [1, IMAGE_CHANNELS, 32, 32];
}

/**
 * Builds the network of an AWNAS search space, model configuration and genotype; layers and parameters have the names
 * of its state dict (`cells.0.edge_mod.f_0_t_1-xnor_resnet_block-0.op_1.conv.full_precision`).
 *
 * Options that concern training alone (dropout, drop path, auxiliary head) change nothing. What AWNAS keeps for the
 * whole process, the shortcut setting that a bireal_vgg_block switches off for bireal_resnet_blocks constructed after
 * it, is kept for the network.
 * @throws XnorkitError `bad-option` for options and genotypes that AWNAS refuses or cannot build, naming the key or
 *   module; `unknown-name` for a primitive that does not exist; `unsupported` for primitives that fail in AWNAS;
 *   `bad-shape` if channels or sizes do not fit.
 */
export function awnas(options: AwnasOptions): Graph {
  optionsArgument("awnas", ["searchSpace", "model", "inputShape", "name"], options);
  const space = readSearchSpace(options.searchSpace);
  const model = readModelOptions(options.model, space.numLayers, space.numCellGroups);
  const genotype = parseGenotype(model.genotypes, { groupNames: space.groupNames });
  const inputShape = options.inputShape ?? defaultInputShape(model);
  const network = { space, model, genotype };
  checkSize(network);
  return buildGraph(options.name ?? "BNNGenotypeModel", inputShape, networkBlock(network));
}
