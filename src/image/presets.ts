/**
 * How pixels of 0..255 become the numbers that a network was trained on: x = (pixel - mean) / std, by the names that
 * people use.
 */
import type { Preprocess } from "../graph/types.js";

/** Names of preprocessing presets. */
export type PresetName = "mnist" | "unit" | "imagenet-torch" | "imagenet-mxnet" | "larq" | "none";

/**
 * Preprocessing by name: `mnist` and `unit` give 0..1; `imagenet-mxnet` subtracts gluon's mean color; `imagenet-torch`
 * is torchvision's mean and deviation; `larq` gives -1..1; `none` leaves pixels as they are.
 */
export const PRESETS: Readonly<Record<PresetName, Preprocess>> = {
  mnist: { mean: [0], std: [255] },
  unit: { mean: [0], std: [255] },
  "imagenet-torch": { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] },
  "imagenet-mxnet": { mean: [123.68, 116.779, 103.939], std: [1] },
  larq: { mean: [127.5], std: [127.5] },
  none: { mean: [0], std: [1] },
};

/** All names of presets. */
export const presetNames = Object.keys(PRESETS) as readonly PresetName[];

/** True for the name of a preset. */
export function isPresetName(name: string): name is PresetName {
  return Object.hasOwn(PRESETS, name);
}

/** The names of presets that fit pictures with this number of channels. */
export function presetsFor(channels: number): readonly PresetName[] {
  return presetNames.filter((name) => {
    const { mean, std } = PRESETS[name];
    const isColor = name !== "mnist" || channels === 1;
    return isColor && [mean, std].every(({ length }) => length === 1 || length === channels);
  });
}
