/** How the values of a graph are held: as bits, in planes that a quantiser gave them, or as floats, and why. */
import { quoteName } from "../graph/suggest.js";
import type { Graph, Node } from "../graph/types.js";
import { type ActivationCode, activationCode, gridCode, maxBits } from "./binary/codes.js";
import { isMoving, movedCode } from "./binary/moved_codes.js";

/** A value as bits of a code; or as floats, with a clause that says where they come from. */
export type Held =
  | { readonly code: ActivationCode; readonly reason: null }
  | { readonly code: null; readonly reason: string };

const bits = (code: ActivationCode): Held => ({ code, reason: null });
const floats = (reason: string): Held => ({ code: null, reason });

/** The values that layers with quantised weights read, and what these are moved from. */
function readByLayers({ nodes }: Graph): ReadonlySet<string> {
  const read = new Set<string>();
  for (let i = nodes.length - 1; i >= 0; i--) {
    const { kind, name, inputs } = nodes[i];
    const isLayer = kind === "binaryConv2d" || kind === "binaryDense";
    if (isLayer || (isMoving(nodes[i]) && read.has(name))) for (const input of inputs) read.add(input);
  }
  return read;
}

function held(node: Node, inputs: readonly Held[], isReadByLayers: boolean): Held {
  const name = quoteName(node.name);
  if (node.kind === "input") return floats(`${name} is the network's input`);
  if (node.kind === "quantize") {
    const code = activationCode(node.method, node.bits);
    if (code !== null) return bits(code);
    const levels = node.method === "round" || node.method === "dorefa";
    if (!levels) return floats(`${name} (${node.method}) gives no values of few bits`);
    return floats(`${name} gives ${node.bits} bits, but at most ${maxBits} are worth planes`);
  }
  if (node.kind === "fakeQuantize" && isReadByLayers) {
    const code = gridCode(node);
    if (code !== null) return bits(code);
  }
  if (!isMoving(node)) return floats(`${name} (${node.kind}) gives floats`);
  const unheld = inputs.find(({ code }) => code === null);
  if (unheld !== undefined) return unheld;
  const code = movedCode(
    node,
    inputs.flatMap((input) => (input.code === null ? [] : [input.code])),
  );
  return typeof code === "string" ? floats(code) : bits(code);
}

/**
 * Of each value by its name. Bits that are moved stay bits, whoever reads them; values that integers stand for are bits
 * only if a layer with quantised weights reads them.
 */
export function heldValues(graph: Graph): ReadonlyMap<string, Held> {
  const values = new Map<string, Held>();
  const read = readByLayers(graph);
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => values.get(input)!);
    values.set(node.name, held(node, inputs, read.has(node.name)));
  }
  return values;
}
