/** The packed kernels of the package are the compiled ones, byte for byte, and any bytes unpack in bounded time. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { base64Bytes } from "../../src/runtime/base64.js";
import { unpack } from "../../src/runtime/unpack.js";

const compiled = (name: string) => new URL(`../../dist/wasm/${name}.wasm`, import.meta.url);
const skip = existsSync(compiled("simd")) ? false : "run npm run build first";

describe("packed kernels", { skip }, () => {
  test("the inlined builds are the compiled ones", async () => {
    const { simdWasm } = await import("../../src/generated/simd_wasm.js");
    const { relaxedWasm } = await import("../../src/generated/relaxed_wasm.js");
    for (const [name, packed] of [
      ["simd", simdWasm],
      ["relaxed", relaxedWasm],
    ]) {
      assert.deepEqual(Buffer.from(unpack(base64Bytes(packed))), readFileSync(compiled(name)), name);
    }
  });

  test("what ends early still ends", async () => {
    const { simdWasm } = await import("../../src/generated/simd_wasm.js");
    const packed = base64Bytes(simdWasm);
    for (const length of [0, 1, 3, 20, 6000]) assert.ok(unpack(packed.subarray(0, length)) instanceof Uint8Array);
    for (const byte of [0, 0x55, 0xff]) assert.ok(unpack(new Uint8Array(64).fill(byte)) instanceof Uint8Array);
  });
});
