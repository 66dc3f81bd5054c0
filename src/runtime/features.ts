/**
 * (module (func (result v128)
 *   (f32x4.relaxed_madd (i8x16.splat (i32.const 0)) (i8x16.splat (i32.const 0)) (i8x16.splat (i32.const 0)))))
 */
// biome-ignore format: one section a line
const relaxedMadd = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00,
  0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b,
  0x03, 0x02, 0x01, 0x00,
  0x0a, 0x13, 0x01, 0x11, 0x00,
  0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f, 0xfd, 0x85, 0x02, 0x0b,
]);

/** True where this runtime compiles relaxed SIMD: a tiny module is validated, the runtime's name is not asked. */
export function supportsRelaxedSimd(): boolean {
  return typeof WebAssembly !== "undefined" && WebAssembly.validate(relaxedMadd);
}

/** True where workers can share a memory: in a page, if it is isolated from other origins (COOP and COEP headers). */
export function supportsSharedMemory(): boolean {
  return typeof SharedArrayBuffer === "function" && globalThis.crossOriginIsolated !== false;
}
