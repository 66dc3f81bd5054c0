/**
 * An .onnx file as a network: versions checked, functions inlined, the one input and the one output found, constants
 * decoded.
 */
import { type ExternalData, externalReader, externalSize } from "./external_data.js";
import { inlineFunctions, type PlacedNode } from "./functions.js";
import { fail, list, show } from "./messages.js";
import { type Attribute, type InputDims, type Network, type OnnxNode, orderNodes } from "./network.js";
import { checkArity } from "./ops/arity.js";
import { operatorRow } from "./ops/table.js";
import {
  type AttributeProto,
  type ModelProto,
  makeModel,
  modelFields,
  type OpsetProto,
  type TensorProto,
  type ValueInfoProto,
} from "./schema.js";
import { decodeTensor, elementType, type OnnxTensor } from "./tensors.js";
import { readMessage } from "./wire.js";

/** The versions whose operators are known; older ones broadcast in another way. */
const OPSETS = { oldest: 7, newest: 23 } as const;
const IR_VERSIONS = { oldest: 3, newest: 11 } as const;

/** What a file says beside its network. */
export interface OnnxModel {
  readonly network: Network;
  /** The axes of the input as the file states them; null if it states none. */
  readonly inputDims: InputDims | null;
  /** The size of the files beside the model that its tensors lie in. */
  readonly externalBytes: number;
  /** `metadata_props`. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** The message that fills the file. @throws XnorkitError `bad-file` if it is none. */
export function readModelProto(content: Uint8Array): ModelProto {
  const model = readMessage(content, modelFields, makeModel, "the .onnx file");
  const { irVersion } = model;
  if (model.graph === undefined || irVersion === 0) {
    fail("bad-file", "the file holds no ONNX model: there is no graph in it, or no IR version");
  }
  if (irVersion < IR_VERSIONS.oldest || irVersion > IR_VERSIONS.newest) {
    fail(
      "unsupported",
      `the file has IR version ${irVersion}, expected ${IR_VERSIONS.oldest} to ${IR_VERSIONS.newest}: ` +
        `export it again with an operator set of ${OPSETS.oldest} to ${OPSETS.newest}`,
    );
  }
  return model;
}

function decodeAttribute(
  attribute: AttributeProto,
  external: (proto: TensorProto, byteLength: number) => Uint8Array,
): Attribute {
  switch (attribute.type) {
    case 1:
      return { kind: "float", value: attribute.f };
    case 2:
      return { kind: "int", value: attribute.i };
    case 3:
      return { kind: "string", value: new TextDecoder().decode(attribute.s ?? new Uint8Array(0)) };
    case 4:
      return attribute.t === undefined
        ? { kind: "other" }
        : { kind: "tensor", value: decodeTensor(attribute.t, external) };
    case 6:
      return { kind: "floats", value: Array.from(attribute.floats) };
    case 7:
      return { kind: "ints", value: Array.from(attribute.ints) };
    default:
      return { kind: "other" };
  }
}

function plainDomain(domain: string): string {
  return domain === "ai.onnx" ? "" : domain;
}

/** The version of a node's domain. A custom domain that the file does not import is taken as version 1. */
function versionOf(domain: string, opsets: readonly OpsetProto[]): number {
  const found = opsets.find((opset) => plainDomain(opset.domain) === domain)?.version;
  if (domain !== "") return found ?? 1;
  if (found === undefined) return fail("bad-file", "the file does not say which operator set of ONNX it is written in");
  if (found >= OPSETS.oldest && found <= OPSETS.newest) return found;
  return fail(
    "unsupported",
    `the file is written in operator set ${found}, but ${OPSETS.oldest} to ${OPSETS.newest} are read: ` +
      "export it again with one of these",
  );
}

function placeNode(
  { node, opsets }: PlacedNode,
  external: (proto: TensorProto, byteLength: number) => Uint8Array,
): OnnxNode {
  const domain = plainDomain(node.domain);
  const attributes = new Map(
    node.attributes.map((attribute) => [attribute.name, decodeAttribute(attribute, external)] as const),
  );
  const { name, op, inputs, outputs } = node;
  const said = new Map(node.metadata.map(({ key, value }) => [key, value]));
  const paths = said.get("pkg.torch.onnx.name_scopes");
  const modules = paths === undefined ? null : { paths, classes: said.get("pkg.torch.onnx.class_hierarchy") ?? "" };
  const version = versionOf(domain, opsets);
  return { name, domain, op, version, inputs, outputs, attributes, ...(modules !== null && { modules }) };
}

/** The input that no tensor of the file fills; older exporters list the parameters among the inputs. */
function findInput(inputs: readonly ValueInfoProto[], isParameter: (name: string) => boolean): ValueInfoProto {
  const real = inputs.filter(({ name }) => !isParameter(name));
  if (real.length === 1) return real[0];
  const names = list(real.map(({ name }) => show(name)));
  return fail("unsupported", `the network has ${real.length} inputs${names === "" ? "" : ` (${names})`}, expected 1`);
}

function dimsOf(input: ValueInfoProto): InputDims | null {
  const tensor = input.type?.tensor;
  if (tensor === undefined) return null;
  const type = elementType(tensor.elementType);
  if (type === null || type === "bool") {
    fail("unsupported", `input ${show(input.name)} has data type ${tensor.elementType}, expected numbers`);
  }
  if (tensor.shape === undefined) return null;
  return tensor.shape.dims.map(({ value }) => {
    if (value === undefined || value === 0 || value === -1) return null;
    if (Number.isSafeInteger(value) && value > 0) return value;
    return fail("bad-file", `input ${show(input.name)} has an axis of size ${value}`);
  });
}

/** The values of all constants that the nodes read: initialisers, and what Constant nodes hold. */
function decodeConstants(
  nodes: readonly OnnxNode[],
  output: string,
  initializers: ReadonlyMap<string, TensorProto>,
  external: (proto: TensorProto, byteLength: number) => Uint8Array,
): ReadonlyMap<string, OnnxTensor> {
  const constants = new Map<string, OnnxTensor>();
  for (const name of [...nodes.flatMap(({ inputs }) => inputs), output]) {
    const proto = initializers.get(name);
    if (proto !== undefined && !constants.has(name)) constants.set(name, decodeTensor(proto, external));
  }
  return constants;
}

/**
 * Reads a model.
 * @param files The files beside it that its tensors lie in.
 * @throws XnorkitError `bad-file` for what is no ONNX model, is damaged, or lacks a file beside it; `unsupported` for
 *   versions that are not known and for networks of more than one input or output; `bad-graph` for cycles and values
 *   that nobody computes.
 */
export function readModel(content: Uint8Array, files?: ExternalData): OnnxModel {
  const model = readModelProto(content);
  const graph = model.graph!;
  if (graph.sparseInitializer !== undefined) fail("unsupported", "the file holds sparse tensors, which are not read");
  const initializers = new Map<string, TensorProto>();
  for (const proto of graph.initializers) {
    if (initializers.has(proto.name)) fail("bad-graph", `the file holds two tensors named ${show(proto.name)}`);
    initializers.set(proto.name, proto);
  }
  const placed = inlineFunctions(graph.nodes, model.opsets, model.functions);
  const attributeTensors = placed.flatMap(({ node }) =>
    node.attributes.flatMap(({ t }) => (t === undefined ? [] : [t])),
  );
  const tensors = [...graph.initializers, ...attributeTensors];
  const external = externalReader(tensors, files);
  const input = findInput(graph.inputs, (name) => initializers.has(name));
  if (graph.outputs.length !== 1) {
    const names = list(graph.outputs.map(({ name }) => show(name)));
    fail(
      "unsupported",
      `the network has ${graph.outputs.length} outputs${names === "" ? "" : ` (${names})`}, expected 1`,
    );
  }
  const output = graph.outputs[0].name;
  const all = placed.map((node) => placeNode(node, external));
  const nodes = orderNodes(all, output, (value) => value === input.name || initializers.has(value));
  for (const node of nodes) checkArity(node, operatorRow(node) !== null);
  return {
    network: {
      name: graph.name,
      nodes,
      constants: decodeConstants(nodes, output, initializers, external),
      input: input.name,
      output,
    },
    inputDims: dimsOf(input),
    externalBytes: externalSize(tensors, files),
    metadata: new Map(model.metadata.map(({ key, value }) => [key, value])),
  };
}
