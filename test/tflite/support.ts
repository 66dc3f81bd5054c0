/** What the tests of imported networks share: recorded tensors, and the kernels to run on. */
import { readFileSync } from "node:fs";
import { readSafetensors, toFloat32 } from "../../src/formats/safetensors.js";
import type { Tensor } from "../../src/tensor.js";
import { sharedPath } from "../support/shared.js";

/** What computes binary convolutions. */
export const KERNELS = ["table", "popcount"] as const;

/** A tensor of a safetensors file in shared/, as floats. */
export function readTensors(file: string): (name: string) => Tensor {
  const { tensors } = readSafetensors(readFileSync(sharedPath(file)));
  return (name) => {
    const raw = tensors.get(name)!;
    return { shape: raw.shape, data: toFloat32(raw) };
  };
}
