/**
 * `CNNGenotypeCell` of aw_nas/final/cnn_model.py: the nodes of a cell, and the operations between them as the genotype
 * has them.
 */
import { XnorkitError } from "../../errors.js";
import type { Block, Scope } from "../../graph/builder.js";
import { addSameShape } from "../../nn/ports.js";
import { batchNorm2d, identity, sequential } from "../../nn/torch.js";
import type { Connection, GenotypeGroup } from "./genotype.js";
import { joinNodes, type NodeValue } from "./join_nodes.js";
import type { ModelOptions } from "./model_options.js";
import type { ConstructionState } from "./primitive.js";
import { buildPrimitive, checkKeywordCall } from "./primitives.js";
import type { ConcatOp } from "./search_space.js";

export interface CellOptions {
  readonly index: number;
  readonly stride: number;
  readonly channels: number;
  readonly outChannels: number;
  /** Channels of the cell's output: its width times the number of nodes that it joins. */
  readonly joinedChannels: number;
  /** Channels of each input, and how much larger than the cell's own map it is. */
  readonly inputs: readonly { readonly channels: number; readonly stride: number }[];
  readonly group: GenotypeGroup;
  /** The nodes that make the output. */
  readonly concat: readonly number[];
  readonly concatOp: ConcatOp;
  /** Arguments that the configuration passes to every operation. */
  readonly operationArguments: readonly string[];
  readonly model: ModelOptions;
}

/** A cell that is constructed: its inputs in, its output out, under a name in the scope. */
export type Cell = (scope: Scope, name: string, inputs: readonly NodeValue[]) => NodeValue;

interface Edge {
  readonly from: number;
  /** Name in `edge_mod`; repeated connections may share it and so their module. */
  readonly name: string;
  readonly block: Block;
}

/** The connections of each node, nodes in increasing order, connections in the order of the genotype. */
function groupByTarget(connections: readonly Connection[]): readonly (readonly [number, readonly Connection[]])[] {
  const targets = new Map<number, Connection[]>();
  for (const connection of connections) {
    const others = targets.get(connection.to);
    if (others === undefined) targets.set(connection.to, [connection]);
    else others.push(connection);
  }
  return [...targets].sort(([a], [b]) => a - b);
}

function preprocessBlock(options: CellOptions, input: number, state: ConstructionState): Block {
  const { model, inputs, channels, index } = options;
  if (!model.cellUsePreprocess) return identity();
  const { channels: inChannels, stride } = inputs[input];
  const name = stride > 1 ? model.cellPreprocessStride : model.cellPreprocessNormal;
  const place = `cells.${index}.preprocess_ops.${input}`;
  checkKeywordCall(name, place);
  return buildPrimitive(name, { channels: inChannels, outChannels: channels, stride, affine: true, place }, state);
}

function shortcutBlock(options: CellOptions, state: ConstructionState): Block | null {
  const { model, inputs, joinedChannels, stride, index } = options;
  if (!model.cellUseShortcut) return null;
  const name = model.cellShortcutOpType;
  const place = `cells.${index}.shortcut_reduction_op`;
  checkKeywordCall(name, place);
  const channels = inputs[inputs.length - 1].channels;
  return buildPrimitive(name, { channels, outChannels: joinedChannels, stride, affine: true, place }, state);
}

/** Every node's edges. Inner edges, too, are built for the cell's input width, as in AWNAS. */
function buildEdges(
  options: CellOptions,
  state: ConstructionState,
): readonly (readonly [node: number, edges: readonly Edge[]])[] {
  const { index, stride, channels, outChannels, group, inputs, model, operationArguments } = options;
  const built = new Map<string, Edge>();
  const counts = new Map<string, number>();
  return groupByTarget(group.connections).map(([node, connections]) => [
    node,
    connections.map(({ primitive, from, to }) => {
      const connection = `f_${from}_t_${to}-${primitive}`;
      const count = counts.get(connection) ?? 0;
      counts.set(connection, count + 1);
      const name = `${connection}-${model.cellIndependentConn ? count : 0}`;
      const shared = built.get(name);
      if (shared !== undefined) return shared;
      const place = `cells.${index}.edge_mod.${name}`;
      if (operationArguments.length > 0) {
        throw new XnorkitError(
          "bad-option",
          `${place}: primitive ${primitive} takes no argument "${operationArguments[0]}", which cell_group_kwargs ` +
            "passes to every" +
            " operation of the group",
        );
      }
      const own = from < inputs.length ? stride : 1;
      const block = buildPrimitive(primitive, { channels, outChannels, stride: own, affine: true, place }, state);
      const pooled = model.cellPoolBatchnorm && primitive.includes("pool");
      const edge = { from, name, block: pooled ? sequential([block, batchNorm2d(outChannels, false)]) : block };
      built.set(name, edge);
      return edge;
    }),
  ]);
}

function readNode(nodes: readonly NodeValue[], node: number, options: CellOptions, reader: string): NodeValue {
  if (node < nodes.length) return nodes[node];
  throw new XnorkitError(
    "bad-option",
    `cells.${options.index}: ${reader} of genotype group ${options.group.name} reads node ${node}, but there are ` +
      "only nodes 0 to" +
      ` ${nodes.length - 1}: ${options.inputs.length} inputs and one for each number that connections lead to`,
  );
}

/**
 * Constructs a cell. What its operations cannot be built from is refused here, in AWNAS's order of construction:
 * preprocess, shortcut, edges.
 * @throws XnorkitError what `buildPrimitive` throws; running the cell throws `bad-option` for nodes that do not exist.
 */
export function buildCell(options: CellOptions, state: ConstructionState): Cell {
  const { index, group } = options;
  const preprocess = options.inputs.map((_, input) => preprocessBlock(options, input, state));
  const shortcut = shortcutBlock(options, state);
  const edges = buildEdges(options, state);

  function runPreprocess(scope: Scope, inputs: readonly NodeValue[]): NodeValue[] {
    let nodes: NodeValue[] = [];
    const list: Block = {
      type: "ModuleList",
      forward(listScope) {
        nodes = preprocess.map((block, input) => {
          const value = listScope.child(String(input), block, inputs[input].value);
          return value === inputs[input].value ? inputs[input] : { value };
        });
        return nodes[nodes.length - 1].value;
      },
    };
    scope.child("preprocess_ops", list, inputs[0].value);
    return nodes;
  }

  /** A repeated connection with a shared module reads the same node again, so its value is the one computed before. */
  function runEdges(scope: Scope, nodes: NodeValue[]): void {
    const modules: Block = {
      type: "Module",
      forward(edgeScope, x) {
        for (const [node, connections] of edges) {
          const computed = new Map<string, string>();
          const values = connections.map(({ name, from, block }) => {
            const source = readNode(nodes, from, options, `the connection ${name}`);
            const value = computed.get(name) ?? edgeScope.child(name, block, source.value);
            computed.set(name, value);
            return value;
          });
          const sum = values.reduce((total, value, term) => {
            const isLast = term === values.length - 1;
            return addSameShape(scope, total, value, isLast ? `node_${node}` : `node_${node}_part_${term}`);
          });
          nodes.push({ value: sum });
        }
        return nodes[nodes.length - 1]?.value ?? x;
      },
    };
    scope.child("edge_mod", modules, nodes[nodes.length - 1].value);
  }

  return (parent, name, inputs) => {
    let output: NodeValue = inputs[inputs.length - 1];
    const block: Block = {
      type: "CNNGenotypeCell",
      children: ["concat_op", "preprocess_ops", "shortcut_reduction_op", "edge_mod"],
      forward(scope) {
        const nodes = runPreprocess(scope, inputs);
        runEdges(scope, nodes);
        const joined = options.concat.map((node) => readNode(nodes, node, options, `${group.name}_concat`));
        output = joinNodes(scope, options.concatOp, joined);
        if (shortcut === null) return output.value;
        // Joining may have changed the input in place; the shortcut reads it after that.
        const skipped = scope.child("shortcut_reduction_op", shortcut, inputs[inputs.length - 1].value);
        // The first cell has the module and its parameters, but does not add what it computes.
        if (index !== 0) output = { value: addSameShape(scope, output.value, skipped) };
        return output.value;
      },
    };
    parent.child(name, block, inputs[inputs.length - 1].value);
    return output;
  };
}
