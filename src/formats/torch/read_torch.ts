/** Checkpoints that torch.save wrote, in both of its containers, read without executing anything of them. */
import { XnorkitError } from "../../errors.js";
import { isKnownExtra } from "../../graph/parameters.js";
import type { FloatWeight, Weights } from "../../weights.js";
import { DTYPE_BYTES, isFloatDtype, type RawTensor, toFloat32 } from "../dtypes.js";
import { describeFile } from "../sniff.js";
import { isTorchLegacy, openTorchLegacy } from "./legacy_container.js";
import { type PickleObject, quoteText } from "./pickle_values.js";
import { namedTensors } from "./state.js";
import type { TorchFile } from "./storage.js";
import { readTensor } from "./tensor.js";
import { isZip } from "./zip.js";
import { openTorchZip } from "./zip_container.js";

/**
 * Tensors may be views of one storage many times over, so a small file could ask for any amount of memory. What is copied may be
 * this many times what the storages hold: float16 becomes twice as large, tied parameters are rarely more than a few.
 */
const MAX_COPIES = 16;
const FREE_BYTES = 2 ** 20;

/** True where the bytes start as torch.save's files do: a zip archive, or the legacy magic number. */
export function isTorch(bytes: Uint8Array): boolean {
  return isZip(bytes) || isTorchLegacy(bytes);
}

/**
 * The weights of a torch checkpoint (`torch.save`; zip or legacy container) as float32, by their names in the state dict. Takes a
 * state_dict, a dict that holds one under "state_dict" or a like key (as training scripts and AWNAS's weight managers write), and
 * a module pickled whole, whose tensors are found as its state_dict() would. Tensors of any strides, of F32, F16, BF16 or F64;
 * integer batch counters are left out. Float32 tensors are views of the bytes where those are aligned.
 *
 * The pickle within is read as data: nothing is called or imported. A pickle that asks for calls which no checkpoint needs
 * (`os.system`, say) is refused.
 *
 * @throws XnorkitError `bad-file` with the offset where the file is no checkpoint, cut short or damaged; `unsupported` with the
 *   name of a call that is not allowed, for TorchScript, big-endian files, and integer parameters.
 */
export function readTorch(bytes: Uint8Array): Weights {
  if (!isTorch(bytes)) {
    throw new XnorkitError(
      "bad-file",
      `expected a torch checkpoint, but ${describeFile(bytes) ?? "this is safetensors"}`,
    );
  }
  const opened = isZip(bytes) ? openTorchZip(bytes) : openTorchLegacy(bytes);
  const { file, spend } = withBudget(opened);
  const read = new Map<PickleObject, FloatWeight | null>();
  const weights = new Map<string, FloatWeight>();
  for (const [name, call] of namedTensors(file)) {
    let weight = read.get(call);
    if (weight === undefined) {
      weight = floatWeight(name, readTensor(name, call, file, spend), spend);
      read.set(call, weight);
    }
    if (weight !== null) weights.set(name, weight);
  }
  return weights;
}

function floatWeight(name: string, raw: RawTensor, spend: (bytes: number) => void): FloatWeight | null {
  if (isFloatDtype(raw.dtype)) {
    spend(4 * (raw.bytes.length / DTYPE_BYTES[raw.dtype]));
    return { kind: "f32", shape: raw.shape, data: toFloat32(raw) };
  }
  if (isKnownExtra(name)) return null;
  throw new XnorkitError(
    "unsupported",
    `tensor ${quoteText(name)} has dtype ${raw.dtype}, but weights are F32, F16, BF16 or F64: is it a file of weights?`,
  );
}

/** The file, and what to call before bytes of its storages are copied: throws where they are out of proportion to the storages. */
function withBudget(file: TorchFile): { readonly file: TorchFile; readonly spend: (bytes: number) => void } {
  const known = new Set<string>();
  let most = FREE_BYTES;
  let spent = 0;
  const storage = (key: string) => {
    const contents = file.storage(key);
    if (!known.has(key)) most += MAX_COPIES * contents.length;
    known.add(key);
    return contents;
  };
  const spend = (bytes: number) => {
    spent += bytes;
    if (spent <= most) return;
    throw new XnorkitError(
      "bad-file",
      `the tensors of the checkpoint take more than ${most} bytes, ${MAX_COPIES} times its storages: they repeat them too often`,
    );
  };
  return { file: { ...file, storage }, spend };
}
