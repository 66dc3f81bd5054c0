/**
 * Model descriptions: JSON in the frameworks' own words, as the golden networks and `digits.safetensors` carry them:
 * `{ "framework": "bmxnet-v2", "set_binary_layer_config": {...}, "model": {"family": "resnet_e", ...}, "input_shape": [...] }`.
 */
import { XnorkitError } from "../errors.js";
import type { Graph, Preprocess } from "../graph/types.js";
import type { BinaryOptions } from "../nn/binary_config.js";
import type { InitialLayers } from "../nn/stems.js";
import { checkCount, checkCounts, checkFlag, checkKeys, refuseOption } from "./options.js";
import { type ResnetEVariant, resnetE } from "./resnet_e.js";

type JsonObject = Readonly<Record<string, unknown>>;

const FAMILIES_NOT_BUILT = ["resnet", "basenet", "binet"];
const MAX_SIZE = 2 ** 31 - 1;

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null; // Python's None means "keep the default"
}

function readObject(place: string, value: unknown): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuseOption(place, "an object", value);
  return value as JsonObject;
}

function optional<T>(
  place: string,
  value: unknown,
  check: (place: string, value: unknown) => asserts value is T,
): T | undefined {
  if (isAbsent(value)) return undefined;
  check(place, value);
  return value;
}

function checkText(place: string, value: unknown): asserts value is string {
  if (typeof value !== "string") refuseOption(place, "a string", value);
}

function checkNumber(place: string, value: unknown): asserts value is number {
  if (typeof value !== "number" || !Number.isFinite(value)) refuseOption(place, "a number", value);
}

function checkSize(place: string, value: unknown): asserts value is number {
  checkCount(place, value, MAX_SIZE);
}

function checkSizes(place: string, value: unknown): asserts value is readonly number[] {
  checkCounts(place, value, 32, MAX_SIZE);
}

function checkTexts(place: string, value: unknown): asserts value is readonly string[] {
  if (!Array.isArray(value) || value.length === 0) refuseOption(place, "an array of strings", value);
  value.forEach((element, index) => {
    checkText(`${place}[${index}]`, element);
  });
}

function checkNumbers(place: string, value: unknown): asserts value is readonly number[] {
  if (!Array.isArray(value) || value.length === 0) refuseOption(place, "an array of numbers", value);
  value.forEach((element, index) => {
    checkNumber(`${place}[${index}]`, element);
  });
}

const BINARY_KEYS = ["grad_cancel", "bits", "bits_a", "activation", "weight_quantization", "approximation"];

function readBinaryConfig(value: unknown): BinaryOptions {
  if (isAbsent(value)) return {};
  const place = "set_binary_layer_config";
  const config = readObject(place, value);
  checkKeys(place, config, BINARY_KEYS);
  return {
    bits: optional(`${place}.bits`, config.bits, checkSize),
    bitsA: optional(`${place}.bits_a`, config.bits_a, checkSize),
    activation: optional(`${place}.activation`, config.activation, checkText),
    weightQuantization: optional(`${place}.weight_quantization`, config.weight_quantization, checkText),
    approximation: optional(`${place}.approximation`, config.approximation, checkText),
    gradCancel: optional(`${place}.grad_cancel`, config.grad_cancel, checkNumber),
  };
}

const RESNET_E_KEYS = [
  "family",
  "version",
  "layers",
  "channels",
  "classes",
  "initial_layers",
  "use_fp",
  "use_pooling",
  "slices",
  "num_groups",
  "dilation",
];

function readResnetE(model: JsonObject, shared: Pick<ResnetEVariant, "inputShape" | "binary" | "name">): Graph {
  checkKeys("model", model, RESNET_E_KEYS);
  const { version, layers, channels } = model;
  if (version !== 1 && version !== 2) refuseOption("model.version", "1 or 2", version);
  checkSizes("model.layers", layers);
  checkSizes("model.channels", channels);
  return resnetE({
    ...shared,
    version: version as 1 | 2,
    layers,
    channels,
    classes: optional("model.classes", model.classes, checkSize),
    initialLayers: optional("model.initial_layers", model.initial_layers, checkText) as InitialLayers | undefined,
    useFp: optional("model.use_fp", model.use_fp, checkFlag),
    usePooling: optional("model.use_pooling", model.use_pooling, checkFlag),
    slices: optional("model.slices", model.slices, checkSize),
    numGroups: optional("model.num_groups", model.num_groups, checkSize),
    dilation: optional("model.dilation", model.dilation, checkSize),
  });
}

/** `{ mean, std }`; a string is a remark for people and ignored. */
function readPreprocess(value: unknown): Preprocess | undefined {
  if (isAbsent(value) || typeof value === "string") return undefined;
  const { mean, std } = readObject("preprocess", value);
  checkNumbers("preprocess.mean", mean);
  checkNumbers("preprocess.std", std);
  if (std.some((deviation) => deviation <= 0)) refuseOption("preprocess.std", "numbers above 0", std);
  return { mean, std };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new XnorkitError("bad-file", `the model description is not JSON: ${(cause as Error).message}`, { cause });
  }
}

/**
 * Builds the network that a model description (JSON text or the value parsed from it) describes, with the defaults of its
 * framework. Read beside the model: `name`, `input_shape`, `preprocess` as `{ mean, std }`, `labels`; other keys are records and
 * ignored.
 * @throws XnorkitError `bad-option` that names the key with a wrong type or value, `bad-file` for text that is not JSON,
 * `unsupported` for frameworks and families that this version does not build, and what `resnetE` throws.
 */
export function fromDescription(json: unknown): Graph {
  const description = readObject("the model description", typeof json === "string" ? parse(json) : json);
  const { framework } = description;
  if (framework === "awnas") {
    throw new XnorkitError("unsupported", "framework awnas is not built by this version: bmxnet-v2 is");
  }
  if (framework !== "bmxnet-v2") refuseOption("framework", '"bmxnet-v2" or "awnas"', framework);

  const model = readObject("model", description.model);
  const { family } = model;
  if (typeof family === "string" && FAMILIES_NOT_BUILT.includes(family)) {
    throw new XnorkitError("unsupported", `model.family ${family} is not built by this version: resnet_e is`);
  }
  if (family !== "resnet_e") refuseOption("model.family", '"resnet_e", "resnet", "basenet" or "binet"', family);

  const inputShape = optional("input_shape", description.input_shape, checkSizes);
  const graph = readResnetE(model, {
    inputShape,
    binary: readBinaryConfig(description.set_binary_layer_config),
    name: optional("name", description.name, checkText),
  });
  const preprocess = readPreprocess(description.preprocess);
  const labels = optional("labels", description.labels, checkTexts);
  return { ...graph, ...(preprocess && { preprocess }), ...(labels && { labels }) };
}
