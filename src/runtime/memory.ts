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

const initial = RESERVED_BYTES / pageBytes;

/** The least that a shared memory may be asked to grow to before the host is said to give none. */
const leastSharedPages = 2048;

/**
 * A memory that workers share. Its maximum is a promise that some hosts keep by setting it aside at once, so that less
 * is asked for where they refuse.
 */
function createSharedMemory(maximum: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial, maximum, shared: true });
  } catch (cause) {
    if (maximum / 2 < leastSharedPages) throw cause;
    return createSharedMemory(Math.floor(maximum / 2));
  }
}

/** @throws XnorkitError `out-of-memory` or `unsupported` if this runtime gives no memory. */
function createMemory(maxBytes: number, shared: boolean): KernelMemory {
  try {
    if (!shared) return new WebAssembly.Memory({ initial, maximum: maxPages });
    return createSharedMemory(Math.max(initial, Math.min(maxPages, Math.floor(maxBytes / pageBytes))));
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
 * @param shared For the shared build of the kernels: workers may have it too. Growth leaves earlier views of such a
 *   memory as they are, which end where it ended before.
 * @throws XnorkitError `out-of-memory` if there is none.
 */
export function hostMemory(maxBytes: number = maxPages * pageBytes, shared = false): HostMemory {
  const memory = createMemory(maxBytes, shared);
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
