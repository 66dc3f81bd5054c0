/**
 * Model-local functions (ModelProto.functions): PyTorch 2.1 to 2.8 writes its modules and its helpers as such. A call
 * becomes the nodes of the function's body, calls in there too.
 */
import { fail, show } from "./messages.js";
import { type AttributeProto, type FunctionProto, MAX_NODES, type NodeProto, type OpsetProto } from "./schema.js";
import { callScope } from "./scopes.js";

/** Functions call functions no deeper than modules nest. */
const MAX_DEPTH = 64;

/** A node of the flat graph, with the operator sets that it is written in. */
export interface PlacedNode {
  readonly node: NodeProto;
  readonly opsets: readonly OpsetProto[];
}

const plainDomain = (domain: string) => (domain === "ai.onnx" ? "" : domain);

/** A function and a call of it have the same key. */
function keyOf(domain: string, name: string, overload: string): string {
  return JSON.stringify([plainDomain(domain), name, overload]);
}

/** What a function's names and attributes stand for in one call. */
interface Call {
  readonly values: Map<string, string>;
  readonly attributes: ReadonlyMap<string, AttributeProto>;
  /** Makes the names of values inside unique. */
  readonly prefix: string;
  /** Where the nodes inside stand, for their names. */
  readonly scope: string | null;
  readonly metadata: NodeProto["metadata"];
}

function rename(value: string, { values, prefix }: Call): string {
  if (value === "") return "";
  const known = values.get(value);
  if (known !== undefined) return known;
  const inner = prefix + value;
  values.set(value, inner);
  return inner;
}

/** Attributes that refer to the caller's take its value, or the function's default; without either they are absent. */
function resolveAttributes(attributes: readonly AttributeProto[], call: Call): AttributeProto[] {
  return attributes.flatMap((attribute) => {
    if (attribute.reference === "") return [attribute];
    const given = call.attributes.get(attribute.reference);
    return given === undefined ? [] : [{ ...given, name: attribute.name, reference: "" }];
  });
}

function placeInCall(node: NodeProto, call: Call): NodeProto {
  return {
    ...node,
    name: call.scope === null ? node.name : `${call.scope}/${node.name === "" ? node.op : node.name}`,
    inputs: node.inputs.map((value) => rename(value, call)),
    outputs: node.outputs.map((value) => rename(value, call)),
    attributes: resolveAttributes(node.attributes, call),
    metadata: node.metadata.length > 0 ? node.metadata : call.metadata,
  };
}

/**
 * The nodes of a graph with all calls of model-local functions replaced by what these compute.
 * @throws XnorkitError `bad-graph` for a function that calls itself, for calls nested too deep, and if the graph
 *   becomes too large.
 */
export function inlineFunctions(
  nodes: readonly NodeProto[],
  opsets: readonly OpsetProto[],
  functions: readonly FunctionProto[],
): readonly PlacedNode[] {
  const bodies = new Map(functions.map((body) => [keyOf(body.domain, body.name, body.overload), body]));
  const placed: PlacedNode[] = [];
  const open: string[] = [];
  let visited = 0;
  let calls = 0;

  function expand(list: readonly NodeProto[], versions: readonly OpsetProto[], call: Call | null): void {
    for (const inner of list) {
      visited++;
      if (visited > MAX_NODES)
        fail("bad-graph", `the graph has more than ${MAX_NODES} nodes once its functions are inlined`);
      const node = call === null ? inner : placeInCall(inner, call);
      const key = keyOf(node.domain, node.op, node.overload);
      const body = bodies.get(key);
      if (body === undefined) {
        placed.push({ node, opsets: versions });
        continue;
      }
      if (open.includes(key) || open.length >= MAX_DEPTH) {
        const why = open.includes(key) ? "calls itself" : `is called ${MAX_DEPTH} functions deep`;
        fail("bad-graph", `function ${show(body.name)} of domain ${show(body.domain)} ${why}`);
      }
      open.push(key);
      expand(body.nodes, body.opsets.length > 0 ? body.opsets : versions, enter(node, body));
      open.pop();
    }
  }

  function enter(node: NodeProto, body: FunctionProto): Call {
    const values = new Map<string, string>();
    for (const [index, name] of body.inputs.entries()) values.set(name, node.inputs[index] ?? "");
    // A function may return one of its inputs as it is: then the output's name stays a copy of the input's.
    const copies: NodeProto[] = [];
    body.outputs.forEach((name, index) => {
      const output = node.outputs[index] ?? "";
      if (output === "") return;
      const known = values.get(name);
      if (known === undefined) values.set(name, output);
      else
        copies.push({
          ...node,
          op: "Identity",
          domain: "",
          overload: "",
          inputs: [known],
          outputs: [output],
          attributes: [],
        });
    });
    for (const copy of copies) placed.push({ node: copy, opsets });
    const attributes = new Map(
      [...body.attributeDefaults, ...node.attributes].map((attribute) => [attribute.name, attribute]),
    );
    calls++;
    return {
      values,
      attributes,
      prefix: `${node.outputs[0] ?? node.name}/${calls}/`,
      scope: callScope(node),
      metadata: node.metadata,
    };
  }

  expand(nodes, opsets, null);
  return placed;
}
