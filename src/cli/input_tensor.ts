/** The input of a run from a safetensors file. */
import { XnorkitError } from "../errors.js";
import { isFloatDtype, toFloat32 } from "../formats/dtypes.js";
import { readSafetensors } from "../formats/safetensors.js";
import { type Tensor, tensor } from "../tensor.js";
import { atPath, readBytes } from "./files.js";

/** The tensor "input" of a safetensors file. */
export async function readInput(path: string): Promise<Tensor> {
  const bytes = await readBytes(path);
  return atPath(path, () => {
    const { tensors } = readSafetensors(bytes);
    const raw = tensors.get("input");
    if (raw === undefined) {
      const names = [...tensors.keys()].slice(0, 5).join(", ") || "none";
      throw new XnorkitError("bad-file", `it holds no tensor "input" (its tensors: ${names})`);
    }
    if (raw.dtype === "U8") return tensor(raw.shape, raw.bytes);
    if (!isFloatDtype(raw.dtype)) {
      throw new XnorkitError(
        "unsupported",
        `tensor "input" has dtype ${raw.dtype}, expected F32, F16, BF16, F64 or U8`,
      );
    }
    return tensor(raw.shape, toFloat32(raw));
  });
}
