/** What the frameworks' layers have in common as blocks. */
import { describeArgument, optionsArgument, textArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import { type Block, isBlock, type Scope } from "../graph/builder.js";
import type { Operation, Padding, Pair } from "../graph/types.js";

/** One number for both axes, or height and width. */
export type Size = number | Pair;

/** Rows and columns around a map: one number for all sides, or what a Graph says (`"same"` is TensorFlow's SAME). */
export type PaddingSize = number | Padding;

/** Height and width. What is neither number nor pair stays as it is: the layer refuses it by name. */
export function pair(size: Size): Pair {
  return typeof size === "number" ? [size, size] : size;
}

/** As `pair`, for paddings. */
export function paddingOf(size: PaddingSize): Padding {
  return typeof size === "number" ? [size, size] : size;
}

/**
 * A block that is one node, of any kind without parameters: `layer("Softmax", { kind: "softmax" })`. A layer with
 * parameters is a block whose `forward` names them: `scope.parameter("weight")`.
 * @param type The class name that the module tree shows.
 */
export function layer(type: string, operation: Operation): Block {
  textArgument("layer", "the type", type);
  return { type, forward: (scope, input) => scope.add(operation, [input]) };
}

/**
 * Options of a layer, checked for names that nobody reads.
 * @throws XnorkitError `bad-option` with the closest names.
 */
export function layerOptions<T extends object>(type: string, names: readonly (keyof T & string)[], options: T): T {
  return optionsArgument(type, names, options);
}

/** Blocks in a row, or under names of their own. */
export type Blocks = readonly Block[] | Readonly<Record<string, Block>>;

/**
 * The blocks with their names: "0", "1", ... in a row.
 * @throws XnorkitError `bad-option` for what is no block, with its place.
 */
export function namedBlocks(type: string, blocks: Blocks): readonly (readonly [name: string, block: Block])[] {
  const isPlain = typeof blocks === "object" && blocks !== null && !isBlock(blocks);
  const named = isPlain ? Object.entries(blocks) : [];
  const wrong = named.find(([, block]) => !isBlock(block));
  if (isPlain && wrong === undefined) return named;
  throw new XnorkitError(
    "bad-option",
    wrong === undefined
      ? `the blocks of ${type} must be a list of blocks, or an object of blocks by name, found ` +
          describeArgument(blocks)
      : `the block ${wrong[0]} of ${type} must be { type, forward } as the functions of layers give it, found ` +
          describeArgument(wrong[1]),
  );
}

/** Blocks one after the other. */
export function inARow(type: string, blocks: Blocks): Block {
  const named = namedBlocks(type, blocks);
  return {
    type,
    forward: (scope, input) => named.reduce((value, [name, block]) => scope.child(name, block, value), input),
  };
}

/** The input as [batch, features], flattened in a node `flatten` if it is a map. */
export function flattened(scope: Scope, input: string): string {
  return scope.shape(input).length === 2 ? input : scope.add({ kind: "flatten" }, [input], "flatten");
}
