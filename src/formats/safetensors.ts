/** Whole safetensors files in memory; the header's rules are in safetensors_header.ts. */
import { bytesArgument, type FileBytes, mapArgument, objectArgument, refuseArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import { quoteName } from "../graph/suggest.js";
import { elementCount, formatShape } from "../tensor.js";
import { DTYPE_BYTES, isDtype, type RawTensor } from "./dtypes.js";
import { encodeSafetensorsHeader, parseSafetensorsHeader } from "./safetensors_header.js";

export { type Dtype, type RawTensor, rawFloat32, toFloat32 } from "./dtypes.js";
export {
  encodeSafetensorsHeader,
  headerByteLength,
  parseSafetensorsHeader,
  type SafetensorsHeader,
  type TensorEntry,
} from "./safetensors_header.js";

/** What a safetensors file holds. */
export interface SafetensorsFile {
  /** In the file's order. */
  readonly tensors: ReadonlyMap<string, RawTensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Reads a safetensors file. The tensors' bytes are views of the file's.
 * @throws XnorkitError `bad-file` with name and file offset if the file is cut short, too long or breaks the
 *   format's rules.
 */
export function readSafetensors(file: FileBytes): SafetensorsFile {
  const bytes = bytesArgument("readSafetensors", "bytes", file);
  const { tensors: entries, metadata } = parseSafetensorsHeader(bytes, bytes.length);
  const tensors = new Map<string, RawTensor>();
  for (const [name, { dtype, shape, offset, byteLength }] of entries) {
    tensors.set(name, { dtype, shape, bytes: new Uint8Array(bytes.buffer, bytes.byteOffset + offset, byteLength) });
  }
  return { tensors, metadata };
}

const EXPECTED = "{ dtype, shape, bytes } with a dtype of the format";

/**
 * Writes a safetensors file with the tensors in the order given.
 * @throws XnorkitError `bad-shape` if a tensor's bytes do not fill its shape; `bad-option` for the reserved name
 *   `__metadata__`.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, RawTensor>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array {
  mapArgument("writeSafetensors", "tensors", "a Map of { dtype, shape, bytes } by name", tensors);
  mapArgument("writeSafetensors", "metadata", "a Map of texts by key", metadata);
  let size = 0;
  for (const [name, tensor] of tensors) {
    const { dtype, shape, bytes } = objectArgument(
      "writeSafetensors",
      `tensor ${quoteName(String(name))}`,
      EXPECTED,
      tensor,
    );
    if (!isDtype(dtype) || !Array.isArray(shape) || !ArrayBuffer.isView(bytes)) {
      refuseArgument("writeSafetensors", `tensor ${quoteName(String(name))}`, EXPECTED, tensor);
    }
    const expected = elementCount(shape) * DTYPE_BYTES[dtype];
    if (bytes.length !== expected) {
      throw new XnorkitError(
        "bad-shape",
        `tensor ${JSON.stringify(name)} of shape ${formatShape(shape)} takes ${expected} bytes of ${dtype}, ` +
          `but has ${bytes.length}`,
      );
    }
    size += expected;
  }
  const header = encodeSafetensorsHeader(tensors, metadata);
  const file = new Uint8Array(header.length + size);
  file.set(header);
  let offset = header.length;
  for (const { bytes } of tensors.values()) {
    file.set(bytes, offset);
    offset += bytes.length;
  }
  return file;
}
