/**
 * One unit of a network in DOT: its layers from x to what it returns, without names, so that units that are alike look
 * alike.
 */
import type { UnitDescription } from "../describe.js";
import type { Times } from "../times.js";
import { box, edge, GRAPH_HEAD, layerClass, layerLabel, shortcutEdges, timeLine } from "./dot.js";

export function unitDot(unit: UnitDescription, times: Times | null = null): string {
  const layers = unit.layers.filter(({ unused }) => !unused);
  const ids = new Map([
    [unit.reads, "x"],
    ...layers.map(({ name, notation }, index) => [name, `${index + 1} ${notation}`] as const),
  ]);
  const shortcut = shortcutEdges(unit);
  const boxes = layers.map((layer) => {
    const type = layerClass(layer);
    const shape = layer.outputShape.slice(1).join("x");
    if (type === "sum") return box(ids.get(layer.name)!, layerLabel(layer), type);
    const lines = [
      layerLabel(layer),
      ...(layer.precision === null ? [] : [shape]),
      ...timeLine(times?.layers.get(layer.name)),
    ];
    return box(ids.get(layer.name)!, lines.join("\n"), type);
  });
  const edges = layers.flatMap((layer) =>
    layer.reads.map((read) => edge(ids.get(read) ?? "x", ids.get(layer.name)!, shortcut.has(`${layer.name} ${read}`))),
  );
  return ["digraph unit {", ...GRAPH_HEAD, box("x", "x", "port"), ...boxes, ...edges, "}", ""].join("\n");
}
