/** What the operators of a .tflite file are turned into: nodes of a Graph, the parameters these need, and notes. */
import { OBJECT_BYTES, readBudget } from "../../budget.js";
import type { Assembler } from "../../graph/assemble.js";
import type { Node, Operation } from "../../graph/types.js";
import { formatShape, type Shape } from "../../tensor.js";
import type { Weight } from "../../weights.js";
import { int8Scale, quantizeStep } from "./activation.js";
import { readFloats, readInt32s, readIntegers } from "./constants.js";
import type { TfliteNote } from "./notes.js";
import { badOperator, operatorName, readable, unsupported } from "./operators.js";
import type { TfliteFile, TfliteOperator, TfliteTensor } from "./schema.js";
import type { FeatureMap, Floats, Operand, Step } from "./values.js";

export interface Importer {
  readonly file: TfliteFile;
  readonly weights: ReadonlyMap<string, Weight>;
  /** Of each layer with weights, whether it runs on bits. */
  readonly notes: readonly TfliteNote[];
  /** Notes whether an operator's layer runs on bits. */
  readonly note: (op: TfliteOperator, kind: "bits" | "float", text: string) => void;
  /** The operator that each module was. */
  readonly types: ReadonlyMap<string, string>;
  /** What a tensor is; undefined until an operator says so. */
  readonly defined: (tensor: number) => Operand | undefined;
  /** Input `index` of an operator; null when it is left out. */
  readonly operand: (op: TfliteOperator, index: number) => Operand | null;
  /** Input `index` as a computed tensor. */
  readonly map: (op: TfliteOperator, index: number) => FeatureMap;
  /** Input `index` as a constant of real numbers. */
  readonly floats: (op: TfliteOperator, index: number) => Floats;
  /** Input `index` as i32 numbers. */
  readonly int32s: (op: TfliteOperator, index: number) => Int32Array;
  /** Input `index` as a few whole numbers, of the file or of a shape. */
  readonly integers: (op: TfliteOperator, index: number) => readonly number[];
  /** Input `index` as the constant tensor that it is. */
  readonly constant: (op: TfliteOperator, index: number) => TfliteTensor;
  /** The tensor of output `index`. */
  readonly output: (op: TfliteOperator, index?: number) => TfliteTensor;
  /** The name that the nodes of an operator share. */
  readonly name: (op: TfliteOperator) => string;
  /** Shape of a value of the graph: NCHW or [N, C]. */
  readonly shape: (node: string) => Shape;
  readonly node: (name: string) => Node;
  /**
   * Adds the nodes of an operator's output `index` and returns the value of the last, which takes the operator's
   * name; of no steps, the input.
   */
  readonly add: (op: TfliteOperator, input: string, steps: readonly Step[], index?: number) => string;
  /** Adds a node that an operator needs before its own. */
  readonly helper: (op: TfliteOperator, operation: Operation, inputs: readonly string[], suffix: string) => string;
  /** `helper` of one input, by one node however many operators ask. */
  readonly shared: (op: TfliteOperator, operation: Operation, input: string, suffix: string) => string;
  /** Holds a parameter under the operator's name and returns its name. */
  readonly parameter: (op: TfliteOperator, role: string, weight: Weight) => string;
  /**
   * Counts bytes that are about to be allocated, or viewed by one layer more.
   * @throws XnorkitError `bad-file` when they are out of proportion to the file.
   */
  readonly spend: (bytes: number) => void;
  /** Says what output `index` of an operator is, which must be what the file declares. */
  readonly define: (op: TfliteOperator, found: Operand, index?: number) => void;
}

/** The shape as the file declares it: words of 32 channels when it is bitpacked. */
function declaredForm(found: Operand): Shape {
  if (found.kind !== "map" || found.storage !== "bits") return found.shape;
  return [...found.shape.slice(0, -1), Math.ceil(found.shape[found.shape.length - 1] / 32)];
}

const TYPE_OF_STORAGE = { f32: "f32", i8: "i8", bits: "i32" } as const;

function checkDeclared(op: TfliteOperator, { known, index, type }: TfliteTensor, found: Operand): void {
  const shape = declaredForm(found);
  const fits = known.length === shape.length && known.every((size, axis) => size === null || size === shape[axis]);
  // Files of 2019 declare [] for all that is computed.
  if (known.length > 0 && !fits) {
    const declared = formatShape(known.map((size) => size ?? -1));
    badOperator(op, `declares ${declared} for tensor ${index}, but gives ${formatShape(shape)}`);
  }
  if (found.kind === "map" && TYPE_OF_STORAGE[found.storage] !== type) {
    badOperator(op, `declares type ${type} for tensor ${index}, but gives ${TYPE_OF_STORAGE[found.storage]}`);
  }
}

/** Roughly what a node takes, with its name, its shape and its module. */
const NODE_BYTES = 16 * OBJECT_BYTES;

/** The assembler's name for the input of a file. */
export function inputName({ name }: TfliteTensor): string {
  return readable(name) || "input";
}

/**
 * An importer with the input alone in its graph, and of an int8 input the rounding to its steps.
 * @param assembler Holds the input.
 */
export function createImporter(
  file: TfliteFile,
  fileBytes: number,
  input: TfliteTensor,
  assembler: Assembler,
): Importer {
  const { spend } = readBudget(fileBytes, "the .tflite file");
  const weights = new Map<string, Weight>();
  const types = new Map<string, string>();
  const names = new Map<TfliteOperator, string>();
  const notes: TfliteNote[] = [];
  const sharedNodes = new Map<string, string>();

  const reserved = new Set<string>([assembler.input]);
  /** The next number to try of a name that is taken: many tensors of a file can have one name. */
  const copies = new Map<string, number>();

  /**
   * A name like this one that nothing has yet, and that nothing else will get: nodes and parameters share an
   * operator's.
   */
  function reserve(wanted: string): string {
    let unique = wanted;
    let copy = copies.get(wanted) ?? 1;
    while (reserved.has(unique)) unique = `${wanted}_${copy++}`;
    copies.set(wanted, copy);
    reserved.add(unique);
    return unique;
  }

  function inputMap(): FeatureMap {
    const map = { kind: "map", node: assembler.input, shape: input.shape } as const;
    if (input.type !== "i8") return { ...map, storage: "f32", int8: null };
    const int8 = int8Scale("the .tflite file", input);
    const node = reserve(`${assembler.input}/int8`);
    assembler.add(quantizeStep(int8).operation, [assembler.input], node, "");
    return { ...map, node, storage: "i8", int8 };
  }

  const defined = new Map<number, Operand>([[input.index, inputMap()]]);

  function output(op: TfliteOperator, index = 0): TfliteTensor {
    const found = op.outputs[index];
    return found === undefined ? badOperator(op, `lacks output ${index}`) : file.tensor(found);
  }

  function operand(op: TfliteOperator, index: number): Operand | null {
    const at = op.inputs[index] ?? -1;
    if (at < 0) return null;
    const known = defined.get(at);
    if (known !== undefined) return known;
    const tensor = file.tensor(at);
    if (tensor.data !== null) return { kind: "constant", shape: tensor.shape, tensor, type: tensor.type };
    return badOperator(op, `reads tensor ${at}, which is no constant and which no operator before it computes`);
  }

  function required(op: TfliteOperator, index: number): Operand {
    return operand(op, index) ?? badOperator(op, `lacks input ${index}`);
  }

  function constant(op: TfliteOperator, index: number): TfliteTensor {
    const found = required(op, index);
    if (found.kind === "constant") return found.tensor;
    return unsupported(op, `computes its input ${index}, where a constant of the file is expected`);
  }

  function name(op: TfliteOperator): string {
    const known = names.get(op);
    if (known !== undefined) return known;
    const [found] = output(op).name.split(";");
    const unique = reserve(readable(found) || `tensor_${op.outputs[0]}`);
    names.set(op, unique);
    types.set(unique, operatorName(op));
    return unique;
  }

  function helper(op: TfliteOperator, operation: Operation, inputs: readonly string[], suffix: string): string {
    spend(NODE_BYTES);
    return assembler.add(operation, inputs, reserve(`${name(op)}/${suffix}`), name(op));
  }

  return {
    file,
    weights,
    notes,
    note(op, kind, text) {
      const layer = name(op);
      notes.push({ kind, layer, text: `${layer}: ${text}` });
    },
    types,
    defined: (tensor) => defined.get(tensor),
    operand,
    constant,
    output,
    name,
    spend,
    shape: assembler.shape,
    node: assembler.node,
    map(op, index) {
      const found = required(op, index);
      if (found.kind === "map") return found;
      return unsupported(op, `has a constant as input ${index}, where a computed tensor is expected`);
    },
    floats(op, index) {
      const tensor = constant(op, index);
      return { shape: tensor.shape, data: readFloats(op, tensor, spend) };
    },
    int32s: (op, index) => readInt32s(op, constant(op, index), spend),
    integers(op, index) {
      const found = required(op, index);
      return found.kind === "integers" ? found.values : readIntegers(op, constant(op, index));
    },
    add(op, first, steps, index = 0) {
      let last = first;
      steps.forEach(({ operation, suffix, inputs = [last] }, position) => {
        if (position < steps.length - 1 || index > 0) {
          last = helper(op, operation, inputs, index === 0 ? suffix : `${suffix}_${index}`);
        } else {
          last = name(op);
          spend(NODE_BYTES);
          assembler.add(operation, inputs, last, last);
        }
      });
      return last;
    },
    helper,
    shared(op, operation, input, suffix) {
      const key = `${suffix} ${input}`;
      const found = sharedNodes.get(key) ?? helper(op, operation, [input], suffix);
      sharedNodes.set(key, found);
      return found;
    },
    parameter(op, role, weight) {
      const full = `${name(op)}.${role}`;
      weights.set(full, weight);
      return full;
    },
    define(op, found, index = 0) {
      const tensor = output(op, index);
      if (tensor.data !== null || defined.has(tensor.index)) {
        const what = tensor.data === null ? "computed before" : "a constant";
        badOperator(op, `computes tensor ${tensor.index}, which is ${what}`);
      }
      checkDeclared(op, tensor, found);
      defined.set(tensor.index, found);
    },
  };
}
