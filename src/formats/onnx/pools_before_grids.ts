/**
 * A max pool behind a grid goes before it: rounding keeps the order of numbers, so that the largest level is that of
 * the largest number. Layers then read levels, which have planes of bits; the largest of levels has none
 * (compiler/binary).
 */
import { type OnnxNode, OWN_DOMAIN, readers } from "./network.js";
import { type Rewritten, startEdit } from "./network_edit.js";

/** The network with each max pool that alone reads a grid before it. */
export function movePoolsBeforeGrids({ network, shapes }: Rewritten): Rewritten {
  const readersOf = readers(network.nodes);
  const grids = new Map<OnnxNode, OnnxNode>();
  for (const node of network.nodes) {
    const [output] = node.outputs;
    const [reader, ...others] = readersOf.get(output) ?? [];
    if (node.domain !== OWN_DOMAIN || node.op !== "FakeQuantize" || output === network.output) continue;
    const isPool = reader?.domain === "" && reader.op === "MaxPool" && others.length === 0;
    if (isPool && reader.outputs.length === 1) grids.set(reader, node);
  }
  if (grids.size === 0) return { network, shapes };
  const edit = startEdit(network, shapes);
  const moved = new Set(grids.values());
  for (const node of network.nodes) {
    const grid = grids.get(node);
    if (grid !== undefined) {
      const [output] = node.outputs;
      const largest = edit.fresh(output);
      edit.nodes.push({ ...node, inputs: grid.inputs, outputs: [largest] });
      edit.nodes.push({ ...grid, inputs: [largest], outputs: [output] });
    } else if (!moved.has(node)) {
      edit.nodes.push(node);
    }
  }
  return edit.finish();
}
