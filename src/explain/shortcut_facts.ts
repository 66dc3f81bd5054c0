/** `shortcuts`: which tensor each shortcut reads, where it is added, and how much of the sum it is. */
import type { Graph, Node } from "../graph/types.js";
import type { Examined, Fact } from "./facts.js";
import type { Outline } from "./outline.js";
import { agreement, disagreement, type Numbers, type Proof } from "./proofs/numbers.js";
import { type Meeting, meetingsOf, shareOfVariance, sumOf } from "./sums.js";

/** Below this share of the variance a shortcut is said to carry no signal. */
const NO_SIGNAL = 1e-6;

/** A value in the place that it has in the result, zeros elsewhere. */
function inPlace({ node, passed }: Meeting, value: Numbers, whole: Numbers): Numbers {
  if (node.kind === "add") {
    const zeros: Numbers = { shape: whole.shape, data: new Float64Array(whole.data.length) };
    return passed === 0 ? value : sumOf(node, zeros, value);
  }
  return value;
}

function proofs(examined: Examined, { node, shortcut }: Meeting, whole: Numbers): readonly Proof[] {
  if (node.kind !== "add") return [];
  const [first, second] = node.inputs.map((name) => examined.value(name));
  return [
    agreement(
      `${node.name} is ${node.inputs.join(" + ")}, shortcut ${shortcut.reads}, on ${examined.input}`,
      whole,
      sumOf(node, first, second),
    ),
  ];
}

function shortcutFact(examined: Examined, meeting: Meeting): Fact {
  const { node, shortcut, passed } = meeting;
  const whole = examined.value(node.name);
  const value = examined.value(node.inputs[passed]);
  const share =
    node.kind === "add"
      ? shareOfVariance(inPlace(meeting, value, whole).data, whole.data)
      : value.data.length / whole.data.length;
  const carries = node.kind === "concat" ? value.data.some((number) => number !== 0) : Math.abs(share) > NO_SIGNAL;
  const what = shortcut.via === "" ? shortcut.reads : `${shortcut.via} of ${shortcut.reads}`;
  const percent = `${(100 * share).toFixed(1)} %`;
  const text =
    node.kind === "add"
      ? `${what} is added after ${shortcut.addedAfter} at ${node.name}: ` +
        `${carries ? `${percent} of the sum's variance` : "it carries no signal"}`
      : `${what} is joined with ${shortcut.addedAfter} at ${node.name}: ` +
        `${percent} of the channels${carries ? "" : ", all zeros"}`;
  return {
    path: node.name,
    kind: "shortcut",
    text,
    data: {
      reads: shortcut.reads,
      via: shortcut.via,
      addedAfter: shortcut.addedAfter,
      how: shortcut.how,
      share,
      carries,
    },
    proofs: proofs(examined, meeting, whole),
  };
}

/** The network with zeros in place of what its added shortcuts pass. */
export function withoutShortcuts(graph: Graph, meetings: readonly Meeting[]): Graph {
  const cut = new Map(
    meetings.filter(({ node }) => node.kind === "add").map(({ node, passed }) => [node.name, passed]),
  );
  const nodes = graph.nodes.flatMap((node): readonly Node[] => {
    const passed = cut.get(node.name);
    if (passed === undefined) return [node];
    const zeros = `${node.name}:no shortcut`;
    return [
      { kind: "scale", name: zeros, inputs: [node.inputs[passed]], module: node.module, factor: 0 },
      { ...node, inputs: node.inputs.map((input, index) => (index === passed ? zeros : input)) },
    ];
  });
  return { ...graph, nodes };
}

async function allFact(examined: Examined, meetings: readonly Meeting[]): Promise<Fact> {
  const { graph } = examined.model;
  const added = meetings.filter(({ node }) => node.kind === "add");
  const right = examined.value(graph.output);
  const wrong = await examined.runChanged(withoutShortcuts(graph, meetings));
  const proof = disagreement(`the output without the ${added.length} shortcuts, on ${examined.input}`, right, wrong);
  const text = proof.holds
    ? `the shortcuts work: without them the output is another one, by up to ${proof.value.toPrecision(3)}`
    : "the shortcuts do nothing: without them the output is the same";
  return {
    path: "",
    kind: "all",
    text,
    data: { count: added.length, works: proof.holds },
    proofs: [{ ...proof, holds: true }],
  };
}

export async function shortcutFacts(examined: Examined): Promise<readonly Fact[]> {
  const meetings = meetingsOf(examined.outline);
  if (meetings.length === 0) {
    return [{ path: "", kind: "none", text: "there are no shortcuts", data: { count: 0 }, proofs: [] }];
  }
  const facts = meetings.map((meeting) => shortcutFact(examined, meeting));
  return meetings.some(({ node }) => node.kind === "add") ? [await allFact(examined, meetings), ...facts] : facts;
}

/** The values that the facts look at. */
export function shortcutValues(outline: Outline): readonly string[] {
  const meetings = meetingsOf(outline);
  const output = meetings.length === 0 ? [] : [outline.flow.graph.output];
  return [...new Set([...meetings.flatMap(({ node }) => [node.name, ...node.inputs]), ...output])];
}
