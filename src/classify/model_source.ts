/** What is taken for a model, and what comes of it. */
import type { FileBytes } from "../arguments.js";
import type { UrlLike } from "../fetch/types.js";
import { inferShapes } from "../graph/shapes.js";
import type { Model } from "../model.js";
import type { Shape } from "../tensor.js";

/** What is taken for a model: one in memory, its bytes, its URL or a text with one. */
export type ModelSource = Model | FileBytes | string | UrlLike;

/** What a file does not say of its network. */
export interface ModelFileOptions {
  /** The file of the weights, for networks that have them in another: an MXNet symbol, a description. */
  readonly weights?: FileBytes | string | UrlLike;
  /** Input shape, for files that state none. */
  readonly inputShape?: Shape;
}

/** A model as a file held it. */
export interface OpenedModel extends Model {
  /** What its reader decided by itself, in sentences. */
  readonly notes: readonly string[];
}

/** The names of the options of a model's file. */
export const MODEL_FILE_OPTIONS: readonly (keyof ModelFileOptions)[] = ["weights", "inputShape"];

/**
 * The model for inputs of another shape.
 * @throws XnorkitError `bad-shape` if the network cannot take them.
 */
export function atInputShape(model: OpenedModel, inputShape: Shape | undefined): OpenedModel {
  if (inputShape === undefined) return model;
  inferShapes(model.graph, inputShape);
  return { ...model, graph: { ...model.graph, inputShape } };
}
