/** The same network in floats: what its layers on bits cost if ±1 are 32-bit floats, as in frameworks. */
import { type Graph, type Node, summarize } from "../../../src/index.js";

/** A name that no node has. */
function freeName(wanted: string, taken: ReadonlySet<string>): string {
  let name = wanted;
  while (taken.has(name)) name += "'";
  return name;
}

/**
 * The graph with a multiplication by 1 behind each quantiser: its values are floats then to whoever reads them, so that
 * convolutions and dense layers multiply floats. It computes the same numbers but for the rounding of sums.
 */
export function floatTwin(graph: Graph): Graph {
  const names = new Set(graph.nodes.map(({ name }) => name));
  const floats = new Map<string, string>();
  const nodes = graph.nodes.flatMap((node): readonly Node[] => {
    const own = { ...node, inputs: node.inputs.map((input) => floats.get(input) ?? input) } as Node;
    if (node.kind !== "quantize") return [own];
    const name = freeName(`${node.name} as floats`, names);
    names.add(name);
    floats.set(node.name, name);
    return [own, { kind: "scale", name, inputs: [node.name], module: node.module, factor: 1 }];
  });
  const output = floats.get(graph.output) ?? graph.output;
  return { ...graph, nodes, output };
}

/** Bytes of the parameters as 32-bit floats, as a file of the framework holds them. */
export function floatBytes(graph: Graph): number {
  return 4 * summarize(graph).totals.parameters;
}
