/** Modules that `xnorkit compile --module` writes: one file that runs anywhere, or a file with two beside it. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { createSession } from "../../src/index.js";
import { digitsModel } from "../../src/models/digits.js";
import type { Program, ProgramOptions } from "../../src/program.js";
import { inputOf } from "../runtime/program_support.js";
import { noSkip, notBuilt, root, run, temporaryFolder } from "../support/installed_package.js";

describe("program modules", { skip: noSkip ? false : notBuilt }, () => {
  const { folder, remove } = temporaryFolder();
  after(remove);
  const compile = (...argv: readonly string[]) =>
    run(process.execPath, [join(root, "bin/xnorkit.js"), "compile", "digits", "--type", "u8", ...argv], folder);

  it("one file holds runner, kernels and program, and imports nothing", async () => {
    assert.match(compile("--module", "digits.mjs"), /digits\.mjs: [\d,]+ bytes/);
    assert.deepEqual(readdirSync(folder), ["digits.mjs"]);
    assert.doesNotMatch(readFileSync(join(folder, "digits.mjs"), "utf8"), /^import\b|\bfrom\s*"|\brequire\(/m);
    const module = await import(pathToFileURL(join(folder, "digits.mjs")).href);
    assert.deepEqual(Object.keys(module), ["load"]);
    const load = module.load as (options?: ProgramOptions) => Promise<Program>;
    const model = digitsModel();
    const input = inputOf(model.graph.inputShape, "u8");
    const expected = (await createSession(model)).run(input);
    assert.deepEqual((await load()).run(input), expected);
    await assert.rejects(load({ limits: { macs: 1 } }), /limits\.macs/);
    await assert.rejects(load({ wasm: undefined }), /the option wasm is undefined/);
  });

  it("for workerd kernels and program stand beside it", () => {
    compile("--module", "worker.mjs", "--host", "workerd");
    assert.deepEqual(readdirSync(folder).sort(), ["digits.mjs", "worker.bin", "worker.mjs", "worker.wasm"]);
    const text = readFileSync(join(folder, "worker.mjs"), "utf8");
    assert.match(text, /^import kernels from "\.\/worker\.wasm";\nimport program from "\.\/worker\.bin";$/m);
    assert.deepEqual(readFileSync(join(folder, "worker.wasm")), readFileSync(join(root, "dist/wasm/simd.wasm")));
  });
});
