/** Small AWNAS networks for tests, described by what differs from one cell with one operation. */
import { parameterSpecs } from "../../src/graph/parameters.js";
import type { Graph } from "../../src/graph/types.js";
import { awnas } from "../../src/models/awnas/model.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { runReference } from "../../src/reference/index.js";

export type Changes = Readonly<Record<string, unknown>>;

export const smallSpace = {
  num_cell_groups: 2,
  num_init_nodes: 1,
  num_layers: 2,
  cell_layout: [0, 1],
  reduce_cell_groups: [1],
  num_steps: 1,
} as const;

export const smallModel = {
  genotypes: "normal_0=[('xnor_resnet_block', 0, 1)], reduce_1=[('xnor_resnet_block', 0, 1)]",
  init_channels: 8,
  stem_multiplier: 1,
  layer_channels: [8, 8, 16],
  cell_use_preprocess: false,
  num_classes: 4,
} as const;

/** A network of two cells on [1, 3, 8, 8], with changed keys of its configurations. */
export function build(space: Changes = {}, model: Changes = {}, inputShape: readonly number[] = [1, 3, 8, 8]): Graph {
  return awnas({
    searchSpace: { ...smallSpace, ...space },
    model: { ...smallModel, ...model },
    inputShape,
    name: "small",
  });
}

/** A network without stem and parameters, whose cells of group 0 are all alike: its output is the mean over the map. */
export function buildBare(genotypes: string, space: Changes = {}, model: Changes = {}): Graph {
  const { num_layers = 1 } = space as { readonly num_layers?: number };
  return awnas({
    searchSpace: {
      num_cell_groups: 1,
      reduce_cell_groups: [],
      num_init_nodes: 1,
      num_steps: 1,
      cell_layout: Array.from({ length: num_layers }, () => 0),
      num_layers,
      ...space,
    },
    model: { genotypes, use_stem: null, init_channels: 3, cell_use_preprocess: false, no_fc: true, ...model },
    inputShape: [1, 3, 1, 1],
  });
}

/** What the reference computes for three numbers, one a channel. */
export function runBare(graph: Graph, x: readonly number[] = [2, -3, 0.5]): readonly number[] {
  return [...runReference(graph, new Map(), { shape: [1, 3, 1, 1], data: Float32Array.from(x) }).output.data];
}

export function parameterNames(graph: Graph): readonly string[] {
  return parameterSpecs(graph).map(({ name }) => name);
}

/** Runs on reproducible weights and a ramp; fails if the network is not well formed. */
export function runSmall(graph: Graph): readonly number[] {
  const { inputShape } = graph;
  const count = inputShape.reduce((product, size) => product * size, 1);
  const data = Float32Array.from({ length: count }, (_, i) => Math.sin(i));
  return [...runReference(graph, randomWeights(graph, 1), { shape: inputShape, data }).output.data];
}

export function moduleType(graph: Graph, path: string): string | undefined {
  return graph.modules.find((module) => module.path === path)?.type;
}
