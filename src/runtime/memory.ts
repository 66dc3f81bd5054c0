/** The memory that a session and its kernels share, and how it is given out. */
import { RESERVED_BYTES } from "../abi/constants.js";
import { XnorkitError } from "../errors.js";
import { noWebAssembly } from "./kernel_source.js";
import type { KernelMemory } from "./wasm.js";

const pageBytes = 65536;
const maxPages = 65536;

/** Bytes at an address. */
export interface Block {
  readonly address: number;
  readonly bytes: number;
}

/**
 * The wasm memory of a session, which the host owns: it grows, and nothing in it is ever freed but the session as a
 * whole.
 */
export interface HostMemory {
  readonly memory: KernelMemory;
  /** The address of `bytes` new bytes, 64-byte aligned. */
  allocate(bytes: number): number;
  /** A block of at least `bytes` bytes: `block`, longer where nothing was allocated after it, else a new one. */
  extend(block: Block, bytes: number): Block;
  /** The address of `bytes` bytes that the next allocation may take again. */
  temporary(bytes: number): number;
  /** Bytes that are allocated, those included that nobody needs any more. */
  usedBytes(): number;
}

/** @throws XnorkitError `out-of-memory` or `unsupported` if this runtime gives no memory. */
function createMemory(): KernelMemory {
  try {
    return new WebAssembly.Memory({ initial: RESERVED_BYTES / pageBytes, maximum: maxPages });
  } catch (cause) {
    if (typeof WebAssembly === "undefined") throw noWebAssembly();
    throw new XnorkitError(
      "out-of-memory",
      `this runtime gives no WebAssembly memory (${cause instanceof Error ? cause.message : cause}): ` +
        "dispose sessions that are not " +
        "needed, or give the process more address space",
      { cause },
    );
  }
}

/**
 * A new memory.
 * @param maxBytes It grows no further.
 * @throws XnorkitError `out-of-memory` if there is none.
 */
export function hostMemory(maxBytes: number = maxPages * pageBytes): HostMemory {
  const memory = createMemory();
  let top = RESERVED_BYTES;
  const reserve = (bytes: number, start = Math.ceil(top / 64) * 64): number => {
    const missing = Math.ceil((start + bytes - memory.buffer.byteLength) / pageBytes);
    if (missing > 0) {
      try {
        if (memory.buffer.byteLength + missing * pageBytes > maxBytes) throw new RangeError("limits.memoryBytes");
        memory.grow(missing);
      } catch (cause) {
        throw new XnorkitError(
          "out-of-memory",
          `WebAssembly memory cannot grow from ${memory.buffer.byteLength} to ${start + bytes} bytes: ` +
            "use a smaller batch or picture",
          { cause },
        );
      }
    }
    return start;
  };
  const allocate = (bytes: number, at?: number): number => {
    const start = reserve(bytes, at);
    top = start + bytes;
    return start;
  };
  return {
    memory,
    allocate: (bytes) => allocate(bytes),
    extend(block, bytes) {
      if (bytes <= block.bytes) return block;
      const isLast = block.bytes > 0 && block.address + block.bytes === top;
      return { address: allocate(bytes, isLast ? block.address : undefined), bytes };
    },
    temporary: (bytes) => reserve(bytes),
    usedBytes: () => top,
  };
}
