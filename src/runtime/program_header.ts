/** Reads the header of a program file: everything that it states is checked before anything is done with it. */
import { RESERVED_BYTES } from "../abi/constants.js";
import { XnorkitError } from "../errors.js";
import { KERNELS_ID } from "../generated/provenance.js";
import { elementCount } from "../tensor.js";
import type { SessionLimits } from "./limits.js";
import type { LinkedStep } from "./link.js";
import { damaged, type ProgramHeader, type ProgramPort, readParts } from "./program_file.js";
import type { StepFacts } from "./step_profile.js";
import { decodeSteps } from "./step_table.js";

/** A program that may run. */
export interface ProgramImage {
  readonly header: ProgramHeader;
  readonly steps: readonly LinkedStep[];
  /** What lies in memory from RESERVED_BYTES on: a view of the file. */
  readonly constants: Uint8Array;
  /** Their checksum (checksumWords). */
  readonly sums: Uint32Array;
  /** Where the first worker's scratch begins: behind the arena. */
  readonly scratch: number;
}

const ADDRESSABLE = 2 ** 32;
const MAX_AXES = 8;
/** Of the checksum of the constants, which is computed there. */
const MIN_ARENA_BYTES = 64;

type Fields = Readonly<Record<string, unknown>>;

const isText = (value: unknown): value is string => typeof value === "string";
const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isList = (value: unknown, test: (item: unknown) => boolean) => Array.isArray(value) && value.every(test);
const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null;

function parseHeader(json: Uint8Array): Fields {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(json));
    if (isFields(value)) return value;
  } catch {}
  throw damaged("its header is no JSON object");
}

/** A port of `bytesPerElement` within the arena, from `begin` to `end`. */
function isPort(value: unknown, begin: number, end: number, bytesPerElement: number): boolean {
  if (!isFields(value)) return false;
  const { address, shape } = value as unknown as ProgramPort;
  const isShape = isList(shape, (size) => isSize(size) && size !== 0) && shape.length <= MAX_AXES;
  if (!isShape || !isSize(address) || address % 4 !== 0) return false;
  return address >= begin && address + elementCount(shape) * bytesPerElement <= end;
}

function isStep(value: unknown): boolean {
  if (!isFields(value)) return false;
  const { name, kind, float, binaryMacs, floatMacs, bytes } = value as unknown as StepFacts;
  return [name, kind, float ?? ""].every(isText) && [binaryMacs, floatMacs, bytes].every(isSize);
}

/** Mean and standard deviation, numbers for each channel. */
function isPreprocess(value: unknown): boolean {
  return isFields(value) && [value.mean, value.std].every((numbers) => isList(numbers, Number.isFinite));
}

function checkFields(fields: Fields, arena: number, scratch: number): ProgramHeader {
  const header = fields as unknown as ProgramHeader;
  const { input, output, taps, layout, preprocess, labels, steps, work } = header;
  const checks: Readonly<Record<string, boolean>> = {
    name: isText(header.name),
    xnorkit: isText(header.xnorkit),
    layout: layout === "NCHW" || layout === "NHWC",
    input:
      (input?.type === "f32" || input?.type === "u8") && isPort(input, arena, scratch, input.type === "u8" ? 1 : 4),
    output: isPort(output, arena, scratch, 4),
    taps: isList(taps, (tap) => isPort(tap, arena, scratch, 4) && isText((tap as Fields).name)),
    preprocess: preprocess === null || isPreprocess(preprocess),
    labels: labels === null || isList(labels, isText),
    steps: isList(steps, isStep),
    work: Number.isFinite(work) && work >= 0,
  };
  for (const [field, isRight] of Object.entries(checks)) {
    if (!isRight) throw damaged(`its header has no ${field} that a program can have`);
  }
  return header;
}

/** @throws XnorkitError `out-of-memory` if a program needs more than it may have. */
export function checkMemory(name: string, bytes: number, limit: number): void {
  if (bytes <= Math.min(limit, ADDRESSABLE)) return;
  throw new XnorkitError(
    "out-of-memory",
    `the program of ${name} needs ${bytes} bytes of memory, more than the ${limit} of limits.memoryBytes: ` +
      "compile it for a smaller input, or raise the limit",
  );
}

function checkWork({ name, work }: ProgramHeader, macs: number): void {
  if (work <= macs) return;
  throw new XnorkitError(
    "unsupported",
    `the program of ${name} takes ${work.toPrecision(3)} multiply-accumulates, more than the ` +
      `${macs.toPrecision(3)} of limits.macs: compile it for a smaller input, or raise the limit`,
  );
}

/**
 * A program that may run in a memory of its own, within its limits.
 * @throws XnorkitError `bad-file` if the file is no program, damaged, or asks for what no program does; `unsupported`
 *   if it was compiled for other kernels, or takes more work than `limits` allow; `out-of-memory` if it needs more
 *   memory.
 */
export function readProgram(file: Uint8Array, limits: Required<SessionLimits>): ProgramImage {
  const parts = readParts(file);
  const fields = parseHeader(parts.header);
  const { kernels, xnorkit, arenaBytes, scratchBytes } = fields;
  // Before anything is done with them: a list of lists of lists is no text, and turning it into one has no end.
  if (!isText(kernels) || !isText(xnorkit)) throw damaged("its header does not say what it was compiled for");
  if (!isSize(arenaBytes) || !isSize(scratchBytes)) throw damaged("its header states no bytes of arena and scratch");
  if (kernels !== KERNELS_ID) {
    throw new XnorkitError(
      "unsupported",
      `the program was compiled by xnorkit ${xnorkit} for the kernels ${kernels}, this release has ${KERNELS_ID}: ` +
        "compile it again from its model",
    );
  }
  const arena = RESERVED_BYTES + parts.constants.length;
  const scratch = arena + arenaBytes;
  const end = scratch + scratchBytes;
  if (arena + MIN_ARENA_BYTES > scratch || end > ADDRESSABLE) {
    throw damaged(`its header states an arena of ${arenaBytes} and scratch of ${scratchBytes} bytes`);
  }
  const header = checkFields(fields, arena, scratch);
  checkMemory(header.name, end, limits.memoryBytes);
  checkWork(header, limits.macs);
  const bounds = { begin: RESERVED_BYTES, end: scratch, scratchBytes: end - scratch };
  const { steps, work } = decodeSteps(parts.steps, bounds);
  if (steps.length !== header.steps.length) {
    throw damaged(`it has ${steps.length} steps, but names ${header.steps.length}`);
  }
  if (!(work <= header.work))
    throw damaged(`its calls take ${work} multiply-accumulates, but it states ${header.work}`);
  return { header, steps, constants: parts.constants, sums: parts.sums, scratch };
}
