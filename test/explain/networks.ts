/** Networks that the tests of src/explain look at. */
import { awnas, getAwnasModel } from "../../src/awnas.js";
import type { Graph, Node } from "../../src/graph/types.js";
import { allModelNames, getAnyModel } from "../../src/models/catalog.js";
import { getModel } from "../../src/models/registry.js";
import { resnetE } from "../../src/models/resnet_e.js";

/** Names that are a network by themselves; the flexible ones need a description. */
export function buildableNames(): readonly string[] {
  return allModelNames().filter((name) => !name.endsWith("_flex"));
}

export function build(name: string): Graph {
  return getAnyModel(name);
}

export const e1 = getModel("resnet18_e1");
export const e1Paper = getModel("resnet18_e1", { useFp: true });
export const e1Grouped = getModel("resnet18_e1", { useFp: true, usePooling: true, initialLayers: "grouped_stem" });
export const awnas18 = getAwnasModel("awnas_resnet18");

/** Small networks of both frameworks, quick to build and to run. */
export function smallE1(options: Parameters<typeof getModel>[1] = {}): Graph {
  return getModel("resnet18_e1", {
    initialLayers: "thumbnail",
    classes: 10,
    inputShape: [1, 3, 16, 16],
    ...options,
  });
}

/** As narrow as networks of proofs may be: the reference runs them in no time. */
const NARROW = [8, 8, 12, 16, 24];

export function narrowE(version: 1 | 2, options: Partial<Parameters<typeof resnetE>[0]> = {}): Graph {
  const place = { initialLayers: "thumbnail" as const, classes: 10, inputShape: [1, 3, 16, 16] };
  return resnetE({ version, layers: [2, 2, 2, 2], channels: NARROW, ...place, ...options });
}

/** AWNAS's ResNet18 with the stem of ImageNet, 4 to 32 channels. */
export function narrowAwnas(block = "xnor_resnet_block"): Graph {
  return awnas({
    searchSpace: {
      num_cell_groups: 2,
      num_init_nodes: 1,
      num_layers: 8,
      cell_layout: [0, 0, 1, 0, 1, 0, 1, 0],
      reduce_cell_groups: [1],
      num_steps: 1,
      num_node_inputs: 1,
    },
    model: {
      genotypes: `normal_0=[('${block}', 0, 1)], reduce_1=[('${block}', 0, 1)]`,
      layer_channels: [8, 8, 8, 16, 16, 32, 32, 64, 64],
      init_channels: 8,
      stem_multiplier: 1,
      use_stem: "imagenet_stem0",
      cell_use_preprocess: false,
      num_classes: 10,
    },
    inputShape: [1, 3, 64, 64],
    name: "narrow",
  });
}

/** A graph whose layers and parameters have other names, as another framework would give them. */
export function renamed(graph: Graph): Graph {
  const names = new Map(graph.nodes.map(({ name }, index) => [name, `value_${index}`]));
  const parameters = new Map<unknown, string>();
  const rename = (node: Node): Node => {
    const renamedFields = Object.fromEntries(
      Object.entries(node).map(([field, value]) => {
        const isParameter = ["weight", "bias", "gamma", "beta", "mean", "variance", "scale", "shift"].includes(field);
        if (!isParameter || typeof value !== "string") return [field, value];
        if (!parameters.has(value)) parameters.set(value, `parameter_${parameters.size}`);
        return [field, parameters.get(value)];
      }),
    );
    return {
      ...renamedFields,
      name: names.get(node.name)!,
      inputs: node.inputs.map((input) => names.get(input)!),
      module: "",
    } as unknown as Node;
  };
  return {
    ...graph,
    nodes: graph.nodes.map(rename),
    output: names.get(graph.output)!,
    modules: [{ path: "", type: "Renamed", output: names.get(graph.output)! }],
  };
}

/** The graph with fields of one node replaced. */
export function withNode(graph: Graph, name: string, change: Readonly<Record<string, unknown>>): Graph {
  if (!graph.nodes.some((node) => node.name === name)) throw new Error(`${graph.name} has no node ${name}`);
  const nodes = graph.nodes.map((node) => (node.name === name ? ({ ...node, ...change } as Node) : node));
  return { ...graph, nodes };
}
