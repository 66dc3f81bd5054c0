/** Runs a program file: one memory of the right size, constants copied once, calls bound once. */
import { RESERVED_BYTES } from "../abi/constants.js";
import {
  bytesArgument,
  describeArgument,
  type FileBytes,
  kindOf,
  optionsArgument,
  refuseArgument,
} from "../arguments.js";
import { type DisposedByScope, disposable } from "../disposable.js";
import { XnorkitError } from "../errors.js";
import type { TensorLayout } from "../graph/layout.js";
import type { Preprocess } from "../graph/types.js";
import { elementCount, formatShape, type Shape, sameShape, type Tensor } from "../tensor.js";
import { checksumConstants } from "./constants_checksum.js";
import { type Held, held } from "./held.js";
import { type KernelSource, noWebAssembly } from "./kernel_source.js";
import { readLimits, type SessionLimits } from "./limits.js";
import { type OpenKernels, openKernels, readThreads, type ThreadChoice } from "./open_kernels.js";
import { damaged, type ProgramHeader, type ProgramPort } from "./program_file.js";
import { checkMemory, type ProgramImage, readProgram } from "./program_header.js";
import { profileSteps, type StepProfile } from "./step_profile.js";
import { regionBytes, scratchStride, type Team, type TeamSteps } from "./team.js";
import type { KernelMemory } from "./wasm.js";

/** What `loadProgram` takes beside the file; all of it optional. */
export interface ProgramOptions {
  /** The kernels, where the host has compiled them itself. */
  readonly wasm?: KernelSource;
  /**
   * How many threads run it, the caller included: a number, or `auto` for as many as this machine runs at once, up to
   * 8. Default 1. What its steps were not cut for when it was compiled runs on one. One thread where the host has no
   * workers or no shared memory, or if `wasm` is not the shared build: `threads` of the program says how many it has.
   */
  readonly threads?: ThreadChoice;
  /** What the program may cost; for who runs programs of others. */
  readonly limits?: SessionLimits;
}

/**
 * A network compiled for one input shape and type, in one wasm memory, ready to run. It gives the bits that the session
 * gives which it stands for, one run at a time. It can be held with `using`, which disposes of it at the end of its
 * scope.
 */
export interface Program extends DisposedByScope {
  /** Of the network. */
  readonly name: string;
  /** The one shape that it runs on. */
  readonly inputShape: Shape;
  /** `f32`: a Float32Array goes in as it is. `u8`: a Uint8Array of pixels 0..255, normalised by `preprocess`. */
  readonly inputType: "f32" | "u8";
  /** The layout of the input, of the output and of taps that are maps. */
  readonly layout: TensorLayout;
  /** How pixels become the network's numbers, null if it states nothing: `u8` programs do that themselves. */
  readonly preprocess: Preprocess | null;
  /** Class names by index, null if the model names none. */
  readonly labels: readonly string[] | null;
  /**
   * Computes the network.
   * @returns the output in an array of its own.
   * @throws XnorkitError `bad-shape` or `bad-value` if the input is not what it was compiled for, `bad-file` if a
   *   damaged file makes a kernel leave its memory, `worker-failed` if it does so in a worker thread or one ended,
   *   `bad-option` while a `runAsync` is not finished.
   */
  run(input: Tensor): Tensor;
  /**
   * The same, with the event loop going on while other threads compute. Calls that come while another is not finished
   * wait for it; what `input` holds is read when its turn comes.
   */
  runAsync(input: Tensor): Promise<Tensor>;
  /**
   * The tensor of a module that was named in `taps` when it was compiled, as the last run computed it.
   * @throws XnorkitError `unknown-name` if it was not named, `bad-option` before the first run.
   */
  tap(name: string): Tensor;
  /** Times each step on the input of the last run, `runs` times (20). */
  profile(runs?: number): readonly StepProfile[];
  /** How many threads compute, the caller's included (option `threads`). */
  readonly threads: number;
  /** Bytes of its wasm memory. */
  readonly memoryBytes: number;
  /** Gives the memory back and ends the workers, in the middle of a `runAsync` too; the program cannot run any more. */
  dispose(): void;
}

const PAGE_BYTES = 65536;
const OPTIONS: readonly (keyof ProgramOptions)[] = ["wasm", "threads", "limits"];

/** A memory that never grows; workers may have a shared one too. */
function fixedMemory(bytes: number, shared: boolean): KernelMemory {
  if (typeof WebAssembly === "undefined") throw noWebAssembly();
  const pages = Math.ceil(bytes / PAGE_BYTES);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, ...(shared && { shared }) });
  } catch (cause) {
    throw new XnorkitError(
      "out-of-memory",
      `this runtime gives no WebAssembly memory of ${pages * PAGE_BYTES} bytes: dispose programs that are not ` +
        "needed, or compile it for a smaller input",
      { cause },
    );
  }
}

/** What a program holds until it is disposed. */
interface Live {
  readonly header: ProgramHeader;
  readonly team: Team;
  readonly steps: TeamSteps;
  readonly bytes: Uint8Array;
  readonly floats: Float32Array;
  hasRun: boolean;
}

/** By name: arrays of another realm are no instances of this one's classes. */
const ARRAYS = { f32: "Float32Array", u8: "Uint8Array" };

function checkInput({ name, input }: ProgramHeader, { shape, data }: Tensor): void {
  if (kindOf(data) !== ARRAYS[input.type]) {
    throw new XnorkitError(
      "bad-value",
      `the data of the input is ${describeArgument(data)}, but the program of ${name} was compiled for ` +
        `a ${ARRAYS[input.type]}: give that, or compile another`,
    );
  }
  if (!Array.isArray(shape) || !sameShape(shape, input.shape) || data.length !== elementCount(shape)) {
    const found = Array.isArray(shape) ? `shape ${formatShape(shape)}` : "no shape";
    throw new XnorkitError(
      "bad-shape",
      `the input has ${found} and ${data.length} elements, but the program of ${name} was compiled for ` +
        `${formatShape(input.shape)}: give that, or compile another`,
    );
  }
}

/** What a kernel threw that left its memory, or divided by a size of 0. */
function trapped({ name }: ProgramHeader, cause: unknown): XnorkitError {
  if (cause instanceof XnorkitError) return cause;
  const what = cause instanceof Error ? cause.message : cause;
  return new XnorkitError(
    "bad-file",
    `a kernel of the program of ${name} ended with "${what}": the file is damaged, compile it again`,
    { cause },
  );
}

function read({ floats }: Live, { address, shape }: ProgramPort): Tensor {
  const start = address / 4;
  return { shape, data: floats.slice(start, start + elementCount(shape)) };
}

/** Copies the input to its place. */
function enter(live: Live, tensor: Tensor): void {
  if (typeof tensor !== "object" || tensor === null) refuseArgument("run", "the input", "{ shape, data }", tensor);
  const { header, bytes, floats } = live;
  checkInput(header, tensor);
  const { type, address } = header.input;
  if (type === "u8") bytes.set(tensor.data, address);
  else floats.set(tensor.data, address / 4);
  live.hasRun = false;
}

function leave(live: Live): Tensor {
  live.hasRun = true;
  return read(live, live.header.output);
}

function run(live: Live, tensor: Tensor): Tensor {
  enter(live, tensor);
  try {
    live.team.run(live.steps);
  } catch (cause) {
    throw trapped(live.header, cause);
  }
  return leave(live);
}

async function runAlone(live: Live, tensor: Tensor): Promise<Tensor> {
  enter(live, tensor);
  try {
    await live.team.runAsync(live.steps);
  } catch (cause) {
    throw trapped(live.header, cause);
  }
  return leave(live);
}

function profile({ header, team, steps }: Live, runs: number): readonly StepProfile[] {
  try {
    return profileSteps(header.steps, runs, (i) => team.runStep(steps, i));
  } catch (cause) {
    throw trapped(header, cause);
  }
}

function tap(live: Live, name: string): Tensor {
  const port = live.header.taps.find((each) => each.name === name);
  if (port === undefined) {
    const tapped = live.header.taps.map((each) => each.name).join(", ") || "none";
    throw new XnorkitError(
      "unknown-name",
      `${name} is not tapped: name it in the option taps when the program is compiled (tapped: ${tapped})`,
    );
  }
  if (!live.hasRun) throw new XnorkitError("bad-option", `tap ${name} has no value before the first run`);
  return read(live, port);
}

/** Where the program lies in a memory of its own: constants, arena, scratch of each thread, regions of the workers. */
function place({ header, steps, constants, sums, scratch }: ProgramImage, kernels: OpenKernels, limit: number): Live {
  const { threads } = kernels.crew;
  const regions = scratch + threads * scratchStride(header.scratchBytes);
  const end = regions + regionBytes(threads);
  checkMemory(header.name, end, limit);
  const memory = fixedMemory(end, kernels.shared);
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(constants, RESERVED_BYTES);
  const team = kernels.crew.team(memory, regions);
  const found = checksumConstants(team.kernels, RESERVED_BYTES + constants.length);
  if (found.some((sum, i) => sum !== sums[i])) throw damaged("the checksum of its weights does not fit them");
  return {
    header,
    team,
    steps: team.prepare(steps, scratch, header.scratchBytes),
    bytes,
    floats: new Float32Array(memory.buffer),
    hasRun: false,
  };
}

/**
 * Makes a program file ready to run.
 * @param bytes What `compileProgram` or `xnorkit compile` made; they are copied and not needed any more.
 * @throws XnorkitError `bad-file` if the file is no program or damaged; `unsupported` if it was compiled for other
 *   kernels, exceeds `limits.macs`, or the runtime has no WebAssembly SIMD; `out-of-memory` if memory does not suffice
 *   or its limit is; `bad-option` for arguments of another kind and unknown options, by name.
 */
export async function loadProgram(bytes: FileBytes, options: ProgramOptions = {}): Promise<Program> {
  const file = bytesArgument("loadProgram", "bytes", bytes);
  const { wasm, threads, limits } = optionsArgument("loadProgram", OPTIONS, options);
  const allowed = readLimits("loadProgram", limits);
  const wanted = await readThreads("loadProgram", threads);
  const image = readProgram(file, allowed);
  const kernels = await openKernels({ wasm, threads: wanted });
  const { name, input, layout, preprocess, labels } = image.header;
  let live: Held<Live>;
  try {
    live = held(place(image, kernels, allowed.memoryBytes), { what: "program", name, again: "load it again" });
  } catch (error) {
    kernels.crew.dispose();
    throw error;
  }
  return disposable<Program>({
    name,
    inputShape: input.shape,
    inputType: input.type,
    layout,
    preprocess,
    labels,
    run: (tensor) => run(live.idle(), tensor),
    runAsync: (tensor) => live.inTurn((program) => runAlone(program, tensor)),
    tap: (tapped) => tap(live.idle(), String(tapped)),
    profile: (runs = 20) => profile(live.idle(), runs),
    threads: kernels.crew.threads,
    get memoryBytes() {
      return live.value?.bytes.length ?? 0;
    },
    dispose() {
      live.release();
      kernels.crew.dispose();
    },
  });
}
