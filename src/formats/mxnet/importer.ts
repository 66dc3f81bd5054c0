/** What the operators of a symbol are turned into: nodes of a Graph and the parameters that these need. */
import { XnorkitError } from "../../errors.js";
import type { Assembler } from "../../graph/assemble.js";
import { quoteName } from "../../graph/suggest.js";
import type { ActivationQuantizer, Node, Operation, WeightQuantizer } from "../../graph/types.js";
import { elementCount, formatShape, type Shape, sameShape } from "../../tensor.js";
import type { Weight } from "../../weights.js";
import { isFloatDtype, type RawTensor, toFloat32 } from "../dtypes.js";
import { describeNode, MAX_CHANNELS } from "./attributes.js";
import type { Missing } from "./missing.js";
import { checkPackedWords, unpackWords } from "./packed.js";
import type { SymbolEntry, SymbolNode } from "./symbol.js";

/**
 * What an output of a symbol node is. Most are values of the graph; the others are the inner steps of what is one node
 * there, such as the sum in (h + K) / 2 or the signs of a weight.
 */
export type Operand =
  | { readonly kind: "value"; readonly name: string }
  /** A variable of the parameter file. */
  | { readonly kind: "parameter"; readonly name: string }
  /** A variable that no file binds. */
  | { readonly kind: "unbound"; readonly name: string }
  | { readonly kind: "quantizedParameter"; readonly name: string; readonly quantizer: WeightQuantizer }
  /** |W|, and its mean over all axes but the output channels. */
  | { readonly kind: "weightMagnitude" | "weightScale"; readonly name: string }
  | { readonly kind: "constant"; readonly shape: Shape; readonly value: number }
  /** |x|. */
  | { readonly kind: "magnitude"; readonly of: string }
  /** x + by. */
  | { readonly kind: "shifted"; readonly of: string; readonly by: number }
  /** x clipped to [0, 1], times `levels`, rounded where `rounded`: the steps of the round quantiser. */
  | { readonly kind: "levels"; readonly of: string; readonly levels: number; readonly rounded: boolean };

/** The operand that is a value of the graph. */
export function result(name: string): Operand {
  return { kind: "value", name };
}

/** Where the numbers of a parameter of the graph come from. */
type Source =
  | { readonly kind: "float"; readonly raw: RawTensor }
  | { readonly kind: "words"; readonly raw: RawTensor }
  | { readonly kind: "constant"; readonly value: number };

export interface Requirement {
  readonly shape: Shape;
  readonly source: Source;
}

export interface Importer {
  /** The graph in the making. */
  readonly assembler: Assembler;
  readonly requirements: ReadonlyMap<string, Requirement>;
  /** Input `index` of a node as it stands. */
  readonly operand: (node: SymbolNode, index: number) => Operand;
  /** Input `index` of a node as a value of the graph. */
  readonly value: (node: SymbolNode, index: number) => string;
  /** Binds what a node's outputs are. */
  readonly define: (node: SymbolNode, outputs: readonly Operand[]) => void;
  readonly output: (entry: SymbolEntry) => string;
  readonly shape: (value: string) => Shape;
  readonly node: (value: string) => Node;
  /** Adds a node and returns its value; a name that is taken gets a number. */
  readonly add: (operation: Operation, inputs: readonly string[], name: string) => string;
  /** The value quantised, by one node however many ask. */
  readonly quantize: (value: string, method: ActivationQuantizer, bits: number, name: string) => string;
  /** The parameter at input `index`, checked to be floats of this shape. */
  readonly floats: (node: SymbolNode, index: number, shape: Shape) => string;
  /** The parameter at input `index`, checked to be packed words of a weight of this shape. */
  readonly words: (node: SymbolNode, index: number, shape: Shape) => string;
  /** The float numbers of a parameter that was asked for. */
  readonly numbers: (name: string) => Float32Array;
  /** A parameter of one number. */
  readonly constant: (name: string, shape: Shape, value: number) => string;
}

/** Of all parameters that the importer makes itself. */
const MAX_CONSTANT_ELEMENTS = 4 * MAX_CHANNELS;

/** The numbers of a parameter of the graph. */
export function decodeRequirement(name: string, { shape, source }: Requirement): Weight {
  switch (source.kind) {
    case "float":
      return { kind: "f32", shape, data: toFloat32(source.raw) };
    case "words":
      return unpackWords(name, source.raw, shape);
    case "constant":
      return { kind: "f32", shape, data: new Float32Array(elementCount(shape)).fill(source.value) };
  }
}

/**
 * An importer that adds to a graph with its input alone.
 * @param tensors By the names of the symbol's variables.
 */
export function createImporter(
  assembler: Assembler,
  tensors: ReadonlyMap<string, RawTensor>,
  missing: Missing,
): Importer {
  const { add, shape } = assembler;
  const requirements = new Map<string, Requirement>();
  const outputs = new Map<SymbolNode, readonly Operand[]>();
  const quantized = new Map<string, string>();
  let constantElements = 0;

  function variable({ name }: SymbolNode): Operand {
    if (tensors.has(name)) return { kind: "parameter", name };
    return name === assembler.input ? { kind: "value", name } : { kind: "unbound", name };
  }

  function entryOperand({ node, output }: SymbolEntry, reader: string): Operand {
    const operand = node.op === "null" ? variable(node) : outputs.get(node)?.[output];
    if (operand !== undefined && (output === 0 || node.op !== "null")) return operand;
    throw new XnorkitError(
      "bad-graph",
      `${reader} reads output ${output} of ${describeNode(node)}, which is not computed`,
    );
  }

  function operand(node: SymbolNode, index: number): Operand {
    if (index < node.inputs.length) return entryOperand(node.inputs[index], describeNode(node));
    throw new XnorkitError(
      "bad-graph",
      `${describeNode(node)} has ${node.inputs.length} inputs, expected ${index + 1}`,
    );
  }

  function asValue(found: Operand, reader: string): string {
    switch (found.kind) {
      case "value":
        return found.name;
      case "shifted":
        return addShift(found.of, found.by);
      case "unbound":
        throw new XnorkitError(
          "missing-weight",
          `${reader} reads ${quoteName(found.name)}, which is neither the network's input ` +
            `${quoteName(assembler.input)} nor among the parameters`,
        );
      default:
        throw new XnorkitError(
          "unsupported",
          `${reader} reads ${"name" in found ? quoteName(found.name) : "a step of a quantiser"} (${found.kind}) as ` +
            "if it were a feature map, which is not computed here",
        );
    }
  }

  /**
   * x + by, as a batch norm of mean 0 and variance 1: its epsilon is lost in rounding, so that nothing but the sum
   * remains.
   */
  function addShift(value: string, by: number): string {
    if (by === 0) return value;
    const channels = [shape(value)[1]];
    const name = `${value}_plus_${by}`;
    const operation: Operation = {
      kind: "batchNorm",
      gamma: null,
      beta: constant(`${name}_beta`, channels, by),
      mean: constant(`${name}_mean`, channels, 0),
      variance: constant(`${name}_var`, channels, 1),
      epsilon: Number.MIN_VALUE,
      fixGamma: false,
    };
    return add(operation, [value], name);
  }

  function tensorAt(node: SymbolNode, index: number): { readonly name: string; readonly raw: RawTensor } {
    const found = operand(node, index);
    if (found.kind === "parameter" || found.kind === "quantizedParameter") {
      return { name: found.name, raw: tensors.get(found.name)! };
    }
    if (found.kind !== "unbound") {
      throw new XnorkitError(
        "unsupported",
        `${describeNode(node)} computes its input ${index}, where a parameter of the file is expected`,
      );
    }
    throw missing(found.name, node);
  }

  function addRequirement(name: string, requirement: Requirement): string {
    const earlier = requirements.get(name);
    const isSame =
      earlier === undefined ||
      (sameShape(earlier.shape, requirement.shape) && earlier.source.kind === requirement.source.kind);
    if (!isSame) {
      throw new XnorkitError(
        "bad-graph",
        `parameter ${quoteName(name)} serves as ${earlier.source.kind} ${formatShape(earlier.shape)} and as ` +
          `${requirement.source.kind} ${formatShape(requirement.shape)}`,
      );
    }
    requirements.set(name, requirement);
    return name;
  }

  function floats(node: SymbolNode, index: number, expected: Shape): string {
    const { name, raw } = tensorAt(node, index);
    if (!isFloatDtype(raw.dtype)) {
      throw new XnorkitError(
        "unsupported",
        `parameter ${quoteName(name)} has dtype ${raw.dtype}, but ${describeNode(node)} needs floats`,
      );
    }
    if (!sameShape(raw.shape, expected)) {
      throw new XnorkitError(
        "bad-shape",
        `parameter ${quoteName(name)} has shape ${formatShape(raw.shape)}, but ${describeNode(node)} needs ` +
          `${formatShape(expected)}`,
      );
    }
    return addRequirement(name, { shape: expected, source: { kind: "float", raw } });
  }

  function words(node: SymbolNode, index: number, expected: Shape): string {
    const { name, raw } = tensorAt(node, index);
    checkPackedWords(quoteName(name), raw, expected);
    return addRequirement(name, { shape: expected, source: { kind: "words", raw } });
  }

  function constant(name: string, expected: Shape, value: number): string {
    if (requirements.has(name) || tensors.has(name)) return constant(`${name}_`, expected, value);
    constantElements += elementCount(expected);
    if (constantElements > MAX_CONSTANT_ELEMENTS) {
      throw new XnorkitError("bad-shape", `the constant ${quoteName(name)} of ${formatShape(expected)} is too large`);
    }
    return addRequirement(name, { shape: expected, source: { kind: "constant", value } });
  }

  return {
    assembler,
    requirements,
    operand,
    shape,
    add,
    floats,
    words,
    constant,
    value: (node, index) => asValue(operand(node, index), describeNode(node)),
    define: (node, found) => outputs.set(node, found),
    output: (entry) => asValue(entryOperand(entry, "the head"), "the head"),
    node: assembler.node,
    quantize(value, method, bits, name) {
      const source = assembler.node(value);
      const isDone = source.kind === "quantize" && source.method === method && source.bits === bits;
      if (isDone && method !== "dorefa") return value; // all others give the same values when applied twice
      const key = `${method} ${bits} ${value}`;
      const known = quantized.get(key);
      if (known !== undefined) return known;
      const added = add({ kind: "quantize", method, bits }, [value], name);
      quantized.set(key, added);
      return added;
    },
    numbers(name) {
      const weight = decodeRequirement(name, requirements.get(name)!);
      if (weight.kind === "f32") return weight.data;
      throw new XnorkitError("bad-value", `parameter ${quoteName(name)} holds only signs`);
    },
  };
}
