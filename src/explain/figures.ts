/** What parts of a network cost, by the counting rule of `summarize`, for any division of its layers. */
import { summarize } from "../graph/cost.js";
import type { Graph, Node } from "../graph/types.js";
import type { Shape } from "../tensor.js";

/** Counts of one run, batch included. */
export interface Figures {
  /** Weights, biases, gamma and beta; no running statistics; a shared parameter at its first layer. */
  readonly parameters: number;
  /** 4 a float weight or bias, 8 a batch norm channel, 1/8 a binary weight; whole bytes. */
  readonly packedBytes: number;
  /** Multiply-accumulates of convolutions with 1-bit weights. */
  readonly binaryMacs: number;
  /** Multiply-accumulates of all other convolutions. */
  readonly floatMacs: number;
  /** Multiply-accumulates of dense layers. */
  readonly denseMacs: number;
}

/**
 * The figures of each division: `divisionOf` names the one that a layer belongs to. The network is counted with its
 * divisions in place of its modules, so that there is one rule of counting.
 */
export function figuresBy(
  graph: Graph,
  divisionOf: (node: Node) => string,
  inputShape?: Shape,
): ReadonlyMap<string, Figures> {
  const paths = new Map<string, string>();
  const nodes = graph.nodes.map((node) => {
    if (node.kind === "input") return node;
    const division = divisionOf(node);
    const path = paths.get(division) ?? `d${paths.size}`;
    paths.set(division, path);
    return { ...node, module: path };
  });
  const modules = ["", ...paths.values()].map((path) => ({ path, type: "", output: graph.output }));
  const rows = new Map(summarize({ ...graph, nodes, modules }, inputShape).layers.map((row) => [row.path, row]));
  return new Map(
    [...paths].map(([division, path]) => {
      const { parameters, packedBytes, binaryMacs, floatMacs, denseMacs } = rows.get(path)!;
      return [division, { parameters, packedBytes, binaryMacs, floatMacs, denseMacs }];
    }),
  );
}
