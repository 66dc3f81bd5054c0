/** Compiles a network ahead of time: its plan, bound in a memory, as a program file. */
import { RESERVED_BYTES } from "../abi/constants.js";
import { objectArgument, optionsArgument, refuseArgument } from "../arguments.js";
import type { KernelChoice } from "../compiler/choose_kernel.js";
import { compileGraph, planProgram } from "../compiler/compile.js";
import { XnorkitError } from "../errors.js";
import { KERNELS_ID, VERSION } from "../generated/provenance.js";
import { checkWeights } from "../graph/parameters.js";
import type { Graph } from "../graph/types.js";
import type { Model } from "../model.js";
import { formatShape, type Shape } from "../tensor.js";
import { type BoundPlan, type BoundPort, binder } from "./bind.js";
import { checksumConstants } from "./constants_checksum.js";
import type { KernelSource } from "./kernel_source.js";
import { MAX_MACS } from "./limits.js";
import { hostMemory } from "./memory.js";
import { kernelModule } from "./module.js";
import { readThreads } from "./open_kernels.js";
import { MAX_HEADER_BYTES, MAX_STEP_BYTES, type ProgramHeader, type ProgramPort, writeParts } from "./program_file.js";
import { decodeSteps, encodeSteps } from "./step_table.js";
import { aloneCrew } from "./team.js";
import { checkWork } from "./work.js";

/** What `compileProgram` takes beside the model; all of it optional. */
export interface ProgramCompileOptions {
  /** The one shape that the program runs on; by default the graph's. */
  readonly inputShape?: Shape;
  /** `f32`, the default: numbers as the network reads them. `u8`: pixels 0..255, which `preprocess` normalises. */
  readonly inputType?: "f32" | "u8";
  /** What computes binary convolutions, as `createSession` has it; `auto` by default. */
  readonly kernel?: KernelChoice;
  /** 16-bit weights in the first convolution of pixels, as `createSession` has it; false by default. */
  readonly byteStem?: boolean;
  /** Module paths or node names whose tensors the program's `tap` gives. */
  readonly taps?: readonly string[];
  /**
   * How many threads its steps are cut for, 1 by default. It runs on any number, fewer included, but what is not cut
   * runs on one.
   */
  readonly threads?: number;
  /** The kernels, where the host has compiled them itself. */
  readonly wasm?: KernelSource;
}

const OPTIONS: readonly (keyof ProgramCompileOptions)[] = [
  "inputShape",
  "inputType",
  "kernel",
  "byteStem",
  "taps",
  "threads",
  "wasm",
];

const MODEL = "{ graph, weights }, as loadModel gives it for bytes";
const CALLEE = "compileProgram";

function checkOptions(options: ProgramCompileOptions): void {
  const { inputType = "f32", byteStem = false, taps = [] } = optionsArgument(CALLEE, OPTIONS, options);
  if (inputType !== "f32" && inputType !== "u8") refuseArgument(CALLEE, "the option inputType", "f32 or u8", inputType);
  if (typeof byteStem !== "boolean") refuseArgument(CALLEE, "the option byteStem", "true or false", byteStem);
  if (!Array.isArray(taps) || !taps.every((tap) => typeof tap === "string")) {
    refuseArgument(CALLEE, "the option taps", "a list of names", taps);
  }
}

const portOf = ({ address, port }: BoundPort): ProgramPort => ({ address, shape: port.shape });

interface Sizes {
  /** Where the arena begins. */
  readonly arena: number;
  readonly work: number;
}

function headerOf(
  graph: Graph,
  { plan, input, output, taps, scratch }: BoundPlan,
  { arena, work }: Sizes,
): ProgramHeader {
  return {
    name: graph.name,
    xnorkit: VERSION,
    kernels: KERNELS_ID,
    input: { ...portOf(input), type: plan.input.dtype },
    output: portOf(output),
    taps: [...taps].map(([name, port]) => ({ ...portOf(port), name })),
    layout: graph.layout ?? "NCHW",
    preprocess: graph.preprocess ?? null,
    labels: graph.labels ?? null,
    arenaBytes: scratch - arena,
    scratchBytes: plan.scratchBytes,
    work,
    steps: plan.steps.map(({ name, kind, binaryMacs, floatMacs, float, bytes }) => {
      return { name, kind, binaryMacs, floatMacs, float, bytes };
    }),
  };
}

function encodeHeader(header: ProgramHeader): Uint8Array {
  const bytes = new TextEncoder().encode(JSON.stringify(header));
  if (bytes.length <= MAX_HEADER_BYTES) return bytes;
  throw new XnorkitError(
    "unsupported",
    `the names and labels of ${header.name} take ${bytes.length} bytes, more than the ${MAX_HEADER_BYTES} of a ` +
      "program file: shorten the labels, or leave them out",
  );
}

/**
 * Compiles a network for one input shape and type: the file holds its weights in the kernels' order and every call of
 * a kernel, and `loadProgram` of `xnorkit/program` gives the same bits as a session. It runs on the kernels of this
 * release alone.
 * @throws XnorkitError what `createSession` throws for a model and options that do not fit.
 */
export async function compileProgram(model: Model, options: ProgramCompileOptions = {}): Promise<Uint8Array> {
  const { graph, weights } = objectArgument(CALLEE, "the model", MODEL, model);
  checkOptions(options);
  const { taps, kernel, byteStem, inputShape = graph?.inputShape, inputType = "f32" } = options;
  const workers = await readThreads(CALLEE, options.threads);
  checkWork(graph, inputShape, MAX_MACS);
  checkWeights(graph, weights);
  const plan = planProgram(compileGraph(graph, weights, { taps, kernel, byteStem }), inputShape, inputType, {
    workers,
  });
  const host = hostMemory();
  const team = aloneCrew(await kernelModule(options.wasm)).team(host.memory, 0);
  const bound = binder(team, host).bind(plan);
  // Constants lie from RESERVED_BYTES to the arena, which fills its bytes up to the scratch.
  const arena = bound.scratch - Math.ceil(plan.arenaBytes / 64) * 64;
  const steps = encodeSteps(bound.linked);
  if (steps.byteLength > MAX_STEP_BYTES) {
    throw new XnorkitError(
      "unsupported",
      `the steps of ${graph.name} on an input of ${formatShape(inputShape)} take ${steps.byteLength} bytes, more ` +
        `than the ${MAX_STEP_BYTES} of a program file: use a smaller batch, or a session`,
    );
  }
  const bounds = { begin: RESERVED_BYTES, end: bound.scratch, scratchBytes: plan.scratchBytes };
  const { work } = decodeSteps(steps, bounds);
  if (work === Number.POSITIVE_INFINITY) {
    throw new XnorkitError(
      "unsupported",
      `${graph.name} has maps of more than 2^30 pixels on an input of ${formatShape(inputShape)}, too large for a ` +
        "program: use a smaller batch or picture, or a session",
    );
  }
  return writeParts({
    header: encodeHeader(headerOf(graph, bound, { arena, work })),
    steps,
    constants: new Uint8Array(host.memory.buffer, RESERVED_BYTES, arena - RESERVED_BYTES),
    sums: checksumConstants(team.kernels, arena),
  });
}
