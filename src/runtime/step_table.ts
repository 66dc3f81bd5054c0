/**
 * Linked steps as the u32 words of a program file, and back with every check that lets a stranger's steps run.
 *
 *   table  steps, { step }
 *   step   flag (2^32 - 1: none), phases, alternative phases, { phase }
 *   phase  tasks, { calls, { kernel, scratch mask, { argument } } }
 *
 * A kernel is its place in ROLES. Pointers and integers are a word each, floats the two words of an f64, so that every
 * number comes back as it was.
 */
import { ROLES } from "../abi/roles.js";
import { XnorkitError } from "../errors.js";
import { type Bounds, workOfCall, wrongArgument } from "./call_check.js";
import type { LinkedCall, LinkedPhase, LinkedStep } from "./link.js";

type ProgramKernel = keyof typeof ROLES;

const KERNELS = Object.keys(ROLES) as ProgramKernel[];
const NO_FLAG = 0xffffffff;

function floatWords(value: number): Uint32Array {
  return new Uint32Array(new Float64Array([value]).buffer);
}

/** @throws XnorkitError `unsupported` for a kernel that only packs constants. */
export function encodeSteps(steps: readonly LinkedStep[]): Uint32Array {
  const words: number[] = [steps.length];
  const putPhases = (phases: readonly LinkedPhase[]) => {
    for (const tasks of phases) {
      words.push(tasks.length);
      for (const calls of tasks) {
        words.push(calls.length);
        for (const { kernel, args, scratch } of calls) {
          const index = KERNELS.indexOf(kernel as ProgramKernel);
          if (index < 0) throw new XnorkitError("unsupported", `programs do not call the kernel ${kernel}`);
          words.push(index, scratch);
          const roles = ROLES[kernel as ProgramKernel];
          if (args.length !== roles.length) {
            throw new XnorkitError("unsupported", `${kernel} has ${roles.length} arguments, not ${args.length}`);
          }
          args.forEach((arg, i) => {
            if (roles[i] === "f") words.push(...floatWords(arg));
            else words.push(arg >>> 0);
          });
        }
      }
    }
  };
  for (const { phases, flag, alternative } of steps) {
    words.push(flag >>> 0, phases.length, alternative.length);
    putPhases(phases);
    putPhases(alternative);
  }
  return Uint32Array.from(words);
}

export interface DecodedSteps {
  readonly steps: readonly LinkedStep[];
  /** Of all their calls, in multiply-accumulates (call_check.ts). */
  readonly work: number;
}

/**
 * The steps of a table, every call of which may run in the memory that `bounds` describes.
 * @throws XnorkitError `bad-file` with the step, the kernel and the argument that may not.
 */
export function decodeSteps(words: Uint32Array, bounds: Bounds): DecodedSteps {
  const { length } = words; // a call, in a fresh process
  let at = 0;
  let work = 0;
  let step = -1;
  const refuse = (what: string): never => {
    throw new XnorkitError("bad-file", `the program's step ${step} ${what}: the file is damaged, compile it again`);
  };
  const next = (): number => (at < length ? words[at++] : refuse("is cut short"));
  /** Of what takes a word or more each. */
  const count = (): number => {
    const found = next();
    return found <= length - at ? found : refuse(`has ${found} parts, more than the file can hold`);
  };
  const list = <T>(count: number, read: () => T): readonly T[] => {
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(read());
    return items;
  };
  const pair = new Uint32Array(2);
  const float = new Float64Array(pair.buffer);
  const argument = (role: string): number => {
    if (role !== "f") return "pouv".includes(role) ? next() : next() | 0;
    pair[0] = next();
    pair[1] = next();
    return float[0];
  };
  const call = (): LinkedCall => {
    const index = next();
    const kernel = KERNELS[index] ?? refuse(`calls kernel ${index}, but there are ${KERNELS.length}`);
    const roles: string = ROLES[kernel];
    const scratch = next();
    const args: number[] = [];
    for (let i = 0; i < roles.length; i++) args.push(argument(roles[i]));
    const wrong = wrongArgument(roles, args, scratch, bounds);
    if (wrong >= 0) refuse(`calls ${kernel} with ${args[wrong]} as argument ${wrong}, which no plan has`);
    work += workOfCall(roles, args);
    return { kernel, args, scratch };
  };
  const phases = (many: number): readonly LinkedPhase[] => list(many, () => list(count(), () => list(count(), call)));
  const steps = list(count(), (): LinkedStep => {
    step++;
    const flag = next();
    const isPlace = flag === NO_FLAG || (4 * flag >= bounds.begin && 4 * flag < bounds.end);
    if (!isPlace) refuse(`reads its flag at ${4 * flag}, outside of its memory`);
    const [own, other] = [count(), count()];
    return { phases: phases(own), flag: flag | 0, alternative: phases(other) };
  });
  if (at !== length) refuse("is followed by words of no step");
  return { steps, work };
}
