/** What the tensors of a file are while they are imported: maps of the graph, constants, and steps that give them. */
import type { Operation } from "../../graph/types.js";
import type { Shape } from "../../tensor.js";
import type { TensorType, TfliteTensor } from "./schema.js";

/**
 * What a computed tensor of the file holds; in the graph bits are -1 and +1, int8 the real numbers that it stands
 * for.
 */
export type Storage = "f32" | "i8" | "bits";

/** real = scale * (q - zeroPoint) of an int8 tensor. */
export interface Int8Scale {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** A tensor that the network computes, and the value of the graph that holds it. */
export interface FeatureMap {
  readonly kind: "map";
  /** The graph's value: [N, C, H, W] of [N, H, W, C]; either of [N, C] and [N, C, 1, 1] of [N, C] and [N, 1, 1, C]. */
  readonly node: string;
  /** NHWC or [N, C]; of bitpacked tensors with channels counted, not words. */
  readonly shape: Shape;
  readonly storage: Storage;
  /** Of int8 ones. */
  readonly int8: Int8Scale | null;
}

/** What a tensor of the file is; `integers` are numbers that only say a shape. */
export type Operand =
  | FeatureMap
  /** `type` is that of its numbers as an operator reads them: f32 of what DEQUANTIZE read. */
  | { readonly kind: "constant"; readonly shape: Shape; readonly tensor: TfliteTensor; readonly type: TensorType }
  | { readonly kind: "integers"; readonly shape: Shape; readonly values: readonly number[] };

/** One of the nodes that an operator becomes; it reads the one before unless it names its inputs. */
export interface Step {
  readonly operation: Operation;
  /** Added to the operator's name, unless the step is the last. */
  readonly suffix: string;
  readonly inputs?: readonly string[];
}

/** A constant of real numbers, in the file's order. */
export interface Floats {
  readonly shape: Shape;
  readonly data: Float32Array;
}
