/** What every primitive of AWNAS is built from: `get_op(name)(C, C_out, stride, affine)`. */
import { XnorkitError } from "../../errors.js";
import type { Block } from "../../graph/builder.js";

export interface PrimitiveOptions {
  /** C: channels that the primitive is built to read. */
  readonly channels: number;
  /** C_out: channels that it is asked to give; some primitives ignore it. */
  readonly outChannels: number;
  readonly stride: number;
  readonly affine: boolean;
  /** Path of the module, for messages. */
  readonly place: string;
}

/**
 * What the construction of one primitive changes for those constructed later. AWNAS keeps it for the whole process;
 * here it belongs to one network, which is what a process that builds one network sees.
 */
export interface ConstructionState {
  /** `bireal_binary_cfgs["shortcut"]`: the first bireal_vgg_block sets it to false. */
  birealShortcut: boolean;
}

export function newConstructionState(): ConstructionState {
  return { birealShortcut: true };
}

export type Primitive = (options: PrimitiveOptions, state: ConstructionState) => Block;

/** @throws XnorkitError `bad-option`: what AWNAS cannot build from these options either. */
export function refuseBuild({ place }: PrimitiveOptions, problem: string): never {
  throw new XnorkitError("bad-option", `${place} cannot be built, in AWNAS neither: ${problem}`);
}
