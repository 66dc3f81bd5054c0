/** Networks of commands that need no weights: a name with options, or whatever `--model` takes. */
import type { Graph } from "../graph/types.js";
import { allModelNames } from "../models/catalog.js";
import { getModelSpec, parseModelSpec } from "../models/model_spec.js";
import { findModel } from "./load_model.js";

export const NETWORK_HELP = `Options follow the name, in the words of its framework, as one argument: "resnet18_e1 useFp initialLayers=grouped_stem",
"resnet18_e1 approximation=xnor inputShape=1x3x224x224", "awnas_resnet18 block=bireal_resnet_block stem=conv_bn_relu_3x3".`;

/**
 * The network that an argument names.
 * @throws XnorkitError what `findModel` and the constructors of the networks throw.
 */
export async function findNetwork(text: string): Promise<Graph> {
  const spec = parseModelSpec(text);
  if (Object.keys(spec.options).length > 0 && allModelNames().includes(spec.name)) {
    return { ...getModelSpec(spec), name: text.trim().replace(/\s+/g, " ") };
  }
  return (await findModel({ model: text })).graph;
}
