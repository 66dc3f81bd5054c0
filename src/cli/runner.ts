/** One way to run a network for all commands: on the kernels, or with the reference interpreter. */

import { findValue } from "../graph/lookup.js";
import { checkWeights } from "../graph/parameters.js";
import type { Model } from "../model.js";
import { createSession, type StepProfile, type ThreadChoice } from "../runtime/session.js";
import type { Shape, Tensor } from "../tensor.js";

export interface Runner {
  readonly run: (input: Tensor) => Tensor;
  /** A tapped tensor of the last run. */
  readonly tap: (name: string) => Tensor;
  /** Times each step on the input of the last run; only the kernels have steps. */
  readonly profile?: (runs?: number) => readonly StepProfile[];
  /** Ends what it keeps running: worker threads. */
  readonly dispose: () => void;
}

export interface RunnerOptions {
  /** The slow f64 oracle instead of the kernels. */
  readonly reference?: boolean;
  readonly taps?: readonly string[];
  /** Shape that the kernels are planned for at once. */
  readonly inputShape?: Shape;
  /** How many threads the kernels run in. */
  readonly threads?: ThreadChoice;
}

function toFloat32({ shape, data }: { readonly shape: Shape; readonly data: Float64Array }): Tensor {
  return { shape, data: Float32Array.from(data) };
}

async function openReference({ graph, weights }: Model, names: readonly string[]): Promise<Runner> {
  const { runReference } = await import("../reference/index.js");
  checkWeights(graph, weights);
  const values = new Map(names.map((name) => [name, findValue(graph, name)]));
  let tapped: ReadonlyMap<string, Tensor> = new Map();
  return {
    run(input) {
      const { output, taps } = runReference(graph, weights, input, { taps: [...new Set(values.values())] });
      tapped = new Map([...values].map(([name, value]) => [name, toFloat32(taps.get(value)!)]));
      return toFloat32(output);
    },
    tap: (name) => tapped.get(name)!,
    dispose() {},
  };
}

/** @throws XnorkitError what `createSession` throws; a run throws `bad-shape` for an input that does not fit. */
export async function openRunner(
  model: Model,
  { reference, taps = [], inputShape, threads }: RunnerOptions = {},
): Promise<Runner> {
  if (reference) return openReference(model, taps);
  return createSession(model, { taps, inputShape, threads });
}
