/** Measures, layer by layer, which kernel of a binary convolution is faster on this machine. */
import type { BinaryKernel } from "../compiler/choose_kernel.js";
import { type Program, planProgram } from "../compiler/compile.js";
import type { Shape } from "../tensor.js";
import { binder } from "./bind.js";
import { hostMemory } from "./memory.js";
import type { OpenKernels } from "./open_kernels.js";
import { aloneCrew } from "./team.js";

const rounds = 3;

/**
 * Measures each binary convolution of a network with both kernels, best of a few rounds, in a memory of its own that is
 * dropped afterwards. Times do not depend on the bits, so no input is needed. A few milliseconds for a ResNet.
 * @returns the faster kernel by layer.
 */
export function tuneKernels(
  program: Program,
  { module, shared }: OpenKernels,
  inputShape: Shape,
): ReadonlyMap<string, BinaryKernel> {
  const host = hostMemory(undefined, shared);
  const team = aloneCrew(module).team(host.memory, 0);
  const { bind } = binder(team, host);
  const best = new Map<string, { kernel: BinaryKernel; milliseconds: number }>();
  for (const kernel of ["table", "popcount"] as const) {
    const { plan, steps } = bind(planProgram({ ...program, kernel }, inputShape, "f32"));
    plan.steps.forEach((step, index) => {
      if (step.binaryMacs === 0) return;
      let milliseconds = Number.POSITIVE_INFINITY;
      for (let round = 0; round < rounds; round++) {
        const start = performance.now();
        team.runStep(steps, index);
        milliseconds = Math.min(milliseconds, performance.now() - start);
      }
      const known = best.get(step.name);
      if (known === undefined || milliseconds < known.milliseconds) best.set(step.name, { kernel, milliseconds });
    });
  }
  return new Map([...best].map(([name, { kernel }]) => [name, kernel]));
}
