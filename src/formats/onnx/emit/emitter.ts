/** The state of an import while nodes of the file become nodes of the graph, and what the operators do with it. */
import type { Assembler } from "../../../graph/assemble.js";
import type { Operation } from "../../../graph/types.js";
import type { Shape } from "../../../tensor.js";
import type { Weight } from "../../../weights.js";
import { describe, fail, show } from "../messages.js";
import type { LayerName, Names } from "../names.js";
import type { Network, OnnxNode } from "../network.js";
import type { LayerFacts, OnnxNote } from "../notes.js";
import type { OnnxTensor } from "../tensors.js";
import { type ChannelNumbers, channelNumbers, spread } from "./constants.js";
import { type Operand, plainOperand, scaledNumbers, type ValueOperand } from "./operand.js";
import { flattenOrder, identityView, isIdentity, type View } from "./view.js";

/** What an operator's emission works with. */
export interface Emitter {
  readonly network: Network;
  /** The nodes that read a value of the file. */
  readonly readers: ReadonlyMap<string, readonly OnnxNode[]>;
  /** The shape of a value of the graph. */
  readonly shape: (value: string) => Shape;
  /** Input `index` of a node, a value or a constant. @throws XnorkitError if it is absent. */
  readonly operand: (node: OnnxNode, index: number) => Operand;
  readonly has: (node: OnnxNode, index: number) => boolean;
  /** Input `index` as a value with nothing left to do. @throws XnorkitError `unsupported` for a constant. */
  readonly plain: (node: OnnxNode, index: number) => ValueOperand;
  /** The same of an operand. */
  readonly finish: (node: OnnxNode, operand: ValueOperand) => ValueOperand;
  /** Input `index` as a constant. @throws XnorkitError `unsupported` for a computed one. */
  readonly constant: (node: OnnxNode, index: number) => OnnxTensor;
  /** The operand as a map of the graph, [N, C, H, W] in the file too. */
  readonly map: (node: OnnxNode, operand: ValueOperand) => ValueOperand;
  /**
   * The operand as [N, features]; a map is flattened in the order of the file's axes, what is still to be done to it
   * stays so.
   */
  readonly vector: (node: OnnxNode, operand: ValueOperand) => ValueOperand;
  /**
   * What a constant is to each channel of a value. @throws XnorkitError `unsupported` if it differs within channels.
   */
  readonly channels: (node: OnnxNode, tensor: OnnxTensor, operand: ValueOperand) => ChannelNumbers;
  /** Adds a node under the name of the file's node, or under a name below it. */
  readonly add: (node: OnnxNode, operation: Operation, inputs: readonly string[], suffix?: string) => string;
  /** The name that `add` without a suffix will give, for parameters; they are named below it. */
  readonly name: (node: OnnxNode) => LayerName;
  /** Registers a parameter of a layer, and gives its name. */
  readonly parameter: (node: OnnxNode, role: string, weight: Weight) => string;
  /** One number for each channel of a value, as a parameter. */
  readonly numbers: (node: OnnxNode, role: string, numbers: ChannelNumbers, channels: number) => string;
  /** x * scale + shift by one node, named as by `add`; the value itself if nothing is to do. */
  readonly affine: (
    node: OnnxNode,
    value: string,
    scale: ChannelNumbers,
    shift: ChannelNumbers,
    suffix?: string,
  ) => string;
  /** Binds a value of the file to what it is. */
  readonly alias: (value: string, operand: Operand) => void;
  /** True if another node did this one's work and bound its value. */
  readonly isDone: (node: OnnxNode) => boolean;
  readonly note: (note: OnnxNote) => void;
  readonly layer: (facts: LayerFacts) => void;
}

/** What the outputs of a node are; a node of one output gives it alone. */
export type Emission = (node: OnnxNode, emitter: Emitter) => Operand | readonly Operand[];

/** @throws XnorkitError `unsupported` that names the node. */
export function unsupported(node: OnnxNode, problem: string): never {
  return fail("unsupported", `${describe(node)} ${problem}, which is not computed here`);
}

export interface EmitterState {
  readonly emitter: Emitter;
  readonly weights: ReadonlyMap<string, Weight>;
  readonly notes: readonly OnnxNote[];
  readonly layers: readonly LayerFacts[];
  readonly output: (value: string) => Operand;
}

/** All parameters together hold no more numbers than this and half as many as the file has bytes. */
const MAX_PARAMETERS = 1 << 22;

const isTrivial = (numbers: ChannelNumbers, value: number) => numbers === value;

/** An emitter with the input alone in its graph. */
export function createEmitter(
  network: Network,
  readers: ReadonlyMap<string, readonly OnnxNode[]>,
  assembler: Assembler,
  names: Names,
  inputView: View,
  fileBytes: number,
): EmitterState {
  const operands = new Map<string, Operand>([[network.input, plainOperand(assembler.input, inputView, "image")]]);
  const weights = new Map<string, Weight>();
  const notes: OnnxNote[] = [];
  const layers: LayerFacts[] = [];
  const finished = new Map<string, string>();
  let parameterElements = 0;

  function find(value: string): Operand | undefined {
    const known = operands.get(value);
    if (known !== undefined) return known;
    const tensor = network.constants.get(value);
    return tensor === undefined ? undefined : { kind: "constant", tensor };
  }

  function operand(node: OnnxNode, index: number): Operand {
    const value = node.inputs[index] ?? "";
    if (value === "") return fail("bad-graph", `${describe(node)} lacks its input ${index}`);
    return find(value) ?? fail("bad-graph", `${describe(node)} reads ${show(value)}, which is not computed`);
  }

  function add(node: OnnxNode, operation: Operation, inputs: readonly string[], suffix?: string): string {
    const { name, module } = names.of(node);
    return assembler.add(operation, inputs, suffix === undefined ? name : `${name}.${suffix}`, module);
  }

  function parameter(node: OnnxNode, role: string, weight: Weight): string {
    parameterElements += weight.kind === "bits" ? weight.data.length / 4 : weight.data.length;
    if (parameterElements > MAX_PARAMETERS + fileBytes / 2) {
      fail(
        "out-of-memory",
        `the parameters of ${describe(node)} are more than a file of ${fileBytes} bytes may ask for`,
      );
    }
    const wanted = `${names.of(node).name}.${role}`;
    let name = wanted;
    for (let copy = 1; weights.has(name); copy++) name = `${wanted}_${copy}`;
    weights.set(name, weight);
    return name;
  }

  function numbers(node: OnnxNode, role: string, values: ChannelNumbers, channels: number): string {
    return parameter(node, role, { kind: "f32", shape: [channels], data: spread(values, channels) });
  }

  function affine(
    node: OnnxNode,
    value: string,
    scale: ChannelNumbers,
    shift: ChannelNumbers,
    suffix?: string,
  ): string {
    const channels = assembler.shape(value)[1];
    if (isTrivial(shift, 0)) {
      if (isTrivial(scale, 1)) return value;
      if (typeof scale === "number") return add(node, { kind: "scale", factor: scale }, [value], suffix);
    }
    const operation: Operation = {
      kind: "scaleShift",
      scale: isTrivial(scale, 1) ? null : numbers(node, "scale", scale, channels),
      shift: isTrivial(shift, 0) ? null : numbers(node, "shift", shift, channels),
    };
    return add(node, operation, [value], suffix);
  }

  function finish(node: OnnxNode, value: ValueOperand): ValueOperand {
    const { frame, scale, shift, view } = value;
    if (frame === null && scale === 1 && shift === 0) return value;
    const key = JSON.stringify([value.value, frame, scale, shift]);
    let made = finished.get(key);
    if (made === undefined) {
      made = value.value;
      if (frame !== null) {
        const [top, left, bottom, right] = frame.sides;
        made = add(node, { kind: "pad", top, left, bottom, right, value: frame.value }, [made], "pad");
      }
      made = affine(node, made, scale, shift, "input");
      finished.set(key, made);
    }
    const fits = frame === null || (value.numbers === "signs" ? Math.abs(frame.value) <= 1 : frame.value === 0);
    const isKept = scale === 1 && shift === 0 && fits;
    return plainOperand(made, view, isKept ? value.numbers : scaledNumbers(value.numbers));
  }

  function plain(node: OnnxNode, index: number): ValueOperand {
    const found = operand(node, index);
    if (found.kind === "value") return finish(node, found);
    return unsupported(node, `reads a constant as its input ${index}`);
  }

  function constant(node: OnnxNode, index: number): OnnxTensor {
    const found = operand(node, index);
    return found.kind === "constant" ? found.tensor : unsupported(node, `computes its input ${index} in every run`);
  }

  function map(node: OnnxNode, value: ValueOperand): ValueOperand {
    if (isIdentity(value.view, 4)) return value;
    return unsupported(node, "reads a value whose axes are not [batch, channels, height, width]");
  }

  function vector(node: OnnxNode, value: ValueOperand): ValueOperand {
    const shape = assembler.shape(value.value);
    const isFlat = shape.length === 2 && value.view[0]?.[0] === 0;
    if (isFlat) return value;
    const layout = flattenOrder(value.view, shape);
    if (layout === null) return unsupported(node, "reads a value that is no list of features for each picture");
    const whole = value.frame === null ? value : finish(node, value);
    const key = `flatten ${layout} ${whole.value}`;
    let flat = finished.get(key);
    if (flat === undefined) {
      const isOwn = node.op === "Reshape" || node.op === "Flatten";
      const operation: Operation = { kind: "flatten", ...(layout === "NHWC" && { layout }) };
      flat = add(node, operation, [whole.value], isOwn ? undefined : "flatten");
      finished.set(key, flat);
    }
    return { ...whole, value: flat, view: identityView(2) };
  }

  function channels(node: OnnxNode, tensor: OnnxTensor, value: ValueOperand): ChannelNumbers {
    const found = channelNumbers(tensor, value.view, assembler.shape(value.value));
    if (found !== null) return found;
    return unsupported(node, "meets a constant that differs from pixel to pixel within a channel");
  }

  const emitter: Emitter = {
    network,
    readers,
    shape: assembler.shape,
    operand,
    has: (node, index) => (node.inputs[index] ?? "") !== "",
    plain,
    finish,
    constant,
    map,
    vector,
    channels,
    add,
    name: (node) => names.of(node),
    parameter,
    numbers,
    affine,
    alias: (value, bound) => operands.set(value, bound),
    isDone: (node) => operands.has(node.outputs[0]),
    note: (note) => notes.push(note),
    layer: (facts) => layers.push(facts),
  };
  return {
    emitter,
    weights,
    notes,
    layers,
    output: (value) => find(value) ?? fail("bad-graph", `the graph returns ${show(value)}, which is not computed`),
  };
}
