/** Tells MXNet's files by their beginnings. */
import { bytesArgument, type FileBytes, textArgument } from "../../arguments.js";

/** The first eight bytes of a `.params` file, kMXAPINDArrayListMagic of MXNet's c_api. */
const MAGIC = 0x112n;

/** True where the bytes start as a `.params` file does. */
export function isMxnetParams(file: FileBytes): boolean {
  const bytes = bytesArgument("isMxnetParams", "bytes", file);
  if (bytes.length < 8) return false;
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getBigUint64(0, true) === MAGIC;
}

/**
 * True where a text looks like a symbol rather than a model description or a graph of xnorkit's, whose nodes have
 * kinds.
 */
export function isMxnetSymbol(text: string): boolean {
  textArgument("isMxnetSymbol", "text", text);
  const start = text.slice(0, 4096);
  return /^\uFEFF?\s*\{/.test(start) && /"nodes"\s*:\s*\[/.test(start) && !/"kind"\s*:/.test(start);
}
