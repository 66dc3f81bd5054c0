/** `model` of a BMXNet v2 description, by its family, in the source's own words. */
import type { Graph } from "../graph/types.js";
import type { InitialLayers } from "../nn/stems.js";
import { baseNetDense } from "./base_net_dense.js";
import type { BaseNetKind } from "./base_net_spec.js";
import { binet } from "./binet.js";
import {
  checkNumbers,
  checkSize,
  checkSizes,
  checkText,
  isAbsent,
  type JsonObject,
  optional,
} from "./description_readers.js";
import type { NetworkOptions } from "./network_options.js";
import { checkFlag, checkKeys, refuseOption } from "./options.js";
import { resnet } from "./resnet.js";
import { resnetE } from "./resnet_e.js";
import type { ResnetSpec } from "./resnet_spec.js";

/** What a description states beside the model. */
export type Shared = Pick<NetworkOptions, "inputShape" | "binary" | "name">;

const COMMON_KEYS = ["family", "classes", "initial_layers"];

function readCommon(model: JsonObject): Pick<NetworkOptions, "classes" | "initialLayers"> {
  return {
    classes: optional("model.classes", model.classes, checkSize),
    initialLayers: optional("model.initial_layers", model.initial_layers, checkText) as InitialLayers | undefined,
  };
}

function readSpec({ layers, channels }: JsonObject): ResnetSpec {
  checkSizes("model.layers", layers);
  checkSizes("model.channels", channels);
  return { layers, channels };
}

function readVersion({ version }: JsonObject): 1 | 2 {
  return version === 1 || version === 2 ? version : refuseOption("model.version", "1 or 2", version);
}

function readResnetE(model: JsonObject, shared: Shared): Graph {
  const own = ["version", "layers", "channels", "use_fp", "use_pooling", "slices", "num_groups", "dilation"];
  checkKeys("model", model, [...COMMON_KEYS, ...own]);
  return resnetE({
    ...shared,
    ...readCommon(model),
    version: readVersion(model),
    ...readSpec(model),
    useFp: optional("model.use_fp", model.use_fp, checkFlag),
    usePooling: optional("model.use_pooling", model.use_pooling, checkFlag),
    slices: optional("model.slices", model.slices, checkSize),
    numGroups: optional("model.num_groups", model.num_groups, checkSize),
    dilation: optional("model.dilation", model.dilation, checkSize),
  });
}

function readResnet(model: JsonObject, shared: Shared): Graph {
  checkKeys("model", model, [...COMMON_KEYS, "version", "layers", "channels"]);
  return resnet({ ...shared, ...readCommon(model), version: readVersion(model), ...readSpec(model) });
}

function readBinet(model: JsonObject, shared: Shared): Graph {
  checkKeys("model", model, [...COMMON_KEYS, "layers", "channels", "bits", "bits_a"]);
  return binet({
    ...shared,
    ...readCommon(model),
    ...readSpec(model),
    bits: optional("model.bits", model.bits, checkSize),
    bitsA: optional("model.bits_a", model.bits_a, checkSize),
  });
}

/** The source's tables have text as keys and None for flex; numbers are taken too. */
function readBaseNetSpec({ spec }: JsonObject): string {
  if (isAbsent(spec)) return "flex";
  const text = typeof spec === "number" ? String(spec) : spec;
  checkText("model.spec", text);
  return text;
}

function readBaseNet(model: JsonObject, shared: Shared): Graph {
  const own = ["kind", "spec", "growth_rate", "init_features", "reduction", "downsample", "dilated", "block_config"];
  checkKeys("model", model, [...COMMON_KEYS, ...own]);
  const { kind } = model;
  checkText("model.kind", kind);
  return baseNetDense({
    ...shared,
    ...readCommon(model),
    kind: kind as BaseNetKind,
    spec: readBaseNetSpec(model),
    growthRate: optional("model.growth_rate", model.growth_rate, checkSize),
    initFeatures: optional("model.init_features", model.init_features, checkSize),
    reduction: optional("model.reduction", model.reduction, checkNumbers),
    downsample: optional("model.downsample", model.downsample, checkText),
    dilated: optional("model.dilated", model.dilated, checkFlag),
    blockConfig: optional("model.block_config", model.block_config, checkSizes),
  });
}

/** Builds `model` of a description, by `model.family`. */
export const families: ReadonlyMap<unknown, (model: JsonObject, shared: Shared) => Graph> = new Map([
  ["resnet_e", readResnetE],
  ["resnet", readResnet],
  ["binet", readBinet],
  ["basenet", readBaseNet],
]);
