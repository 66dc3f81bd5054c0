/**
 * What stands around the batch norms of a network: the layer before, the layers that read them, the next batch norm.
 */
import type { BatchNormNode, Node } from "../graph/types.js";
import { type Flow, isWeighted } from "./flow.js";

type Sign = Extract<Node, { kind: "quantize" }>;

export interface Surroundings {
  readonly node: BatchNormNode;
  /** The layer that it reads; null if that is the input. */
  readonly before: Node | null;
  /**
   * The layer with weights whose output reaches it through layers that change values (ReLU, pooling, sums); null if
   * there is none.
   */
  readonly beyond: Node | null;
  readonly readers: readonly Node[];
  /** Signs that read it, shifted or padded on the way or not. */
  readonly signs: readonly Sign[];
  /** Batch norms that follow with nothing between, or a ReLU or a maximum. */
  readonly next: readonly Chain[];
}

/** From one batch norm to the next. */
export interface Chain {
  readonly between: readonly Node[];
  readonly next: BatchNormNode;
  /** Layers beside the chain that read the first batch norm or what is between. */
  readonly others: readonly { readonly value: string; readonly reader: Node }[];
}

/** f(c x) = c f(x) for c >= 0: what a positive factor can pass. */
const PASS_POSITIVE: ReadonlySet<Node["kind"]> = new Set(["relu", "maxPool"]);

function chainsFrom({ readers }: Flow, node: BatchNormNode): readonly Chain[] {
  const chains: Chain[] = [];
  const walk = (value: string, between: readonly Node[]) => {
    for (const reader of readers.get(value) ?? []) {
      if (reader.kind === "batchNorm") {
        const path = [node, ...between];
        const onPath = new Set<Node>([...between, reader]);
        const others = path.flatMap(({ name }) =>
          (readers.get(name) ?? [])
            .filter((other) => !onPath.has(other))
            .map((other) => ({ value: name, reader: other })),
        );
        chains.push({ between, next: reader, others });
      } else if (PASS_POSITIVE.has(reader.kind)) {
        walk(reader.name, [...between, reader]);
      }
    }
  };
  walk(node.name, []);
  return chains;
}

function signsFrom({ readers }: Flow, value: string): readonly Sign[] {
  return (readers.get(value) ?? []).flatMap((reader) => {
    if (reader.kind === "quantize") return reader.bits === 1 && reader.method !== "round" ? [reader] : [];
    return reader.kind === "crop" ? signsFrom({ readers } as Flow, reader.name) : [];
  });
}

function weightedBeyond({ byName }: Flow, start: Node): Node | null {
  let current: Node | undefined = start;
  while (current !== undefined && !isWeighted(current)) current = byName.get(current.inputs[0] ?? "");
  return current ?? null;
}

/** All batch norms that run, in order. */
export function batchNormSurroundings(flow: Flow): readonly Surroundings[] {
  return flow.live.flatMap((node): readonly Surroundings[] => {
    if (node.kind !== "batchNorm") return [];
    const producer = flow.byName.get(node.inputs[0])!;
    const before = producer.kind === "input" ? null : producer;
    return [
      {
        node,
        before,
        beyond: before === null ? null : weightedBeyond(flow, before),
        readers: flow.readers.get(node.name) ?? [],
        signs: signsFrom(flow, node.name),
        next: chainsFrom(flow, node),
      },
    ];
  });
}
