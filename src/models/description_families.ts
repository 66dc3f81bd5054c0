/** `model` of a BMXNet v2 description, by its family, in the source's own words. */
import type { Graph } from "../graph/types.js";
import { type BaseNetOptions, baseNetDense } from "./base_net_dense.js";
import { type BinetOptions, binet } from "./binet.js";
import {
  type Check,
  checkNumbers,
  checkSize,
  checkSizes,
  checkText,
  ifGiven,
  isAbsent,
  type JsonObject,
  readFields,
} from "./description_readers.js";
import type { NetworkOptions } from "./network_options.js";
import { checkFlag, refuseOption } from "./options.js";
import { type ResnetOptions, resnet } from "./resnet.js";
import { type ResnetEOptions, resnetE } from "./resnet_e.js";

/** What a description states beside the model. */
export type Shared = Pick<NetworkOptions, "inputShape" | "binary" | "name">;

const checkVersion: Check = (place, value) => {
  if (value !== 1 && value !== 2) refuseOption(place, "1 or 2", value);
};

/** The source's tables have text as keys and None for flex; numbers are taken too. */
const checkSpec: Check = (place, value) => {
  if (typeof value !== "number") checkText(place, value);
};

const size = ifGiven(checkSize);
const flag = ifGiven(checkFlag);
const text = ifGiven(checkText);

const common = { family: checkText, classes: size, initial_layers: text };
const residual = () => ({ ...common, version: checkVersion, layers: checkSizes, channels: checkSizes });

function readResnetE(model: JsonObject, shared: Shared): Graph {
  const own = { use_fp: flag, use_pooling: flag, slices: size, num_groups: size, dilation: size };
  return resnetE({ ...shared, ...readFields<ResnetEOptions>("model", model, { ...residual(), ...own }) });
}

function readResnet(model: JsonObject, shared: Shared): Graph {
  return resnet({ ...shared, ...readFields<ResnetOptions>("model", model, residual()) });
}

function readBinet(model: JsonObject, shared: Shared): Graph {
  const { version: _, ...own } = residual();
  return binet({ ...shared, ...readFields<BinetOptions>("model", model, { ...own, bits: size, bits_a: size }) });
}

function readBaseNet(model: JsonObject, shared: Shared): Graph {
  const fields = readFields<BaseNetOptions>("model", model, {
    ...common,
    kind: checkText,
    spec: ifGiven(checkSpec),
    growth_rate: size,
    init_features: size,
    reduction: ifGiven(checkNumbers),
    downsample: text,
    dilated: flag,
    block_config: ifGiven(checkSizes),
  });
  return baseNetDense({ ...shared, ...fields, spec: isAbsent(model.spec) ? "flex" : String(model.spec) });
}

/** Builds `model` of a description, by `model.family`. */
export const families: ReadonlyMap<unknown, (model: JsonObject, shared: Shared) => Graph> = new Map([
  ["resnet_e", readResnetE],
  ["resnet", readResnet],
  ["binet", readBinet],
  ["basenet", readBaseNet],
]);
