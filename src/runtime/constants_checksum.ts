/** The checksum of a program's constants, computed where they lie. */
import { RESERVED_BYTES } from "../abi/constants.js";
import { kernelOf } from "./link.js";
import type { Kernels } from "./wasm.js";

/** Of the bytes from RESERVED_BYTES up to the arena, whose first bytes are overwritten: eight u32. */
export function checksumConstants({ exports, memory }: Kernels, arena: number): Uint32Array {
  kernelOf(exports, "checksumWords")(RESERVED_BYTES, arena, arena - RESERVED_BYTES);
  return new Uint32Array(memory.buffer, arena, 8).slice();
}
