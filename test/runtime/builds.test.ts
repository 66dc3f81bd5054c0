/**
 * The kernels that the package carries are the compiled ones, byte for byte, and the option wasm takes modules and
 * bytes alone.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import vm from "node:vm";
import { gzipSync } from "node:zlib";
import { XnorkitError } from "../../src/errors.js";
import { base64Bytes } from "../../src/runtime/base64.js";
import { builds } from "../../src/runtime/builds.js";
import { supportsRelaxedSimd } from "../../src/runtime/features.js";
import { inflate } from "../../src/runtime/inflate.js";
import type { KernelSource } from "../../src/runtime/kernel_source.js";
import { kernelModule } from "../../src/runtime/module.js";

const compiled = (name: string) => new URL(`../../dist/wasm/${name}.wasm`, import.meta.url);
const skip = existsSync(compiled("simd")) ? false : "run npm run build first";

describe("the kernels' builds", { skip }, () => {
  test("what is inlined are the modules that were compiled", async () => {
    const { simdWasm } = await import("../../src/generated/simd_wasm.js");
    const { relaxedWasm } = await import("../../src/generated/relaxed_wasm.js");
    assert.deepEqual(Buffer.from(await inflate(base64Bytes(simdWasm))), readFileSync(compiled("simd")));
    assert.deepEqual(Buffer.from(await inflate(base64Bytes(relaxedWasm))), readFileSync(compiled("relaxed")));
  });

  test("each is compiled once", async () => {
    const [first, second] = await Promise.all([builds.baseline(), builds.baseline()]);
    assert.equal(first, second);
    assert.equal(await kernelModule(), first);
    assert.ok(first instanceof WebAssembly.Module);
    assert.equal(await builds.relaxed(), await builds.relaxed());
    assert.equal((await builds.relaxed()) === null, !supportsRelaxedSimd());
  });

  test("modules, buffers and arrays are taken, of any realm", async () => {
    const bytes = new Uint8Array(readFileSync(compiled("simd")));
    const foreign = vm.runInNewContext("new Uint8Array(bytes)", { bytes }) as Uint8Array;
    assert.ok(!(foreign instanceof Uint8Array));
    const module = new WebAssembly.Module(bytes);
    assert.equal(await kernelModule(module), module);
    for (const source of [bytes, bytes.buffer, foreign]) {
      assert.deepEqual(
        WebAssembly.Module.exports((await kernelModule(source)) as WebAssembly.Module),
        WebAssembly.Module.exports(module),
      );
    }
  });

  test("what is no kernels' code is refused in a sentence", async () => {
    const fails = (source: unknown, code: string) =>
      assert.rejects(
        kernelModule(source as KernelSource),
        (error) => error instanceof XnorkitError && error.code === code && error.message.includes("option wasm"),
      );
    await fails(new Uint8Array(8), "unsupported");
    await fails(new Float32Array(8), "bad-option");
    await fails("simd.wasm", "bad-option");
    await fails(null, "bad-option");
    await fails({}, "bad-option");
  });
});

test("a gzip file of many chunks is read whole, one cut short is refused", async () => {
  const bytes = Uint8Array.from({ length: 500_000 }, (_, i) => (i * i) >> 3);
  const gzip = gzipSync(bytes);
  assert.deepEqual(await inflate(gzip), bytes);
  for (const length of [0, 1, 10, gzip.length - 9]) await assert.rejects(inflate(gzip.subarray(0, length)));
  await assert.rejects(inflate(Uint8Array.from(gzip, (byte, i) => (i > 100 ? byte ^ 0x55 : byte))));
});
