/**
 * The program file: a plan with its addresses, ready to be copied into a memory and run.
 *
 *   "XNORPROG" | u32 checksum x 2, version, bytes of header, of steps, of constants, checksum of constants x 8
 *   header: JSON | steps: words of step_table.ts | constants, as they lie in memory from RESERVED_BYTES on
 *
 * Every part begins at a multiple of 64. In memory constants are followed by the arena and the scratch of a worker,
 * whose sizes the header states. A program belongs to the kernels that it was compiled for: they define the constants'
 * order.
 */
import { XnorkitError } from "../errors.js";
import type { TensorLayout } from "../graph/layout.js";
import type { Preprocess } from "../graph/types.js";
import type { Shape } from "../tensor.js";
import type { StepFacts } from "./step_profile.js";

/** What a program file begins with. */
const MAGIC = "XNORPROG";
export const PROGRAM_VERSION = 1;
/** All parts begin at multiples of it; the first is the head. */
const PART_BYTES = 64;
/** Longest header: names, labels, steps. */
export const MAX_HEADER_BYTES = 2 ** 20;
/** Longest table of steps, 20,000 calls and more: read, it takes 30 times its size. Networks have tens of kilobytes. */
export const MAX_STEP_BYTES = 2 ** 21;

/** A tensor at the border of a program: where it lies in memory, in the layout of the network's ports. */
export interface ProgramPort {
  readonly address: number;
  readonly shape: Shape;
}

/** What the header's JSON holds. */
export interface ProgramHeader {
  /** Of the network. */
  readonly name: string;
  /** The version of xnorkit that compiled it. */
  readonly xnorkit: string;
  /** The hash of the kernels that it was compiled for. */
  readonly kernels: string;
  readonly input: ProgramPort & { readonly type: "f32" | "u8" };
  readonly output: ProgramPort;
  readonly taps: readonly (ProgramPort & { readonly name: string })[];
  readonly layout: TensorLayout;
  readonly preprocess: Preprocess | null;
  readonly labels: readonly string[] | null;
  readonly arenaBytes: number;
  /** Of a worker. */
  readonly scratchBytes: number;
  /** Multiply-accumulates of a run as call_check.ts counts them, at most. */
  readonly work: number;
  readonly steps: readonly StepFacts[];
}

/** The parts of a file. */
export interface ProgramParts {
  /** JSON. */
  readonly header: Uint8Array;
  readonly steps: Uint32Array;
  readonly constants: Uint8Array;
  /** Of the constants, by the kernel checksumWords, which is fifty times as fast as a fresh process's JavaScript. */
  readonly sums: Uint32Array;
}

/** The error of a file that is not as it was written. @param what Of the file, in a clause: `its checksum ...`. */
export function damaged(what: string): XnorkitError {
  return new XnorkitError("bad-file", `the program file is damaged, ${what}: compile it again`);
}

/** True where the bytes begin as a program file does. */
export function isProgram(bytes: Uint8Array): boolean {
  return [...MAGIC].every((character, i) => bytes[i] === character.charCodeAt(0));
}

/** The sum of words, and the sum of its partial sums, modulo 2^32: what changes a word changes the first. */
function checksum(words: Uint32Array): readonly [number, number] {
  // A typed array's length is a call, which in a fresh process costs more than all else here.
  const { length } = words;
  let first = 0;
  let second = 0;
  for (let i = 0; i < length; i++) {
    first = (first + words[i]) | 0;
    second = (second + first) | 0;
  }
  return [first >>> 0, second >>> 0];
}

const aligned = (bytes: number) => Math.ceil(bytes / PART_BYTES) * PART_BYTES;

/** @param constants A multiple of 64 bytes. */
export function writeParts({ header, steps, constants, sums }: ProgramParts): Uint8Array {
  const stepsAt = PART_BYTES + aligned(header.length);
  const constantsAt = stepsAt + aligned(steps.byteLength);
  const bytes = new Uint8Array(constantsAt + constants.length);
  for (let i = 0; i < MAGIC.length; i++) bytes[i] = MAGIC.charCodeAt(i);
  bytes.set(header, PART_BYTES);
  bytes.set(constants, constantsAt);
  const words = new Uint32Array(bytes.buffer);
  words.set(steps, stepsAt / 4);
  words.set([PROGRAM_VERSION, header.length, steps.byteLength, constants.length, ...sums], 4);
  words.set(checksum(words.subarray(4, constantsAt / 4)), 2);
  return bytes;
}

/**
 * The parts of a file, views of its bytes; whether the constants have their checksum is left to who has the kernels.
 * @throws XnorkitError `bad-file` if it is none, cut short or damaged, `unsupported` if it is of another version.
 */
export function readParts(file: Uint8Array): ProgramParts {
  if (!isProgram(file)) {
    throw new XnorkitError("bad-file", "the file is no program: give one that compileProgram or xnorkit compile made");
  }
  if (file.length < PART_BYTES || file.length % PART_BYTES !== 0) {
    throw damaged(`it ends at byte ${file.length}, which is no multiple of ${PART_BYTES}`);
  }
  // Words are viewed in place where the bytes begin at a multiple of 4.
  const { buffer, byteOffset, length } = file.byteOffset % 4 === 0 ? file : file.slice();
  const words = new Uint32Array(buffer, byteOffset, length / 4);
  const [first, second, version, headerBytes, stepBytes, constantBytes] = words.subarray(2, 8);
  if (version !== PROGRAM_VERSION) {
    throw new XnorkitError(
      "unsupported",
      `the program has format version ${version}, this release reads version ${PROGRAM_VERSION}: compile it again`,
    );
  }
  const stepsAt = PART_BYTES + aligned(headerBytes);
  const constantsAt = stepsAt + aligned(stepBytes);
  if (constantsAt + constantBytes !== length || stepBytes % 4 !== 0) {
    throw damaged(`it has ${length} bytes, but its parts have ${constantsAt + constantBytes}`);
  }
  if (headerBytes > MAX_HEADER_BYTES) throw damaged(`its header has ${headerBytes} bytes of ${MAX_HEADER_BYTES}`);
  if (stepBytes > MAX_STEP_BYTES) throw damaged(`its steps have ${stepBytes} bytes of ${MAX_STEP_BYTES}`);
  const found = checksum(words.subarray(4, constantsAt / 4));
  if (found[0] !== first || found[1] !== second) throw damaged("its checksum does not fit its bytes");
  return {
    header: new Uint8Array(buffer, byteOffset + PART_BYTES, headerBytes),
    steps: words.subarray(stepsAt / 4, (stepsAt + stepBytes) / 4),
    constants: new Uint8Array(buffer, byteOffset + constantsAt, constantBytes),
    sums: words.subarray(8, 16),
  };
}
