/** How a TensorFlow Lite file begins. */
import { bytesArgument, type FileBytes } from "../../arguments.js";

const IDENTIFIER = [0x54, 0x46, 0x4c, 0x33]; // "TFL3", behind the offset of the root table

/** True for the bytes of a TensorFlow Lite file; the first 8 are enough. */
export function isTflite(file: FileBytes): boolean {
  const bytes = bytesArgument("isTflite", "bytes", file);
  return bytes.length >= 8 && IDENTIFIER.every((byte, index) => bytes[4 + index] === byte);
}
