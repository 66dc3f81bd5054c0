/** Weights from a file of either kind that the core reads, told apart by content. */
import { bytesArgument, type FileBytes } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import { isKnownExtra } from "../graph/parameters.js";
import type { FloatWeight, Weights } from "../weights.js";
import { isFloatDtype, toFloat32 } from "./dtypes.js";
import { isPackedModel } from "./packed_layout.js";
import { decodeModel } from "./packed_model.js";
import { readSafetensors, type SafetensorsFile } from "./safetensors.js";
import { describeFile } from "./sniff.js";

/**
 * The weights of a safetensors file (every F32, F16, BF16 or F64 tensor as float32; torch's integer batch counters are
 * left out) or of a packed model file, by their names in the file. Float32 tensors are views of the bytes where those
 * are aligned.
 *
 * @throws XnorkitError `bad-file` if the bytes are another format (the message says which it looks like) or damaged;
 *   `unsupported` where a parameter is an integer tensor or the packed model is of an unknown version.
 */
export function readWeights(file: FileBytes): Weights {
  const bytes = bytesArgument("readWeights", "bytes", file);
  const other = describeFile(bytes);
  if (other !== null) throw new XnorkitError("bad-file", `expected safetensors or a packed model, but ${other}`);
  const read = readSafetensors(bytes);
  return isPackedModel(read.metadata) ? decodeModel(read).weights : floatWeights(read);
}

function floatWeights({ tensors }: SafetensorsFile): Weights {
  const weights = new Map<string, FloatWeight>();
  for (const [name, raw] of tensors) {
    if (isFloatDtype(raw.dtype)) {
      weights.set(name, { kind: "f32", shape: raw.shape, data: toFloat32(raw) });
    } else if (!isKnownExtra(name)) {
      throw new XnorkitError(
        "unsupported",
        `tensor ${JSON.stringify(name)} has dtype ${raw.dtype}, but weights are F32, F16, BF16 or F64: ` +
          "is it a file of weights?",
      );
    }
  }
  return weights;
}
