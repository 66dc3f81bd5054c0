/** The ways in which the soak runs a network: each must give the same bits as every other. */

import { compileProgram } from "../../src/compile.js";
import type { KernelChoice } from "../../src/compiler/choose_kernel.js";
import { createSession, loadModel, type Model, type Shape, saveModel, type Tensor } from "../../src/index.js";
import type { Random } from "../../src/models/random.js";
import { loadProgram } from "../../src/program.js";
import type { SoakNetwork } from "./networks.js";

/** A network that is ready to run. */
export interface Runner {
  readonly run: (input: Tensor) => Promise<Tensor>;
  readonly tap: (name: string) => Tensor;
  readonly dispose: () => void;
  /** What computes binary convolutions: all choices give the same integers, but floats of them may round otherwise. */
  readonly kernel: KernelChoice;
  /** The one type of input that it takes; absent if it takes both. */
  readonly inputType?: "f32" | "u8";
}

/** One way. */
export interface Way {
  readonly name: string;
  /** Threads of its own, which may be ended from outside: a run of it may fail then, but never be wrong. */
  readonly hasWorkers: boolean;
  /** Whether it can run a network on inputs of several shapes. */
  readonly takesAllShapes: boolean;
  readonly open: (network: SoakNetwork, shape: Shape, random: Random) => Promise<Runner>;
}

const kernels: readonly KernelChoice[] = ["auto", "table", "popcount"];

function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[Math.floor(random.uniform() * choices.length)];
}

/** The model as it is, or saved and loaded: files keep every bit. */
function maybeLoaded(model: Model, random: Random): Model {
  return random.uniform() < 0.3 ? loadModel(saveModel(model)) : model;
}

async function openSession({ model, taps }: SoakNetwork, inputShape: Shape, random: Random, threads: number) {
  const kernel = pick(random, kernels);
  const session = await createSession(maybeLoaded(model, random), {
    inputShape,
    taps,
    threads,
    kernel,
    plans: pick(random, [1, 2, 16]),
  });
  return {
    run: async (input: Tensor) => (random.uniform() < 0.5 ? session.run(input) : session.runAsync(input)),
    tap: session.tap,
    dispose: () => (random.uniform() < 0.5 ? session.dispose() : session[Symbol.dispose]()),
    kernel,
  };
}

/** A program file of the network, for one shape and type: compiled, written, read and run. */
async function openProgram({ model, taps }: SoakNetwork, inputShape: Shape, random: Random, threads: number) {
  const inputType = model.graph.preprocess !== undefined && random.uniform() < 0.5 ? "u8" : "f32";
  const kernel = pick(random, kernels);
  const file = await compileProgram(model, { inputShape, inputType, kernel, taps, threads: pick(random, [1, 2, 4]) });
  const program = await loadProgram(file, { threads });
  return {
    run: async (input: Tensor) => (random.uniform() < 0.5 ? program.run(input) : program.runAsync(input)),
    tap: program.tap,
    dispose: () => (random.uniform() < 0.5 ? program.dispose() : program[Symbol.dispose]()),
    kernel,
    inputType,
  } as const;
}

/** Every way that there is. */
export const ways: readonly Way[] = [
  {
    name: "session",
    hasWorkers: false,
    takesAllShapes: true,
    open: (network, shape, random) => openSession(network, shape, random, 1),
  },
  {
    name: "session with threads",
    hasWorkers: true,
    takesAllShapes: true,
    open: (network, shape, random) => openSession(network, shape, random, pick(random, [2, 3])),
  },
  {
    name: "program",
    hasWorkers: false,
    takesAllShapes: false,
    open: (network, shape, random) => openProgram(network, shape, random, 1),
  },
  {
    name: "program with threads",
    hasWorkers: true,
    takesAllShapes: false,
    open: (network, shape, random) => openProgram(network, shape, random, pick(random, [2, 3])),
  },
];
