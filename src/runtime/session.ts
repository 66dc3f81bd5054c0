/** A session: a network placed in one wasm memory, planned for the shapes that come, run, tapped and measured. */
import { describeArgument, objectArgument, optionsArgument, refuseArgument } from "../arguments.js";
import type { KernelChoice } from "../compiler/choose_kernel.js";
import { compileGraph, type Program, planProgram } from "../compiler/compile.js";
import { type DisposedByScope, disposable } from "../disposable.js";
import { XnorkitError } from "../errors.js";
import { shapeInside } from "../graph/layout.js";
import { checkWeights } from "../graph/parameters.js";
import type { Graph } from "../graph/types.js";
import type { Model } from "../model.js";
import { elementCount, formatShape, type Shape, sameShape, type Tensor } from "../tensor.js";
import type { BoundPlan, BoundPort } from "./bind.js";
import { type Held, held } from "./held.js";
import type { KernelSource } from "./kernel_source.js";
import { readLimits, type SessionLimits } from "./limits.js";
import { type OpenKernels, openKernels, readThreads, type ThreadChoice } from "./open_kernels.js";
import { createPlans, MAX_PLANS, type Plans } from "./plans.js";
import { profileSteps, type StepProfile } from "./step_profile.js";
import { tuneKernels } from "./tune.js";
import { checkWork } from "./work.js";

export type { SessionLimits } from "./limits.js";
export type { ThreadChoice } from "./open_kernels.js";
export type { StepProfile } from "./step_profile.js";

/** What `createSession` takes beside the model; all of it optional. */
export interface SessionOptions {
  /** Shape of the input that is planned for at once; by default the graph's. `run` plans for others when they come. */
  readonly inputShape?: Shape;
  /** Module paths or node names whose tensors `tap` gives after a run; all else may be fused away. */
  readonly taps?: readonly string[];
  /**
   * What computes binary convolutions: the table convolution, XNOR-popcount GEMM, or for each layer what the cost table
   * expects to be faster (`auto`, the default). All give the same integers.
   */
  readonly kernel?: KernelChoice;
  /**
   * Allow 16-bit weights, exactly summed, in the first convolution of a Uint8 input where that is faster: up to twice
   * as fast as in float for 3x3 stems; 7x7 stems stay in float, which is faster there. The rounding of the weights
   * moves its output by less than 1e-4 of its range, which may turn signs that were near ties. Default false; where the
   * error would be larger the layer stays in float.
   */
  readonly byteStem?: boolean;
  /** With kernel `auto`: confirm the choice by measuring every layer for a few milliseconds. Default false. */
  readonly tune?: boolean;
  /** The kernels, where the host has compiled them itself. */
  readonly wasm?: KernelSource;
  /**
   * Fused multiply-adds in float layers, where the runtime has relaxed SIMD: faster, but not bit-equal across runtimes.
   * Default false; ignored where `wasm` is given, threads run, relaxed SIMD is missing, or the host compiles no bytes
   * (there, pass xnorkit/relaxed.wasm as `wasm`).
   */
  readonly relaxed?: boolean;
  /**
   * How many threads compute, the caller's included; `auto` is as many as the machine runs at once, up to 8. Default 1.
   * All numbers give the same bits. More than one need a host with workers and shared memory: Node, Deno, Bun, and
   * pages that are isolated from other origins (COOP and COEP headers) and whose content security policy, if any,
   * allows `worker-src blob:`. Elsewhere, and where `wasm` is another build than xnorkit/shared.wasm, there is one:
   * `session.threads` says how many there are. Workers end with `dispose`.
   */
  readonly threads?: ThreadChoice;
  /** What the network and its inputs may cost; for programs that run networks of others. */
  readonly limits?: SessionLimits;
  /** How many plans are kept, one for each shape and type of the input; those used longest ago go. Default 16. */
  readonly plans?: number;
}

/** The names of all options, for callers without types. */
const OPTIONS: readonly (keyof SessionOptions)[] = [
  "inputShape",
  "taps",
  "kernel",
  "byteStem",
  "tune",
  "wasm",
  "relaxed",
  "threads",
  "limits",
  "plans",
];

/**
 * One network in one wasm memory, ready to run: one run at a time. It can be held with `using`, which disposes of it at
 * the end of its scope.
 */
export interface Session extends DisposedByScope {
  readonly graph: Graph;
  /**
   * Computes the network. `input` is NCHW: a Float32Array goes in as it is, a Uint8Array is pixels 0..255 that the
   * graph's `preprocess` normalises. Another shape than before is planned once, and kept among those used last (option
   * `plans`).
   * @returns the output in an array of its own.
   * @throws XnorkitError `bad-shape` if the input does not fit the network, `bad-value` if its data is another
   *   array,
   * `out-of-memory` where a new shape needs more than there is; earlier shapes still run then. `worker-failed` if a
   * worker thread ended; `bad-option` while a `runAsync` is not finished.
   */
  run(input: Tensor): Tensor;
  /**
   * The same, with the event loop going on while other threads compute. With one thread, and in its own share, the
   * caller computes as `run` does. Calls that come while another is not finished wait for it; what `input` holds is
   * read when its turn comes.
   */
  runAsync(input: Tensor): Promise<Tensor>;
  /**
   * The tensor of a module that was named in `taps`, as the last run computed it.
   * @throws XnorkitError `unknown-name` if it was not named, `bad-option` before the first run.
   */
  tap(name: string): Tensor;
  /** Times each step of the plan that ran last, on its input, `runs` times (20). */
  profile(runs?: number): readonly StepProfile[];
  /** How many threads compute, the caller's included (option `threads`). */
  readonly threads: number;
  /** Bytes of the session's wasm memory. */
  readonly memoryBytes: number;
  /** Gives the memory back and ends the workers, in the middle of a `runAsync` too; the session cannot run any more. */
  dispose(): void;
}

type Tune = (inputShape: Shape) => ReturnType<typeof tuneKernels>;

/** What a session holds until it is disposed. */
interface Live {
  readonly program: Program;
  /** Measures kernels, null if nothing is measured. */
  readonly tune: Tune | null;
  readonly threads: number;
  readonly plans: Plans;
  readonly limits: Required<SessionLimits>;
  current: BoundPlan;
  hasRun: boolean;
  /** Views of the memory, made again only when it has grown. */
  bytes: Uint8Array;
  floats: Float32Array;
}

interface Opening {
  readonly program: Program;
  readonly kernels: OpenKernels;
  readonly tune: Tune | null;
  readonly inputShape: Shape;
  readonly limits: Required<SessionLimits>;
  readonly most: number;
}

function openSession({ program, kernels, tune, inputShape, limits, most }: Opening): Live {
  const plans = createPlans({ kernels, most, memoryBytes: limits.memoryBytes });
  const known = { program, tune, threads: kernels.crew.threads, plans, limits };
  const current = planFor(known, inputShape, "f32");
  const { buffer } = plans.host().memory;
  const views = { bytes: new Uint8Array(buffer), floats: new Float32Array(buffer) };
  return { ...known, current, hasRun: false, ...views };
}

function planFor(
  { program, tune, threads, plans, limits }: Pick<Live, "program" | "tune" | "threads" | "plans" | "limits">,
  shape: Shape,
  type: "f32" | "u8",
): BoundPlan {
  return plans.get(`${type} ${formatShape(shape)}`, () => {
    checkWork(program.graph, shape, limits.macs);
    return planProgram(program, shape, type, { tuned: tune?.(shape), workers: threads });
  });
}

function refreshViews(live: Live): void {
  const { buffer } = live.plans.host().memory;
  if (live.bytes.buffer === buffer) return;
  live.bytes = new Uint8Array(buffer);
  live.floats = new Float32Array(buffer);
}

function read({ floats }: Live, { address, port }: BoundPort): Tensor {
  const start = address / 4;
  return { shape: port.shape, data: floats.slice(start, start + elementCount(port.shape)) };
}

/** By name: arrays of another realm (a frame, a test runner's sandbox) are no instances of this one's classes. */
function dataType({ data }: Tensor): "f32" | "u8" {
  const type: string | undefined = data?.[Symbol.toStringTag];
  if (type === "Float32Array") return "f32";
  if (type === "Uint8Array") return "u8";
  throw new XnorkitError(
    "bad-value",
    `the data of the input is ${type ?? typeof data}: give a Float32Array, or pixels 0..255 as a Uint8Array`,
  );
}

function checkInput(graph: Graph, { shape, data }: Tensor): void {
  const { inputShape, layout = "NCHW" } = graph;
  const channels = shapeInside(inputShape, layout)[1];
  const positive = Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size > 0);
  if (!positive || shape.length !== inputShape.length || shapeInside(shape, layout)[1] !== channels) {
    const found = Array.isArray(shape) ? formatShape(shape) : describeArgument(shape);
    throw new XnorkitError(
      "bad-shape",
      `the input of ${graph.name} is ${layout} with ${channels} channels, ` +
        `for example ${formatShape(inputShape)}, but it` +
        ` has shape ${found}`,
    );
  }
  if (elementCount(shape) !== data.length) {
    throw new XnorkitError(
      "bad-shape",
      `the input has shape ${formatShape(shape)}, which is ${elementCount(shape)} elements, ` +
        `but its data has ${data.length}`,
    );
  }
}

/** Makes the plan for the input the current one, and copies the input to its place. */
function enter(live: Live, input: Tensor): BoundPlan {
  if (typeof input !== "object" || input === null) refuseArgument("run", "the input", "{ shape, data }", input);
  const type = dataType(input);
  const planned = live.current.plan.input;
  const same = planned.dtype === type && Array.isArray(input.shape) && sameShape(planned.shape, input.shape);
  if (!same || elementCount(planned.shape) !== input.data.length) {
    checkInput(live.program.graph, input);
    live.current = planFor(live, input.shape, type);
  }
  refreshViews(live);
  const { address } = live.current.input;
  if (type === "u8") live.bytes.set(input.data, address);
  else live.floats.set(input.data, address / 4);
  live.hasRun = false;
  return live.current;
}

function leave(live: Live, { output }: BoundPlan): Tensor {
  live.hasRun = true;
  return read(live, output);
}

function run(live: Live, input: Tensor): Tensor {
  const plan = enter(live, input);
  live.plans.team().run(plan.steps);
  return leave(live, plan);
}

async function runAlone(live: Live, input: Tensor): Promise<Tensor> {
  const plan = enter(live, input);
  await live.plans.team().runAsync(plan.steps);
  return leave(live, plan);
}

function tap(live: Live, name: string): Tensor {
  const port = live.current.taps.get(name);
  if (port === undefined) {
    const tapped = [...live.current.taps.keys()].join(", ") || "none";
    throw new XnorkitError(
      "unknown-name",
      `${name} is not tapped: name it in the option taps of createSession (tapped: ${tapped})`,
    );
  }
  if (!live.hasRun) throw new XnorkitError("bad-option", `tap ${name} has no value before the first run`);
  refreshViews(live);
  return read(live, port);
}

function profile(live: Live, runs: number): readonly StepProfile[] {
  const { plan, steps } = live.current;
  const team = live.plans.team();
  return profileSteps(plan.steps, runs, (i) => team.runStep(steps, i));
}

const MODEL = "{ graph, weights }, as loadModel gives it for bytes";

function checkOptions(options: SessionOptions): void {
  const { taps = [], plans = MAX_PLANS } = optionsArgument("createSession", OPTIONS, options);
  if (!Array.isArray(taps) || !taps.every((tap) => typeof tap === "string")) {
    refuseArgument("createSession", "the option taps", "a list of names", taps);
  }
  if (!Number.isSafeInteger(plans) || plans < 1) {
    refuseArgument("createSession", "the option plans", "an integer of at least 1", plans);
  }
  for (const flag of ["byteStem", "tune", "relaxed"] as const) {
    const value: unknown = options[flag];
    if (value !== undefined && typeof value !== "boolean") {
      refuseArgument("createSession", `the option ${flag}`, "true or false", value);
    }
  }
}

/**
 * Compiles a network for this machine: folds and fuses its layers, packs its weights into one wasm memory and plans its
 * input shape.
 * @throws XnorkitError `missing-weight`, `surplus-weight`, `bad-shape` or `bad-value` if the weights do not fit the
 *   graph,
 * `unsupported` where a layer has no kernel or the limits are exceeded, `out-of-memory` where memory does not suffice
 * or its limit is, `unknown-name` where a tap does not exist, `bad-option` for arguments of another kind and unknown
 * options, by name.
 */
export async function createSession(model: Model, options: SessionOptions = {}): Promise<Session> {
  const { graph, weights } = objectArgument("createSession", "the model", MODEL, model);
  checkOptions(options);
  const limits = readLimits("createSession", options.limits);
  const { plans: most = MAX_PLANS } = options;
  const inputShape = options.inputShape ?? graph?.inputShape;
  checkWork(graph, inputShape, limits.macs);
  checkWeights(graph, weights);
  const threads = await readThreads("createSession", options.threads);
  const program = compileGraph(graph, weights, { ...options });
  const kernels = await openKernels({ wasm: options.wasm, relaxed: options.relaxed, threads });
  const measured = options.tune === true && program.kernel === "auto";
  const tune: Tune | null = measured ? (shape) => tuneKernels(program, kernels, shape) : null;
  const holding = { what: "session", name: graph.name, again: "create another" };
  let live: Held<Live>;
  try {
    live = held(openSession({ program, kernels, tune, inputShape, limits, most }), holding);
  } catch (error) {
    kernels.crew.dispose();
    throw error;
  }
  return disposable<Session>({
    graph,
    run: (input) => run(live.idle(), input),
    runAsync: (input) => live.inTurn((session) => runAlone(session, input)),
    tap: (name) => tap(live.idle(), String(name)),
    profile: (runs = 20) => profile(live.idle(), runs),
    threads: kernels.crew.threads,
    get memoryBytes() {
      return live.value?.plans.host().memory.buffer.byteLength ?? 0;
    },
    dispose() {
      live.release();
      kernels.crew.dispose();
    },
  });
}
