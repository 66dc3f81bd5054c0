/**
 * One unit of a network in DOT: its layers from x to what it returns, without names, so that units that are alike look
 * alike.
 */
import type { UnitDescription } from "../describe.js";
import { box, edge, GRAPH_HEAD, layerClass, layerLabel, shortcutEdges } from "./dot.js";

export function unitDot(unit: UnitDescription): string {
  const layers = unit.layers.filter(({ unused }) => !unused);
  const ids = new Map([
    [unit.reads, "x"],
    ...layers.map(({ name, notation }, index) => [name, `${index + 1} ${notation}`] as const),
  ]);
  const shortcut = shortcutEdges(unit);
  const boxes = layers.map((layer) => {
    const type = layerClass(layer);
    const shape = layer.outputShape.slice(1).join("x");
    const isNamed = type !== "sum" && layer.precision !== null;
    return box(ids.get(layer.name)!, isNamed ? `${layerLabel(layer)}\n${shape}` : layerLabel(layer), type);
  });
  const edges = layers.flatMap((layer) =>
    layer.reads.map((read) => edge(ids.get(read) ?? "x", ids.get(layer.name)!, shortcut.has(`${layer.name} ${read}`))),
  );
  return ["digraph unit {", ...GRAPH_HEAD, box("x", "x", "port"), ...boxes, ...edges, "}", ""].join("\n");
}
