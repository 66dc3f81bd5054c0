/**
 * The messages of an ONNX file, as far as importing needs them. Source: onnx/onnx.proto of github.com/onnx/onnx, IR
 * versions 3 to 11.
 */
import {
  bytes,
  doubles,
  EMPTY,
  type Fields,
  float,
  floats,
  int32,
  int64,
  integers,
  many,
  type NumberList,
  one,
  text,
  texts,
} from "./wire.js";

/** Far above any network: a ResNet-152 with Bi-Real's polynomial before every convolution has 6,000 nodes. */
export const MAX_NODES = 25_000;
const MAX_LIST = 1 << 16;
const MAX_AXES = 32;
const MAX_ELEMENTS = 2 ** 30;

/** A key and a value: where external data lies, or what a file says of itself. */
export interface EntryProto {
  key: string;
  value: string;
}

export interface TensorProto {
  dims: NumberList;
  dataType: number;
  name: string;
  rawData?: Uint8Array;
  floatData: NumberList;
  int32Data: NumberList;
  int64Data: NumberList;
  doubleData: NumberList;
  /** Views of the file's bytes: strings are read by nobody. */
  hasStrings?: Uint8Array;
  externalData: EntryProto[];
  dataLocation: number;
  segment?: Uint8Array;
}

export interface AttributeProto {
  name: string;
  /** Name of the attribute of the calling node, inside a function. */
  reference: string;
  type: number;
  f: number;
  i: number;
  s?: Uint8Array;
  t?: TensorProto;
  /** A subgraph's bytes; control flow is not computed. */
  g?: Uint8Array;
  floats: NumberList;
  ints: NumberList;
}

export interface NodeProto {
  inputs: string[];
  outputs: string[];
  name: string;
  op: string;
  domain: string;
  /** Which function of a name is meant, where a domain has several. */
  overload: string;
  attributes: AttributeProto[];
  /** What the exporter says of the node: PyTorch's modules and their classes, since version 2.6. */
  metadata: EntryProto[];
}

export interface DimensionProto {
  value?: number;
  parameter?: string;
}

export interface ShapeProto {
  dims: DimensionProto[];
}

export interface TensorTypeProto {
  elementType: number;
  shape?: ShapeProto;
}

export interface TypeProto {
  tensor?: TensorTypeProto;
}

export interface ValueInfoProto {
  name: string;
  type?: TypeProto;
}

export interface GraphProto {
  name: string;
  nodes: NodeProto[];
  initializers: TensorProto[];
  inputs: ValueInfoProto[];
  outputs: ValueInfoProto[];
  sparseInitializer?: Uint8Array;
}

export interface OpsetProto {
  domain: string;
  version: number;
}

export interface FunctionProto {
  name: string;
  domain: string;
  overload: string;
  inputs: string[];
  outputs: string[];
  attributeNames: string[];
  attributeDefaults: AttributeProto[];
  nodes: NodeProto[];
  opsets: OpsetProto[];
}

export interface ModelProto {
  irVersion: number;
  producer: string;
  opsets: OpsetProto[];
  graph?: GraphProto;
  metadata: EntryProto[];
  functions: FunctionProto[];
}

const entry: Fields<EntryProto> = { 1: text("key"), 2: text("value") };
const makeEntry = (): EntryProto => ({ key: "", value: "" });

const tensor: Fields<TensorProto> = {
  1: integers("dims", MAX_AXES),
  2: int32("dataType"),
  3: bytes("segment"),
  4: floats("floatData", MAX_ELEMENTS),
  5: integers("int32Data", MAX_ELEMENTS),
  6: bytes("hasStrings"),
  7: integers("int64Data", MAX_ELEMENTS),
  8: text("name"),
  9: bytes("rawData"),
  10: doubles("doubleData", MAX_ELEMENTS),
  11: integers("int64Data", MAX_ELEMENTS), // uint64_data
  13: many("externalData", entry, makeEntry, 16),
  14: int32("dataLocation"),
};

const makeTensor = (): TensorProto => ({
  dims: EMPTY,
  dataType: 0,
  name: "",
  floatData: EMPTY,
  int32Data: EMPTY,
  int64Data: EMPTY,
  doubleData: EMPTY,
  externalData: EMPTY,
  dataLocation: 0,
});

const attribute: Fields<AttributeProto> = {
  1: text("name"),
  2: float("f"),
  3: int64("i"),
  4: bytes("s"),
  5: one("t", tensor, makeTensor),
  6: bytes("g"),
  7: floats("floats", MAX_LIST),
  8: integers("ints", MAX_LIST),
  20: int32("type"),
  21: text("reference"),
};

const makeAttribute = (): AttributeProto => ({
  name: "",
  reference: "",
  type: 0,
  f: 0,
  i: 0,
  floats: EMPTY,
  ints: EMPTY,
});

const node: Fields<NodeProto> = {
  1: texts("inputs", MAX_LIST),
  2: texts("outputs", MAX_LIST),
  3: text("name"),
  4: text("op"),
  5: many("attributes", attribute, makeAttribute, 256),
  7: text("domain"),
  8: text("overload"),
  9: many("metadata", entry, makeEntry, 256),
};

const makeNode = (): NodeProto => ({
  inputs: EMPTY,
  outputs: EMPTY,
  name: "",
  op: "",
  domain: "",
  overload: "",
  attributes: EMPTY,
  metadata: EMPTY,
});

const dimension: Fields<DimensionProto> = { 1: int64("value"), 2: text("parameter") };
const shape: Fields<ShapeProto> = { 1: many("dims", dimension, () => ({}), MAX_AXES) };
const tensorType: Fields<TensorTypeProto> = {
  1: int32("elementType"),
  2: one("shape", shape, () => ({ dims: EMPTY })),
};
const type: Fields<TypeProto> = { 1: one("tensor", tensorType, () => ({ elementType: 0 })) };
const valueInfo: Fields<ValueInfoProto> = { 1: text("name"), 2: one("type", type, () => ({})) };
const makeValueInfo = (): ValueInfoProto => ({ name: "" });

const graph: Fields<GraphProto> = {
  1: many("nodes", node, makeNode, MAX_NODES),
  2: text("name"),
  5: many("initializers", tensor, makeTensor, MAX_NODES),
  11: many("inputs", valueInfo, makeValueInfo, MAX_NODES),
  12: many("outputs", valueInfo, makeValueInfo, MAX_LIST),
  15: bytes("sparseInitializer"),
};

const makeGraph = (): GraphProto => ({ name: "", nodes: EMPTY, initializers: EMPTY, inputs: EMPTY, outputs: EMPTY });

const opset: Fields<OpsetProto> = { 1: text("domain"), 2: int64("version") };
const makeOpset = (): OpsetProto => ({ domain: "", version: 0 });

const functionFields: Fields<FunctionProto> = {
  1: text("name"),
  4: texts("inputs", MAX_LIST),
  5: texts("outputs", MAX_LIST),
  6: texts("attributeNames", 256),
  7: many("nodes", node, makeNode, MAX_NODES),
  9: many("opsets", opset, makeOpset, 256),
  10: text("domain"),
  11: many("attributeDefaults", attribute, makeAttribute, 256),
  13: text("overload"),
};

const makeFunction = (): FunctionProto => ({
  name: "",
  domain: "",
  overload: "",
  inputs: EMPTY,
  outputs: EMPTY,
  attributeNames: EMPTY,
  attributeDefaults: EMPTY,
  nodes: EMPTY,
  opsets: EMPTY,
});

/** The whole file. */
export const modelFields: Fields<ModelProto> = {
  1: int64("irVersion"),
  2: text("producer"),
  7: one("graph", graph, makeGraph),
  8: many("opsets", opset, makeOpset, 256),
  14: many("metadata", entry, makeEntry, 4096),
  25: many("functions", functionFields, makeFunction, 4096),
};

export const makeModel = (): ModelProto => ({
  irVersion: 0,
  producer: "",
  opsets: EMPTY,
  metadata: EMPTY,
  functions: EMPTY,
});
