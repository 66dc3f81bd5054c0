/** Checkpoints that torch.save wrote, in both of its containers, read without executing anything of them. */
import { bytesArgument, type FileBytes } from "../../arguments.js";
import { OBJECT_BYTES, readBudget } from "../../budget.js";
import { XnorkitError } from "../../errors.js";
import { isKnownExtra } from "../../graph/parameters.js";
import { quoteName } from "../../graph/suggest.js";
import type { FloatWeight, Weights } from "../../weights.js";
import { DTYPE_BYTES, isFloatDtype, type RawTensor, toFloat32 } from "../dtypes.js";
import { describeFile } from "../sniff.js";
import { isTorchLegacy, isZip } from "./detect.js";
import { openTorchLegacy } from "./legacy_container.js";
import type { PickleObject } from "./pickle_values.js";
import { namedTensors } from "./state.js";
import { readTensor } from "./tensor.js";
import { openTorchZip } from "./zip_container.js";

/** A weight apart from its numbers: the object, and the view of them. */
const WEIGHT_BYTES = 4 * OBJECT_BYTES;

/** True where the bytes start as torch.save's files do: a zip archive, or the legacy magic number. */
export function isTorch(file: FileBytes): boolean {
  const bytes = bytesArgument("isTorch", "bytes", file);
  return isZip(bytes) || isTorchLegacy(bytes);
}

/**
 * The weights of a torch checkpoint (`torch.save`; zip or legacy container) as float32, by their names in the state
 * dict. Takes a state_dict, a dict that holds one under "state_dict" or a like key (as training scripts and AWNAS's
 * weight managers write), and a module pickled whole, whose tensors are found as its state_dict() would. Tensors of any
 * strides, of F32, F16, BF16 or F64; integer batch counters are left out. Float32 tensors are views of the bytes where
 * those are aligned.
 *
 * The pickle within is read as data: nothing is called or imported. What stands beside the weights stays unread,
 * whatever makes it. A pickle that asks for calls which run code (`os.system`, say) is refused, and one with a call
 * that nobody knows among its weights.
 *
 * @throws XnorkitError `bad-file` with the offset if the file is no checkpoint, cut short or damaged, or takes
 *   memory out of proportion to its size; `unsupported` with the name of a call as above, for TorchScript, big-endian
 *   files, and integer parameters.
 */
export function readTorch(contents: FileBytes): Weights {
  const bytes = bytesArgument("readTorch", "bytes", contents);
  if (!isTorch(bytes)) {
    throw new XnorkitError(
      "bad-file",
      `expected a torch checkpoint, but ${describeFile(bytes) ?? "this is safetensors"}`,
    );
  }
  // Tensors may be views of one storage many times over: what is copied of them is spent from the same budget.
  const budget = readBudget(bytes.length, "the checkpoint");
  const { spend } = budget;
  const file = isZip(bytes) ? openTorchZip(bytes, budget) : openTorchLegacy(bytes, budget);
  const read = new Map<PickleObject, FloatWeight | null>();
  const weights = new Map<string, FloatWeight>();
  const names = new Set<string>();
  for (const [name, call] of namedTensors(file, budget)) {
    if (names.has(name)) throw new XnorkitError("bad-file", `the checkpoint holds tensor ${quoteName(name)} twice`);
    names.add(name);
    let weight = read.get(call);
    if (weight === undefined) {
      spend(WEIGHT_BYTES);
      weight = floatWeight(name, readTensor(name, call, file, spend), spend);
      read.set(call, weight);
    }
    if (weight !== null) weights.set(name, weight);
  }
  return weights;
}

function floatWeight(name: string, raw: RawTensor, spend: (bytes: number) => void): FloatWeight | null {
  if (isFloatDtype(raw.dtype)) {
    const isView = raw.dtype === "F32" && raw.bytes.byteOffset % 4 === 0;
    if (!isView) spend(4 * (raw.bytes.length / DTYPE_BYTES[raw.dtype]));
    return { kind: "f32", shape: raw.shape, data: toFloat32(raw) };
  }
  if (isKnownExtra(name)) return null;
  throw new XnorkitError(
    "unsupported",
    `tensor ${quoteName(name)} has dtype ${raw.dtype}, but weights are F32, F16, BF16 or F64: is it a file of weights?`,
  );
}
