/** `passes`: what each pass of the compiler did, operations in the one-line notation. */

import { fromGraph, unpackedName } from "../compiler/from_graph.js";
import { heldValues } from "../compiler/held_values.js";
import type { Op } from "../compiler/ops/index.js";
import { passes } from "../compiler/passes.js";
import { printOp } from "../compiler/print.js";
import { inferShapes } from "../graph/shapes.js";
import { runReference } from "../reference/index.js";
import { createSession } from "../runtime/session.js";
import { largestMagnitude } from "../tensor.js";
import type { Examined, Fact } from "./facts.js";
import { ancestorsWithin } from "./flow.js";
import type { Numbers, Proof } from "./proofs/numbers.js";

/** How far an element may lie off, times the largest: the tolerance of kernels. */
const TOLERANCE = 1e-4;
/**
 * The share of elements beyond it: a sign within rounding of its threshold may turn, and moves what is under its
 * window.
 */
const TURNED = 0.05;

/** Lines of one text that the other does not have. */
function without(lines: readonly string[], others: readonly string[]): readonly string[] {
  const known = new Set(others);
  return lines.filter((line) => !known.has(line));
}

function passFact(name: string, before: readonly Op[], after: readonly Op[]): Fact {
  const [old, fresh] = [before.map(printOp), after.map(printOp)];
  const [gone, come] = [without(old, fresh), without(fresh, old)];
  const changed = gone.length + come.length;
  const first = come[0] ?? gone[0];
  const isMoved = old.some((line, index) => line !== fresh[index]);
  const text =
    changed === 0
      ? `${name}: the ${before.length} operations stay ${isMoved ? "the same, in another order" : "as they are"}`
      : `${name}: ${before.length} operations become ${after.length}; ${gone.length} go, ` +
        `${come.length} come, the first: ${first}`;
  return {
    path: name,
    kind: "pass",
    text,
    data: { before: before.length, after: after.length, gone, come },
    proofs: [],
  };
}

/**
 * The compiled beginning of the network, up to its first unit in a stage, against the reference: few signs can turn
 * there.
 */
async function proofOf({ model, outline, value, input }: Examined): Promise<readonly Proof[]> {
  const { flow, parts } = outline;
  const unit = parts.find(({ role }) => role === "stage")?.units[0] ?? parts[0]?.units[0];
  if (unit === undefined) return [];
  const output = unit.nodes[unit.nodes.length - 1].name;
  const nodes = model.graph.nodes.filter(({ kind }) => kind === "input");
  const graph = {
    ...model.graph,
    nodes: [...nodes, ...ancestorsWithin(flow.live, output)],
    output,
    modules: [{ path: "", type: "Part", output }],
  };
  const names = new Set(
    graph.nodes.flatMap((node) => Object.values(node).filter((field) => typeof field === "string")),
  );
  const weights = new Map([...model.weights].filter(([name]) => names.has(name)));
  const { shape, data } = value(flow.input);
  const x = { shape, data: Float32Array.from(data) };
  const expected: Numbers = runReference(graph, weights, x).output;
  const session = await createSession({ graph, weights }, { inputShape: shape });
  const actual = session.run(x);
  session.dispose();
  const bound = TOLERANCE * Math.max(1, largestMagnitude(expected.data));
  const off = Float64Array.from(expected.data).reduce(
    (count, number, i) => count + (Math.abs(number - actual.data[i]) > bound ? 1 : 0),
    0,
  );
  const share = off / expected.data.length;
  return [
    {
      what:
        `share of the elements of ${output} that the compiled network gives otherwise than the ` +
        `reference, on ${input}`,
      value: share,
      limit: TURNED,
      mustAgree: true,
      holds: share <= TURNED,
    },
  ];
}

export async function passFacts(examined: Examined): Promise<readonly Fact[]> {
  const { graph, weights } = examined.model;
  const shapes = inferShapes(graph);
  const first = fromGraph(graph, weights, (name) => shapes.get(name)!);
  const isFloat = heldValues(graph).get(graph.output)?.code === null;
  const kept = new Set([isFloat ? graph.output : unpackedName(graph.output)]);
  const facts: Fact[] = [];
  let current = first;
  for (const { name, run } of passes) {
    const after = run(current, kept, (value) => shapes.get(value)?.[1]);
    facts.push(passFact(name, current, after));
    current = after;
  }
  const whole: Fact = {
    path: "",
    kind: "all",
    text: `${graph.nodes.length} nodes are ${first.length} operations, which the passes make ${current.length}`,
    data: { nodes: graph.nodes.length, before: first.length, after: current.length, operations: current.map(printOp) },
    proofs: await proofOf(examined),
  };
  return [whole, ...facts];
}
