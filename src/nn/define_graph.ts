/**
 * Graphs made by hand, layer by layer: what is left out gets its default, what is wrong is told by the layer's name.
 */
import { objectArgument, optionsArgument, refuseArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import type { GraphOptions } from "../graph/builder.js";
import { graphFromJson } from "../graph/json.js";
import type { NodeBase } from "../graph/nodes/record.js";
import { checkFields } from "../graph/read_node.js";
import type { ComputedNode, Graph, InputNode, Module, Node } from "../graph/types.js";
import type { Shape } from "../tensor.js";
import { type PaddingSize, paddingOf, pair, type Size } from "./layer.js";
import { type DefaultedField, nodeDefaults } from "./node_defaults.js";

/** Sizes of windows may be one number for both axes. */
type FieldOf<N, F extends keyof N> = F extends "kernel" | "stride" | "dilation"
  ? Size
  : F extends "padding"
    ? PaddingSize
    : N[F];

type Draft<N extends ComputedNode> = N extends ComputedNode
  ? { readonly [F in keyof N as Exclude<F, keyof NodeBase | DefaultedField<N["kind"]>>]: FieldOf<N, F> } & {
      readonly [F in keyof N as Extract<F, DefaultedField<N["kind"]>>]?: FieldOf<N, F>;
    }
  : never;

/**
 * A layer of a graph made by hand: its `kind`, and of its fields those that have no default. Without `name` it is
 * called after its kind and place (`relu_2`), without `inputs` it reads the layer before it, without `module` it is a
 * module of its own. Parameters are named after the layer: `conv1.weight`.
 */
export type NodeDraft = (Draft<ComputedNode> | Pick<InputNode, "kind">) & {
  readonly name?: string;
  /** Names of the values read; one may stand without a list. */
  readonly inputs?: string | readonly string[];
  readonly module?: string;
};

/** A graph made by hand. */
export interface GraphDraft extends GraphOptions {
  /** Default "network". */
  readonly name?: string;
  /** In the layout at the ports: [batch, channels, height, width] as a rule, or [batch, features]. */
  readonly inputShape: Shape;
  /** In the order of computation. The input, named "input", may be left out. */
  readonly nodes: readonly NodeDraft[];
  /** The value that the network returns; default the last layer's. */
  readonly output?: string;
  /** Default the modules that the layers' names tell: `body.conv1` belongs to `body`. */
  readonly modules?: readonly Module[];
}

const DRAFT_FIELDS: readonly (keyof GraphDraft)[] = [
  ...(["name", "inputShape", "layout", "nodes", "output", "modules", "preprocess", "labels"] as const),
];

type Fields = Readonly<Record<string, unknown>>;

function windowSizes(fields: Fields): Fields {
  const { kernel, stride = kernel, dilation, padding } = fields as Readonly<Record<string, Size | undefined>>;
  return {
    ...fields,
    ...(kernel !== undefined && { kernel: pair(kernel), stride: pair(stride as Size) }),
    ...(dilation !== undefined && { dilation: pair(dilation) }),
    ...(padding !== undefined && { padding: paddingOf(padding) }),
  };
}

function completed(draft: NodeDraft, index: number, before: string): Node {
  const {
    kind,
    name = kind === "input" ? "input" : `${kind}_${index}`,
    ...rest
  } = objectArgument("defineGraph", `nodes[${index}]`, "{ kind, ... }", draft);
  if (typeof kind !== "string" || typeof name !== "string") {
    throw new XnorkitError("bad-graph", `nodes[${index}] must have a kind, and a name that is a text if it has one`);
  }
  if (kind === "input") return { kind, name, inputs: [], module: "" };
  const { inputs = [before], module = name, ...fields } = rest;
  const defaults = Object.hasOwn(nodeDefaults, kind) ? nodeDefaults[kind as keyof typeof nodeDefaults](name) : {};
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  return {
    kind,
    name,
    inputs: typeof inputs === "string" ? [inputs] : inputs,
    module,
    ...windowSizes({ ...defaults, ...given }),
  } as unknown as Node;
}

/**
 * A graph from a list of layers. Defaults take the place of what is left out (`NodeDraft`, `GraphDraft`); null stands
 * for no preprocessing and no labels.
 * @throws XnorkitError `bad-graph` and `bad-shape` with the layer's name, `bad-option` for arguments of another kind.
 */
export function defineGraph(draft: GraphDraft): Graph {
  const {
    name = "network",
    inputShape,
    layout,
    nodes,
    output,
    modules,
    preprocess,
    labels,
  } = optionsArgument("defineGraph", DRAFT_FIELDS, draft);
  if (!Array.isArray(nodes)) refuseArgument("defineGraph", "nodes", "a list of layers", nodes);
  const hasInput = (nodes as readonly NodeDraft[])[0]?.kind === "input";
  const drafts: readonly NodeDraft[] = hasInput ? nodes : [{ kind: "input" }, ...nodes];
  const all: Node[] = [];
  for (const [index, each] of drafts.entries()) {
    const node = completed(each, index, all.at(-1)?.name ?? "");
    checkFields(node);
    all.push(node);
  }
  return graphFromJson({
    name,
    inputShape,
    nodes: all,
    output: output ?? all.at(-1)!.name,
    ...(layout !== undefined && { layout }),
    ...(modules !== undefined && { modules }),
    ...(preprocess && { preprocess }),
    ...(labels && { labels }),
  });
}
