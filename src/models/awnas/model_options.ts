/**
 * The options of AWNAS's `CNNGenotypeModel` (aw_nas/final/cnn_model.py), from its own snake_case names and with its
 * defaults.
 */

import { isAbsent, type JsonObject, readObject } from "../description_readers.js";
import { checkCounts, checkKeys, refuseOption } from "../options.js";
import { readCount, readFlag, readText } from "./option_readers.js";

export interface CellGroupOptions {
  /** Overrides the width of the cells of the group; it stays the base width of the cells that follow. */
  readonly channels: number | null;
  readonly outChannels: number | null;
  /** Passed to every operation of the cells; no primitive of these cells takes any. */
  readonly operationArguments: readonly string[];
}

export interface ModelOptions {
  readonly genotypes: string;
  readonly numClasses: number;
  readonly initChannels: number;
  /** One for the first cell's input and one for each cell's output; empty: doubled at each reducing cell. */
  readonly layerChannels: readonly number[];
  readonly stemMultiplier: number;
  /** Null without stem, a name, or names of stems one after the other, each of which is an input of the first cell. */
  readonly useStem: string | readonly string[] | null;
  readonly stemStride: number;
  readonly stemAffine: boolean;
  readonly noFc: boolean;
  readonly hasDropout: boolean;
  readonly cellUsePreprocess: boolean;
  readonly cellPreprocessStride: string;
  readonly cellPreprocessNormal: string;
  readonly cellUseShortcut: boolean;
  readonly cellShortcutOpType: string;
  readonly cellPoolBatchnorm: boolean;
  readonly cellIndependentConn: boolean;
  readonly cellGroups: readonly CellGroupOptions[] | null;
}

/** The last five concern training alone: dropout, drop path, the auxiliary classifier. */
const KEYS = [
  "genotypes",
  "num_classes",
  "init_channels",
  "layer_channels",
  "stem_multiplier",
  "use_stem",
  "stem_stride",
  "stem_affine",
  "no_fc",
  "cell_use_preprocess",
  "cell_pool_batchnorm",
  "cell_group_kwargs",
  "cell_independent_conn",
  "cell_use_shortcut",
  "cell_shortcut_op_type",
  "cell_preprocess_stride",
  "cell_preprocess_normal",
  "dropout_rate",
  "dropout_path_rate",
  "auxiliary_head",
  "auxiliary_cfg",
  "schedule_cfg",
];

const PLACE = "model_cfg";
const MAX_CHANNELS = 1 << 16;
const MAX_STRIDE = 64;

function readStem(value: unknown): ModelOptions["useStem"] {
  if (value === undefined) return "conv_bn_3x3";
  if (value === null || value === false || value === "") return null;
  if (typeof value === "string") return value;
  const isNames = Array.isArray(value) && value.length <= 64 && value.every((name) => typeof name === "string");
  if (!isNames) refuseOption(`${PLACE}.use_stem`, "the name of a primitive, an array of names, or null", value);
  return value.length === 0 ? null : value;
}

function readLayerChannels(value: unknown, numLayers: number): readonly number[] {
  if (isAbsent(value) || (Array.isArray(value) && value.length === 0)) return [];
  const place = `${PLACE}.layer_channels`;
  checkCounts(place, value, 1 << 16, MAX_CHANNELS);
  if (value.length !== numLayers + 1) {
    refuseOption(place, `an array of ${numLayers + 1} numbers (num_layers + 1), not of ${value.length}`, value);
  }
  return value;
}

function readCellGroups(value: unknown, numCellGroups: number): readonly CellGroupOptions[] | null {
  if (isAbsent(value)) return null;
  const place = `${PLACE}.cell_group_kwargs`;
  if (!Array.isArray(value) || value.length < numCellGroups) {
    refuseOption(place, `an array of one object for each of ${numCellGroups} cell groups`, value);
  }
  return value.map((element, group) => {
    const { C_in, C_out, ...rest } = readObject(`${place}[${group}]`, element);
    const channels = (key: string, count: unknown) =>
      count === undefined ? null : readCount(`${place}[${group}].${key}`, count ?? 0, 0, MAX_CHANNELS);
    return {
      channels: channels("C_in", C_in),
      outChannels: channels("C_out", C_out),
      operationArguments: Object.keys(rest),
    };
  });
}

function hasDropout({ dropout_rate: rate }: JsonObject): boolean {
  if (rate === undefined) return true;
  if (rate !== null && typeof rate !== "number") refuseOption(`${PLACE}.dropout_rate`, "a number", rate);
  return rate !== null && rate > 0;
}

/**
 * Reads `model_cfg` (AWNAS's `final_model_cfg`) for a network of so many cells and groups.
 * @throws XnorkitError `bad-option` that names the key.
 */
export function readModelOptions(value: unknown, numLayers: number, numCellGroups: number): ModelOptions {
  const model = readObject(PLACE, value);
  checkKeys(PLACE, model, KEYS);
  const { genotypes } = model;
  if (typeof genotypes !== "string") refuseOption(`${PLACE}.genotypes`, "the text of a genotype", genotypes);
  const count = (key: string, otherwise: number, maximum: number) =>
    readCount(`${PLACE}.${key}`, model[key], otherwise, maximum);
  const flag = (key: string, otherwise: boolean) => readFlag(`${PLACE}.${key}`, model[key], otherwise);
  const text = (key: string, otherwise: string) => readText(`${PLACE}.${key}`, model[key], otherwise);
  return {
    genotypes,
    numClasses: count("num_classes", 10, 1 << 20),
    initChannels: count("init_channels", 36, MAX_CHANNELS),
    layerChannels: readLayerChannels(model.layer_channels, numLayers),
    stemMultiplier: count("stem_multiplier", 3, MAX_CHANNELS),
    useStem: readStem(model.use_stem),
    stemStride: count("stem_stride", 1, MAX_STRIDE),
    stemAffine: flag("stem_affine", true),
    noFc: flag("no_fc", false),
    hasDropout: hasDropout(model),
    cellUsePreprocess: flag("cell_use_preprocess", true),
    cellPreprocessStride: text("cell_preprocess_stride", "skip_connect"),
    cellPreprocessNormal: text("cell_preprocess_normal", "relu_conv_bn_1x1"),
    cellUseShortcut: flag("cell_use_shortcut", false),
    cellShortcutOpType: text("cell_shortcut_op_type", "skip_connect"),
    cellPoolBatchnorm: flag("cell_pool_batchnorm", false),
    cellIndependentConn: flag("cell_independent_conn", false),
    cellGroups: readCellGroups(model.cell_group_kwargs, numCellGroups),
  };
}
