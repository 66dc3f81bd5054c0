/** What the tests of imported networks share: recorded tensors, and what runs a network. */
import { readFileSync } from "node:fs";
import { readSafetensors, toFloat32 } from "../../src/formats/safetensors.js";
import { createSession } from "../../src/index.js";
import type { Model } from "../../src/model.js";
import { runReference } from "../../src/reference/index.js";
import type { Shape, Tensor } from "../../src/tensor.js";
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

export interface Run {
  /** The reference, or a kernel. */
  readonly by: string;
  readonly shape: Shape;
  readonly data: ArrayLike<number>;
}

/** A network on an input in the reference and on both kernels. */
export async function runEverywhere(model: Model, input: Tensor): Promise<readonly Run[]> {
  const { shape, data } = runReference(model.graph, model.weights, input).output;
  const runs: Run[] = [{ by: "reference", shape, data }];
  for (const kernel of KERNELS) {
    const session = await createSession(model, { kernel });
    runs.push({ by: kernel, ...session.run(input) });
    session.dispose();
  }
  return runs;
}
