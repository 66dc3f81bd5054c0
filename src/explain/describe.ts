/**
 * A network as data at three grains: parts (stem, stages, head), units, layers, each with shapes, costs and shortcuts.
 */
import type { Graph, Module, Node } from "../graph/types.js";
import type { Shape } from "../tensor.js";
import { type Expression, expressionOf, formatExpression, mainBranch } from "./expression.js";
import { type ChosenBy, chosenBy } from "./factories.js";
import { type Figures, figuresBy } from "./figures.js";
import { type Flow, hasBinaryWeights, isWeighted } from "./flow.js";
import { commonModule, enclosingModules, modulesByPath } from "./modules.js";
import { notation } from "./notation.js";
import { type Outline, outlineOf, type Part, type Role, type Unit } from "./outline.js";
import { type ReceptiveField, receptiveFields } from "./receptive_field.js";
import { type Shortcut, shortcutsOf } from "./shortcuts.js";
import { bitsOfValues } from "./values.js";

/**
 * What a layer computes with: 1-bit weights and activations, 1-bit weights alone, few bits, floats; null for layers
 * without weights.
 */
export type Precision = "binary" | "binaryWeights" | "fewBits" | "float" | null;

interface Described extends Figures {
  readonly outputShape: Shape;
  /** Pixels of the input that one element depends on; null if it depends on all. */
  readonly receptiveField: ReceptiveField | null;
}

/** A layer with its shape, precision and costs. */
export interface LayerDescription extends Described {
  readonly name: string;
  readonly kind: Node["kind"];
  /** In one word: `Conv7x7/2`, `BN`, `sign`. */
  readonly notation: string;
  readonly module: string;
  /** The framework's class of that module. */
  readonly class: string;
  /** Names of the values that it reads, in order. */
  readonly reads: readonly string[];
  readonly precision: Precision;
  /** The node's own fields. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Held, but not run: the output does not depend on it. */
  readonly unused: boolean;
}

/** A module around a unit or a layer, and the option that chose its class. */
export interface ModuleDescription {
  readonly path: string;
  readonly class: string;
  readonly chosenBy: ChosenBy | null;
}

/** A shortcut, and the module that passes it on. */
export interface ShortcutDescription extends Shortcut {
  /**
   * The module that passes it on; null if the block adds it without one, so that printing the network does not show it.
   */
  readonly printedAs: ModuleDescription | null;
}

/** A unit of a part: what it reads and computes, its layers and its costs. */
export interface UnitDescription extends Described {
  /** `stage 2, unit 1`. */
  readonly label: string;
  /** Innermost module that holds all of its layers; "" is the network. */
  readonly module: string;
  /** The block that the framework prints around it; null if there is none. */
  readonly block: ModuleDescription | null;
  /** Name of the value that it reads. */
  readonly reads: string;
  /** `sign-BinConv3x3-BN + x`; x is what the unit reads. */
  readonly expression: string;
  /** The part of it that stands beside the outermost shortcut; all of it if there is none. */
  readonly main: string;
  /** The map gets smaller in it. */
  readonly reduces: boolean;
  readonly shortcuts: readonly ShortcutDescription[];
  readonly layers: readonly LayerDescription[];
}

/** A part of a network: the stem, a stage, or the head. */
export interface PartDescription extends Described {
  readonly role: Role;
  readonly label: string;
  readonly units: readonly UnitDescription[];
}

/** A network as data: what `describe` returns. */
export interface Description {
  readonly name: string;
  /** Class of the network. */
  readonly class: string;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly totals: Figures;
  /** Modules whose class an option chose, and the option. */
  readonly chosen: readonly ModuleDescription[];
  readonly parts: readonly PartDescription[];
}

interface Context {
  readonly outline: Outline;
  readonly modules: ReadonlyMap<string, Module>;
  readonly fields: ReadonlyMap<string, ReceptiveField | null>;
  readonly bits: ReadonlyMap<string, number>;
  readonly layers: ReadonlyMap<string, Figures>;
  readonly divisions: ReadonlyMap<string, Figures>;
  readonly parts: ReadonlyMap<string, Figures>;
}

/** What a node says beside its place in the graph. */
export function fieldsOf(node: Node): Readonly<Record<string, unknown>> {
  const { name: _name, inputs: _inputs, module: _module, kind: _kind, ...fields } = node;
  return fields;
}

export function precisionOf(node: Node, bits: ReadonlyMap<string, number>): Precision {
  if (!isWeighted(node)) return null;
  if (hasBinaryWeights(node)) return bits.get(node.inputs[0]) === 1 ? "binary" : "binaryWeights";
  return (node.kind === "binaryConv2d" || node.kind === "binaryDense") && node.bits < 32 ? "fewBits" : "float";
}

const NOTHING: Figures = { parameters: 0, packedBytes: 0, binaryMacs: 0, floatMacs: 0, denseMacs: 0 };

function described(context: Context, value: string, figures: Figures | undefined): Described {
  return {
    outputShape: context.outline.shapes.get(value)!,
    receptiveField: context.fields.get(value) ?? null,
    ...(figures ?? NOTHING),
  };
}

function layerOf(context: Context, node: Node, unused: boolean): LayerDescription {
  return {
    name: node.name,
    kind: node.kind,
    notation: notation(node),
    module: node.module,
    class: context.modules.get(node.module)?.type ?? "",
    reads: node.inputs,
    precision: precisionOf(node, context.bits),
    fields: fieldsOf(node),
    unused,
    ...described(context, node.name, context.layers.get(node.name)),
  };
}

function moduleOf({ modules }: Pick<Context, "modules">, path: string): ModuleDescription | null {
  const module = modules.get(path);
  return module === undefined ? null : { path, class: module.type, chosenBy: chosenBy(path, module.type) };
}

/**
 * The child that returns what the shortcut passes on, of the module that adds it; not the layer that the shortcut
 * starts at.
 */
function printedAs({ outline, modules }: Context, { reads, layers, addedAt }: Shortcut): ModuleDescription | null {
  const { byName, graph } = outline.flow;
  const value = layers[layers.length - 1] ?? reads;
  const parent = byName.get(addedAt)!.module;
  const start = layers.length === 0 ? byName.get(reads)!.module : null;
  const found = graph.modules.find(({ path, output }) => {
    const own = parent === "" ? path : path.startsWith(`${parent}.`) ? path.slice(parent.length + 1) : "";
    return output === value && own !== "" && !own.includes(".") && path !== start;
  });
  return found === undefined ? null : moduleOf({ modules }, found.path);
}

function mainText(expression: Expression, label: (value: string) => string): string {
  const [step] = expression;
  const main = expression.length === 1 && step.kind === "merge" ? mainBranch(step.branches) : null;
  const branch = main === null || step.kind !== "merge" ? expression : step.branches[main];
  return formatExpression(branch, label);
}

function unitDescription(context: Context, unit: Unit, label: string, unused: readonly Node[]): UnitDescription {
  const { shapes } = context.outline;
  const output = unit.nodes[unit.nodes.length - 1].name;
  const expression = expressionOf(unit.nodes, unit.from);
  const wordFor = (value: string) => (value === unit.from ? "x" : value);
  const read = shapes.get(unit.from)!;
  const given = shapes.get(output)!;
  return {
    label,
    module: commonModule(unit.nodes),
    block: unit.block === null ? null : moduleOf(context, unit.block),
    reads: unit.from,
    expression: formatExpression(expression, wordFor),
    main: mainText(expression, wordFor),
    reduces: read.length === 4 && given.length === 4 && given[2] * given[3] < read[2] * read[3],
    shortcuts: shortcutsOf(expression, unit.from).map((shortcut) => ({
      ...shortcut,
      printedAs: printedAs(context, shortcut),
    })),
    layers: [
      ...unit.nodes.map((node) => layerOf(context, node, false)),
      ...unused.map((node) => layerOf(context, node, true)),
    ],
    ...described(context, output, context.divisions.get(label)),
  };
}

/** Layers that do not run, by the unit that ran last before them. */
function unusedByUnit(flow: Flow, units: readonly Unit[]): ReadonlyMap<Unit, readonly Node[]> {
  const positions = new Map(flow.graph.nodes.map(({ name }, index) => [name, index]));
  const starts = units.map(({ nodes }) => positions.get(nodes[0].name)!);
  const found = new Map<Unit, Node[]>();
  for (const node of flow.unused) {
    const position = positions.get(node.name)!;
    const after = starts.filter((start) => start <= position).length;
    const unit = units[Math.max(after - 1, 0)];
    if (unit === undefined) continue;
    found.set(unit, [...(found.get(unit) ?? []), node]);
  }
  return found;
}

function labelOf(part: Part, index: number): string {
  return part.role === "stage" ? `${part.label}, unit ${index + 1}` : part.label;
}

/** Describes a network of which the parts are known; `describe` finds them. */
export function describeOutline(outline: Outline): Description {
  const { flow, inputShape, shapes, parts } = outline;
  const { graph } = flow;
  const unused = unusedByUnit(
    flow,
    parts.flatMap(({ units }) => units),
  );
  const labels = new Map<string, { readonly unit: string; readonly part: string }>();
  for (const part of parts) {
    part.units.forEach((unit, index) => {
      const place = { unit: labelOf(part, index), part: part.label };
      for (const { name } of [...unit.nodes, ...(unused.get(unit) ?? [])]) labels.set(name, place);
    });
  }
  const modules = modulesByPath(graph);
  const context: Context = {
    outline,
    modules,
    fields: receptiveFields(graph, shapes),
    bits: bitsOfValues(flow),
    layers: figuresBy(graph, ({ name }) => name, inputShape),
    divisions: figuresBy(graph, ({ name }) => labels.get(name)?.unit ?? "", inputShape),
    parts: figuresBy(graph, ({ name }) => labels.get(name)?.part ?? "", inputShape),
  };
  return {
    name: graph.name,
    class: modules.get("")?.type ?? "",
    inputShape,
    outputShape: shapes.get(graph.output)!,
    totals: figuresBy(graph, () => "all", inputShape).get("all") ?? NOTHING,
    chosen: graph.modules.flatMap(({ path, type }) =>
      chosenBy(path, type) === null ? [] : [moduleOf(context, path)!],
    ),
    parts: parts.map((part) => {
      const last = part.units[part.units.length - 1];
      return {
        role: part.role,
        label: part.label,
        units: part.units.map((unit, index) =>
          unitDescription(context, unit, labelOf(part, index), unused.get(unit) ?? []),
        ),
        ...described(context, last.nodes[last.nodes.length - 1].name, context.parts.get(part.label)),
      };
    }),
  };
}

/**
 * Describes a network at three grains: its parts, their units, their layers.
 * @param inputShape another input than the graph's own, with as many channels.
 * @throws XnorkitError `bad-shape` if the network cannot read the shape.
 */
export function describe(graph: Graph, inputShape?: Shape): Description {
  return describeOutline(outlineOf(graph, inputShape));
}

/** The modules that hold a layer, from the outermost to the innermost, with their classes. */
export function modulePath(graph: Graph, layer: Pick<LayerDescription, "module">): readonly ModuleDescription[] {
  return enclosingModules(layer.module, modulesByPath(graph)).map(({ path, type }) => ({
    path,
    class: type,
    chosenBy: chosenBy(path, type),
  }));
}
