/**
 * The compiler's passes: each takes operations and gives operations that compute the same kept values with less work,
 * or with fewer digits lost.
 */
import type { Op } from "./ops/index.js";
import { foldActivation } from "./passes/fold_activation.js";
import { foldBatchNorm } from "./passes/fold_batch_norm.js";
import { fuseEpilogue } from "./passes/fuse_epilogue.js";
import { fuseSign } from "./passes/fuse_sign.js";
import { type ChannelsOf, moveOffsets } from "./passes/move_offsets.js";
import { prune, schedule } from "./passes/schedule.js";
import { shareSigns } from "./passes/share_signs.js";

export interface Pass {
  readonly name: string;
  /** `kept` are the values that somebody outside reads: the output and the taps. */
  readonly run: (ops: readonly Op[], kept: ReadonlySet<string>, channelsOf: ChannelsOf) => readonly Op[];
}

/** In the order in which they run. */
export const passes: readonly Pass[] = [
  { name: "prune", run: prune },
  { name: "share signs", run: shareSigns },
  { name: "fold batch norms", run: foldBatchNorm },
  { name: "move offsets", run: moveOffsets },
  { name: "fold activations", run: foldActivation },
  { name: "fuse epilogues", run: fuseEpilogue },
  { name: "fuse signs", run: fuseSign },
  { name: "prune what fusing left", run: prune },
  { name: "schedule", run: schedule },
];

/** All passes. */
export function runPasses(ops: readonly Op[], kept: ReadonlySet<string>, channelsOf: ChannelsOf): readonly Op[] {
  return passes.reduce((current, { run }) => run(current, kept, channelsOf), ops);
}
