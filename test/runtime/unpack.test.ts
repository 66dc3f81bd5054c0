/** The packed kernels of the package are the compiled ones, byte for byte, and any bytes unpack in bounded time. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { base64Bytes } from "../../src/runtime/base64.js";
import { partKernels } from "../../src/runtime/part_kernels.js";
import { unpack } from "../../src/runtime/unpack.js";

const compiled = (name: string) => new URL(`../../dist/wasm/${name}.wasm`, import.meta.url);
const skip = existsSync(compiled("simd")) ? false : "run npm run build first";

async function coreModule(): Promise<Uint8Array<ArrayBuffer>> {
  const { coreWasm } = await import("../../src/generated/core_wasm.js");
  return unpack(base64Bytes(coreWasm));
}

const exportsOf = (bytes: Uint8Array<ArrayBuffer>) =>
  WebAssembly.Module.exports(new WebAssembly.Module(bytes)).map(({ name }) => name);

describe("packed kernels", { skip }, () => {
  test("the inlined builds are the compiled ones", async () => {
    const { allWasm } = await import("../../src/generated/all_wasm.js");
    const { relaxedWasm } = await import("../../src/generated/relaxed_wasm.js");
    const all = unpack(base64Bytes(allWasm), await coreModule());
    assert.deepEqual(Buffer.from(all), readFileSync(compiled("simd")));
    assert.deepEqual(Buffer.from(unpack(base64Bytes(relaxedWasm))), readFileSync(compiled("relaxed")));
  });

  test("the core module lacks the kernels of parts and no others", async () => {
    const all = exportsOf(new Uint8Array(readFileSync(compiled("simd"))));
    const expected = all.filter((name) => !partKernels.some((kernel) => kernel === name));
    assert.equal(expected.length, all.length - partKernels.length);
    assert.deepEqual(exportsOf(await coreModule()), expected);
  });

  test("what ends early still ends", async () => {
    const { coreWasm } = await import("../../src/generated/core_wasm.js");
    const packed = base64Bytes(coreWasm);
    for (const length of [0, 1, 3, 20, 6000]) assert.ok(unpack(packed.subarray(0, length)) instanceof Uint8Array);
    for (const byte of [0, 0x55, 0xff]) assert.ok(unpack(new Uint8Array(64).fill(byte)) instanceof Uint8Array);
  });
});
