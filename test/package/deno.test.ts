/**
 * Deno runs the built library, the sources as JSR publishes them, the command line and the benchmarks, with Node's
 * answers.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const deno = join(root, "node_modules/.bin/deno");
const built = existsSync(join(root, "dist/lib/index.js"));
const skip = !existsSync(deno) ? "deno is not installed" : built ? false : "dist is not built (npm run build)";

/** Runs a command in the repository, bounded in time, and returns what it printed. */
function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: "utf8", timeout: 120_000 });
  assert.equal(status, 0, `${command} ${args.join(" ")}\n${stdout}\n${stderr}`);
  return stdout;
}

const mainJob = (index: string, digits: string) => `
import { createSession } from ${JSON.stringify(new URL(index, import.meta.url).href)};
import { digitsModel } from ${JSON.stringify(new URL(digits, import.meta.url).href)};
const session = await createSession(digitsModel());
const data = Float32Array.from({ length: 1024 }, (_, i) => Math.abs(Math.sin(i * 0.05)) ** 3);
const { data: logits } = session.run({ shape: [1, 1, 32, 32], data });
console.log(JSON.stringify(Array.from(logits)));
`;

test("the built library and its sources run in Deno without a permission, with the same bits as in Node", {
  skip,
}, () => {
  const folder = mkdtempSync(join(tmpdir(), "xnorkit-"));
  try {
    const built = join(folder, "built.mjs");
    writeFileSync(built, mainJob("../../dist/lib/index.js", "../../dist/lib/digits.js"));
    const sources = join(folder, "sources.mjs");
    writeFileSync(sources, mainJob("../../src/index.ts", "../../src/models/digits.ts"));
    const inNode = JSON.parse(run(process.execPath, [built]));
    assert.equal(inNode.length, 10);
    assert.deepEqual(JSON.parse(run(deno, ["run", "--no-prompt", "--config", "deno.json", built])), inNode);
    assert.deepEqual(JSON.parse(run(deno, ["run", "--no-prompt", "--config", "deno.json", sources])), inNode);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("the command line classifies the sample digits in Deno as in Node", { skip }, () => {
  const pictures = Array.from({ length: 10 }, (_, digit) => `examples/digits/${digit}.png`);
  const args = ["bin/xnorkit.js", "classify", ...pictures, "--json"];
  const labels = (json: string) => JSON.parse(json).map((row: { top: { label: string }[] }) => row.top[0].label);
  assert.deepEqual(labels(run(deno, ["run", "-A", ...args])), labels(run(process.execPath, args)));
});

test("bench kernels runs in Deno unchanged", { skip }, () => {
  const args = [
    "run",
    "-A",
    "bin/xnorkit.js",
    "bench",
    "kernels",
    "--shape",
    "7x7x64x64",
    "--seconds",
    "0.02",
    "--json",
  ];
  const { results } = JSON.parse(run(deno, args));
  assert.ok(results.length > 0);
});
