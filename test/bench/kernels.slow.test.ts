/** `bench kernels`: every path and layer is in its report. */
import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { runKernelBench } from "../../bench/kernels.js";
import { floatCases } from "../../bench/support/float_cases.js";
import { gemmCases } from "../../bench/support/gemm_cases.js";
import { layerCases } from "../../bench/support/layer_cases.js";
import { main } from "../../src/cli/main.js";
import { hostMemory } from "../../src/runtime/memory.js";
import { kernelModule } from "../../src/runtime/module.js";
import { instantiateKernels } from "../../src/runtime/wasm.js";
import { checkReport } from "./support.js";

const quick = { runs: 1, seconds: 0.001 };

// 40 and 72 channels: neither fills its words.
test("every path of a shape is in the report", async () => {
  const shape = { height: 6, width: 5, inputs: 40, outputs: 72 };
  const report = checkReport(await runKernelBench({ ...quick, shape }), "kernels");
  const names = report.results.map(({ name }) => name);
  for (const name of [
    "pack f32",
    "im2col",
    "popcount gemm",
    "bn-sign i32",
    "epilogue u16",
    "table conv, zero padding",
    "binary layer",
    "binary layer behind a pad",
    "binary layer behind a max pool",
    "binary layer behind a concat",
    "binary layer in 2 groups",
  ]) {
    assert.ok(names.includes(name), `${name} is missing`);
  }
  assert.equal(new Set(names).size, names.length);
  for (const { name, variant, gmacPerSecond } of report.results) {
    assert.equal(variant, "6x5x40x72");
    assert.equal(gmacPerSecond > 0, /gemm|table (conv|layer)|binary layer/.test(name), name);
  }
  const compared = report.results.filter(({ ratios }) => "plain" in ratios).map(({ name }) => name);
  assert.equal(compared.length, 4, compared.join(", "));
});

// K of 130 fills no word, 33 columns no panel.
test("a product of signs is measured on every path, beside floats", async () => {
  const gemm = { rows: 7, outputs: 33, inputs: 130 };
  const { results } = checkReport(await runKernelBench({ ...quick, gemm }), "kernels");
  assert.deepEqual(
    results.map(({ name, ratios }) => [name, Object.keys(ratios)]),
    [
      ["pack rows", []],
      ["popcount gemm", ["float"]],
      ["pack rows + popcount gemm", ["float"]],
      ["table gemm", ["float"]],
      ["float gemm", []],
    ],
  );
  assert.ok(results.every(({ variant }) => variant === "7x33x130"));
  const wide = await runKernelBench({ ...quick, gemm: { ...gemm, inputs: 65536 } });
  assert.ok(!wide.results.some(({ name }) => name === "table gemm"), "its counts would not be exact");
});

test("the paths of a product of signs give the same counts", async () => {
  const host = hostMemory();
  const { exports } = instantiateKernels(await kernelModule(), host.memory);
  const { cases, counts, tableCounts, countStride, tableStride } = gemmCases(exports, host, {
    rows: 5,
    outputs: 33,
    inputs: 130,
  });
  for (const { run } of cases) run();
  const popcounts = new Int32Array(host.memory.buffer, counts);
  const tables = new Uint16Array(host.memory.buffer, tableCounts!);
  for (let row = 0; row < 5; row++) {
    for (let n = 0; n < 33; n++) {
      assert.equal(tables[row * tableStride + n], popcounts[row * countStride + n], `${row}, ${n}`);
    }
  }
  assert.ok(popcounts.subarray(0, 33).some((count) => count > 0));
});

test("planned layers have the products of the plain one, in groups half of them", async () => {
  const shape = { height: 6, width: 5, inputs: 64, outputs: 64 };
  const cases = layerCases(await kernelModule(), shape);
  const products = 6 * 5 * 64 * 64 * 9;
  assert.deepEqual(
    cases.map(({ name, macs }) => [name, macs]),
    [
      ["binary layer", products],
      ["binary layer behind a pad", products],
      ["binary layer behind a max pool", products],
      ["binary layer behind a concat", products],
      ["binary layer in 2 groups", products / 2],
    ],
  );
});

test("the prototypes are compared where they are present, and noted where they are not", async () => {
  const shape = { height: 7, width: 7, inputs: 64, outputs: 64 };
  const report = checkReport(await runKernelBench({ ...quick, shape, filter: "Table Conv" }), "kernels");
  assert.deepEqual(
    report.results.map(({ name }) => name),
    ["table conv", "table conv, zero padding"],
  );
  const compared = report.results.every(({ ratios }) => "prototype" in ratios);
  assert.equal(compared, report.notes!.length === 0, report.notes!.join());
});

test("K too long for u16 counts leaves the popcount path", async () => {
  const shape = { height: 1, width: 1, inputs: 7300, outputs: 1 };
  const { results } = checkReport(await runKernelBench({ ...quick, shape }), "kernels");
  assert.ok(results.some(({ name }) => name === "popcount gemm"));
  assert.ok(results.every(({ name }) => !name.startsWith("table")));
});

test("the float layers run, once each", async () => {
  const host = hostMemory();
  const { exports } = instantiateKernels(await kernelModule(), host.memory);
  const cases = floatCases(exports, host);
  assert.equal(new Set(cases.map(({ name, variant }) => `${name} ${variant}`)).size, cases.length);
  for (const { run } of cases) run();
  const stems = cases.filter(({ name }) => name.startsWith("stem"));
  assert.deepEqual(
    stems.map(({ name, macs }) => [name, macs]),
    [
      ["stem f32", 118_013_952],
      ["stem winograd f32", 118_013_952],
      ["stem u8", 118_013_952],
    ],
  );
});

test("the command line prints a table, or JSON alone", async () => {
  const run = async (...extra: string[]) => {
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    const argv = ["bench", "kernels", "--shape", "4x4x16x16", "--runs", "1", "--seconds", "0.001", ...extra];
    const printed = text(stdout);
    const remarks = text(stderr);
    const code = await main(argv, { stdout, stderr });
    stdout.end();
    stderr.end();
    assert.equal(code, 0, await remarks);
    return printed;
  };
  checkReport(JSON.parse(await run("--json")), "kernels");
  assert.match(await run(), /best us +median us +GMAC\/s/);
});
