/** The options of AWNAS's `CNNSearchSpace` (aw_nas/common.py), from its own snake_case names and with its defaults. */
import { XnorkitError } from "../../errors.js";
import { describeClosest, quoteName } from "../../graph/suggest.js";
import { type JsonObject, readObject } from "../description_readers.js";
import { checkKeys, refuseOption } from "../options.js";
import { readCount, readFlag, readIndices } from "./option_readers.js";

export const concatOps = ["concat", "sum", "mean", "mul"] as const;

/** How a cell joins the nodes that make its output. */
export type ConcatOp = (typeof concatOps)[number];

export interface SearchSpace {
  readonly numCellGroups: number;
  /** Inputs of a cell: the outputs of as many cells before it, or of the stem. */
  readonly numInitNodes: number;
  readonly numLayers: number;
  /** The group of each cell. */
  readonly cellLayout: readonly number[];
  readonly reduceCellGroups: readonly number[];
  /** Nodes beside the inputs, for each group. */
  readonly numSteps: readonly number[];
  readonly concatOp: ConcatOp;
  readonly concatNodes: readonly number[] | null;
  readonly looseEnd: boolean;
  /** `reduce_i` or `normal_i`. */
  readonly groupNames: readonly string[];
}

const KEYS = [
  "num_cell_groups",
  "num_init_nodes",
  "num_layers",
  "cell_layout",
  "reduce_cell_groups",
  "num_steps",
  "num_node_inputs",
  "concat_op",
  "concat_nodes",
  "loose_end",
  "shared_primitives",
  "cell_shared_primitives",
  "derive_without_none_op",
  "schedule_cfg",
];

const PLACE = "search_space_cfg";
const MAX_GROUPS = 256;
const MAX_INIT_NODES = 64;
const MAX_LAYERS = 4096;
const MAX_STEPS = 256;

function readLayout(space: JsonObject, numLayers: number, numCellGroups: number): readonly number[] {
  const layout = readIndices(`${PLACE}.cell_layout`, space.cell_layout, MAX_LAYERS);
  if (layout === null) {
    if (numCellGroups !== 2) refuseOption(`${PLACE}.cell_layout`, "given where num_cell_groups is not 2", null);
    const thirds = [Math.floor(numLayers / 3), Math.floor((2 * numLayers) / 3)];
    return Array.from({ length: numLayers }, (_, layer) => (thirds.includes(layer) ? 1 : 0));
  }
  if (layout.length !== numLayers) {
    refuseOption(`${PLACE}.cell_layout`, `the groups of ${numLayers} cells (num_layers)`, layout);
  }
  if (Math.max(...layout) !== numCellGroups - 1) {
    refuseOption(
      `${PLACE}.cell_layout`,
      `an array with ${numCellGroups - 1} as its largest group (num_cell_groups - 1)`,
      layout,
    );
  }
  return layout;
}

function readSteps(value: unknown, numCellGroups: number): readonly number[] {
  if (Array.isArray(value)) {
    if (value.length !== numCellGroups) {
      refuseOption(`${PLACE}.num_steps`, `a number, or one for each of ${numCellGroups} cell groups`, value);
    }
    return value.map((steps, group) => readCount(`${PLACE}.num_steps[${group}]`, steps, 4, MAX_STEPS));
  }
  const steps = readCount(`${PLACE}.num_steps`, value, 4, MAX_STEPS);
  return Array.from({ length: numCellGroups }, () => steps);
}

function readConcatOp(value: unknown): ConcatOp {
  const name = value ?? "concat";
  const found = concatOps.find((op) => op === name);
  if (found !== undefined) return found;
  throw new XnorkitError(
    "bad-option",
    `${PLACE}.concat_op ${quoteName(String(name))} is unknown: ${describeClosest(String(name), concatOps)}`,
  );
}

function readConcatNodes(value: unknown, numInitNodes: number, numSteps: readonly number[]): readonly number[] | null {
  if (Array.isArray(value) && Array.isArray(value[0])) {
    refuseOption(`${PLACE}.concat_nodes`, "one list of nodes for all groups (AWNAS fails on a list of lists)", value);
  }
  const place = `${PLACE}.concat_nodes`;
  const nodes = readIndices(place, value, MAX_STEPS + MAX_INIT_NODES);
  if (nodes === null) return null;
  if (nodes.length === 0) refuseOption(place, "left out, or a list with nodes in it", nodes);
  const count = numInitNodes + Math.min(...numSteps);
  if (nodes.some((node) => node >= count)) refuseOption(place, `nodes below ${count} (inputs and steps)`, nodes);
  return nodes;
}

/**
 * Reads `search_space_cfg`. What AWNAS uses in the search alone (num_node_inputs, shared_primitives ...) is passed
 * over.
 * @throws XnorkitError `bad-option` that names the key.
 */
export function readSearchSpace(value: unknown): SearchSpace {
  const space = readObject(PLACE, value);
  checkKeys(PLACE, space, KEYS);
  const numCellGroups = readCount(`${PLACE}.num_cell_groups`, space.num_cell_groups, 2, MAX_GROUPS);
  const numInitNodes = readCount(`${PLACE}.num_init_nodes`, space.num_init_nodes, 2, MAX_INIT_NODES);
  const numLayers = readCount(`${PLACE}.num_layers`, space.num_layers, 8, MAX_LAYERS);
  const reduceCellGroups = readIndices(`${PLACE}.reduce_cell_groups`, space.reduce_cell_groups, MAX_GROUPS) ?? [1];
  const numSteps = readSteps(space.num_steps, numCellGroups);
  const concatOp = readConcatOp(space.concat_op);
  const concatNodes = readConcatNodes(space.concat_nodes, numInitNodes, numSteps);
  const looseEnd = readFlag(`${PLACE}.loose_end`, space.loose_end, false);
  if (looseEnd && concatNodes !== null) {
    refuseOption(`${PLACE}.concat_nodes`, "left out with loose_end, which determines it", concatNodes);
  }
  if (looseEnd && concatOp === "concat") {
    refuseOption(`${PLACE}.concat_op`, "sum, mean or mul with loose_end, as in AWNAS", concatOp);
  }
  return {
    numCellGroups,
    numInitNodes,
    numLayers,
    cellLayout: readLayout(space, numLayers, numCellGroups),
    reduceCellGroups,
    numSteps,
    concatOp,
    concatNodes,
    looseEnd,
    groupNames: Array.from(
      { length: numCellGroups },
      (_, group) => `${reduceCellGroups.includes(group) ? "reduce" : "normal"}_${group}`,
    ),
  };
}

/** The stride of each cell: 2 in the reducing groups. */
export function cellStrides({ cellLayout, reduceCellGroups }: SearchSpace): readonly number[] {
  return cellLayout.map((group) => (reduceCellGroups.includes(group) ? 2 : 1));
}

/** How many times its width a cell gives; it does not look at what the genotype joins. */
export function outputMultiplier({ concatOp, concatNodes, numSteps }: SearchSpace, group: number): number {
  if (concatOp !== "concat") return 1;
  return concatNodes === null ? numSteps[group] : concatNodes.length;
}

/** The nodes that a group joins if its genotype does not say; null if AWNAS has no default either. */
export function defaultConcat(space: SearchSpace, group: number): readonly number[] | null {
  if (space.concatNodes !== null || space.looseEnd) return null;
  return Array.from({ length: space.numSteps[group] }, (_, step) => space.numInitNodes + step);
}
