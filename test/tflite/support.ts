/** What the tests of imported networks share: recorded inputs and outputs, and the kernels to run them on. */
import { readFileSync } from "node:fs";
import type { TestContext } from "node:test";
import { XnorkitError } from "../../src/errors.js";
import { readSafetensors, toFloat32 } from "../../src/formats/safetensors.js";
import { createSession } from "../../src/index.js";
import type { Model } from "../../src/model.js";
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

/**
 * A session of a network, or null when the compiler does not know a part of it yet: the test is then skipped and says
 * what.
 */
export async function openSession(t: TestContext, model: Model, kernel: (typeof KERNELS)[number]) {
  try {
    return await createSession(model, { kernel });
  } catch (error) {
    if (!(error instanceof XnorkitError) || error.code !== "unsupported") throw error;
    t.skip(error.message);
    return null;
  }
}
