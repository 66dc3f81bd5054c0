/** The built kernels on a memory of their own, for tests. */
import { readFileSync } from "node:fs";
import { RESERVED_BYTES } from "../../src/abi/constants.js";
import type { KernelExports } from "../../src/abi/signatures.js";
import { instantiateKernels } from "../../src/runtime/wasm.js";

/**
 * The kernels with a memory and an allocator, for tests: every case allocates what it needs and `reset` starts over.
 */
export interface KernelBench {
  readonly k: KernelExports;
  /** 16-byte aligned, zero-filled bytes. */
  alloc(bytes: number): number;
  reset(): void;
  putF32(data: ArrayLike<number>): number;
  putU8(data: ArrayLike<number>): number;
  f32(pointer: number, length: number): Float32Array;
  i32(pointer: number, length: number): Int32Array;
  u32(pointer: number, length: number): Uint32Array;
  u16(pointer: number, length: number): Uint16Array;
  u8(pointer: number, length: number): Uint8Array;
}

/** Instantiates build/simd.wasm (or the module that XNORKIT_TEST_WASM names). */
export function openKernels(): KernelBench {
  const path = process.env.XNORKIT_TEST_WASM ?? new URL("../../build/simd.wasm", import.meta.url);
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 16384 });
  const { exports: k } = instantiateKernels(new WebAssembly.Module(readFileSync(path)), memory);
  let top = RESERVED_BYTES;

  const alloc = (bytes: number): number => {
    const pointer = top;
    top = Math.ceil((top + bytes + 16) / 16) * 16;
    if (top > memory.buffer.byteLength) memory.grow(Math.ceil((top - memory.buffer.byteLength) / 65536));
    new Uint8Array(memory.buffer, pointer, bytes).fill(0);
    return pointer;
  };
  const u8 = (pointer: number, length: number) => new Uint8Array(memory.buffer, pointer, length);
  const f32 = (pointer: number, length: number) => new Float32Array(memory.buffer, pointer, length);
  return {
    k,
    alloc,
    reset: () => {
      top = RESERVED_BYTES;
    },
    putF32: (data) => {
      const pointer = alloc(data.length * 4);
      f32(pointer, data.length).set(data);
      return pointer;
    },
    putU8: (data) => {
      const pointer = alloc(data.length);
      u8(pointer, data.length).set(data);
      return pointer;
    },
    f32,
    u8,
    i32: (pointer, length) => new Int32Array(memory.buffer, pointer, length),
    u32: (pointer, length) => new Uint32Array(memory.buffer, pointer, length),
    u16: (pointer, length) => new Uint16Array(memory.buffer, pointer, length),
  };
}
