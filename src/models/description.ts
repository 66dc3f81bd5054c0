/**
 * Model descriptions: JSON in the frameworks' own words, as the golden networks and `digits.safetensors` carry them:
 * `{ "framework": "bmxnet-v2", "set_binary_layer_config": {...}, "model": {"family": "resnet_e", ...}, "input_shape":
 * [...] }`.
 */
import { XnorkitError } from "../errors.js";
import type { Graph } from "../graph/types.js";
import { type BinaryOptions, binaryConfig, configWarnings, defaultBinaryConfig } from "../nn/binary_config.js";
import { families } from "./description_families.js";
import { checkNumber, checkSize, checkText, ifGiven, isAbsent, readFields, readObject } from "./description_readers.js";
import { readDescription, readPlace, withRecords } from "./description_records.js";
import { refuseOption } from "./options.js";

function readBinaryConfig(value: unknown): BinaryOptions {
  if (isAbsent(value)) return {};
  const place = "set_binary_layer_config";
  const [size, text] = [checkSize, checkText].map(ifGiven);
  return readFields(place, readObject(place, value), {
    grad_cancel: ifGiven(checkNumber),
    bits: size,
    bits_a: size,
    activation: text,
    weight_quantization: text,
    approximation: text,
  });
}

/**
 * What BMXNet silently replaces in the `set_binary_layer_config` of a description (`configWarnings`); empty for other
 * frameworks.
 * @throws XnorkitError as `fromDescription` for a configuration that cannot be read.
 */
export function descriptionWarnings(json: unknown): readonly string[] {
  return configWarnings(readBinaryConfig(readDescription(json).set_binary_layer_config), defaultBinaryConfig);
}

/**
 * Builds the network that a model description (JSON text or the value parsed from it) describes, with the defaults of
 * its framework. Read beside the model: `name`, `input_shape`, `preprocess` as `{ mean, std }`, `labels`; other keys
 * are records and ignored.
 * @throws XnorkitError `bad-option` that names the key with a wrong type or value, `bad-file` for text that is not
 *   JSON, `unsupported` for AWNAS, which `xnorkit/awnas` builds, and what the family's builder throws (`resnetE`,
 *   `resnet`, `binet`, `baseNetDense`).
 */
export function fromDescription(json: unknown): Graph {
  const description = readDescription(json);
  const { framework } = description;
  if (framework === "awnas") {
    throw new XnorkitError("unsupported", "descriptions of AWNAS are built by awnasFromDescription of xnorkit/awnas");
  }
  if (framework !== "bmxnet-v2") refuseOption("framework", '"bmxnet-v2" or "awnas"', framework);

  const model = readObject("model", description.model);
  const build = families.get(model.family);
  if (build === undefined) refuseOption("model.family", '"resnet_e", "resnet", "basenet" or "binet"', model.family);
  const graph = build(model, {
    ...readPlace(description),
    binary: binaryConfig(readBinaryConfig(description.set_binary_layer_config), defaultBinaryConfig),
  });
  return withRecords(graph, description);
}
