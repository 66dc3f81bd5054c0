/** x W + b in two operators: the constant that the one reader of a layer adds becomes the layer's bias. */
import type { OnnxNode } from "../network.js";
import { asNumbers, floats } from "./binary_form.js";
import type { ChannelNumbers } from "./constants.js";
import type { Emitter } from "./emitter.js";
import type { Operand } from "./operand.js";
import type { View } from "./view.js";

export interface AddedBias {
  readonly numbers: ChannelNumbers;
  /** Binds the sum to what the layer gives. */
  readonly bind: (result: Operand) => void;
}

/**
 * The bias that is added to what a layer gives; null if there is none, or if somebody else reads the layer too.
 * @param view How the layer's value lies in the file.
 */
export function addedBias(node: OnnxNode, emitter: Emitter, view: View, channels: number): AddedBias | null {
  const [output] = node.outputs;
  const found = emitter.readers.get(output) ?? [];
  const [reader] = found;
  if (found.length !== 1 || output === emitter.network.output || reader.op !== "Add" || reader.domain !== "")
    return null;
  const other = reader.inputs.find((input) => input !== output);
  const tensor = other === undefined ? undefined : emitter.network.constants.get(other);
  if (tensor === undefined || tensor.shape.length > view.length) return null;
  const bind = (result: Operand) => emitter.alias(reader.outputs[0], result);
  if (tensor.data.length === 1) return { numbers: tensor.data[0], bind };
  if (tensor.data.length !== channels) return null;
  const fromEnd = view.length - view.findIndex((axes) => axes.includes(1));
  if (tensor.shape[tensor.shape.length - fromEnd] !== channels) return null;
  return { numbers: asNumbers(floats(tensor)), bind };
}
