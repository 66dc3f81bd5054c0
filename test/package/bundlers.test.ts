/** vite, rollup, webpack and esbuild bundle the installed package untouched, and what they make runs. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import { build as esbuild } from "esbuild";
import { rollup } from "rollup";
import { build as vite } from "vite";
import webpack from "webpack";
import { installPackage, noSkip, notBuilt, run, temporaryFolder } from "../support/installed_package.js";

const app = `
import { createSession } from "xnorkit";
import { bitWords, instantiate } from "xnorkit/kernels";
import { digitsModel } from "xnorkit/models/digits";

const session = await createSession(digitsModel());
const data = Uint8Array.from({ length: 1024 }, (_, i) => (i * i) % 251);
const logits = Array.from(session.run({ shape: [1, 1, 32, 32], data }).data);
const { exports } = await instantiate();
console.log(JSON.stringify({ logits, words: bitWords(65), kernels: Object.keys(exports).length }));
`;

describe("bundlers", { skip: noSkip ? false : notBuilt }, () => {
  const { folder, remove } = temporaryFolder();
  const entry = join(folder, "app.mjs");
  let expected = "";

  before(() => {
    installPackage(folder);
    writeFileSync(entry, app);
    expected = run(process.execPath, [entry], folder);
    assert.equal(JSON.parse(expected).logits.length, 10);
  });
  after(remove);

  /** The bundle names no module that is not beside it, and answers as the app does without a bundler. */
  function check(outdir: string, file: string): void {
    assert.equal(run(process.execPath, [join(outdir, file)], folder), expected);
    assert.doesNotMatch(readFileSync(join(outdir, file), "utf8"), /(from|import)\s*"(xnorkit|@assemblyscript)/);
  }

  test("esbuild", async () => {
    const outdir = join(folder, "esbuild");
    const { warnings } = await esbuild({
      entryPoints: [entry],
      outfile: join(outdir, "app.mjs"),
      bundle: true,
      minify: true,
      format: "esm",
    });
    assert.deepEqual(warnings, []);
    check(outdir, "app.mjs");
  });

  test("vite", async () => {
    const output = { entryFileNames: "app.mjs" };
    const options = { outDir: join(folder, "vite"), target: "es2022", rollupOptions: { input: entry, output } };
    await vite({ root: folder, configFile: false, logLevel: "error", build: options });
    check(options.outDir, "app.mjs");
  });

  test("rollup", async () => {
    const warnings: string[] = [];
    const onwarn = ({ message }: { message: string }) => void warnings.push(message);
    const bundle = await rollup({ input: entry, plugins: [nodeResolve()], onwarn });
    await bundle.write({ dir: join(folder, "rollup"), format: "es", entryFileNames: "app.mjs" });
    await bundle.close();
    assert.deepEqual(warnings, []);
    check(join(folder, "rollup"), "app.mjs");
  });

  test("webpack", async () => {
    const outdir = join(folder, "webpack");
    const compiler = webpack({
      mode: "production",
      context: folder,
      entry,
      target: ["web", "es2022"],
      experiments: { outputModule: true },
      output: { path: outdir, filename: "app.mjs", module: true },
      performance: false,
    });
    const stats = await promisify(compiler.run.bind(compiler))();
    await promisify(compiler.close.bind(compiler))();
    assert.deepEqual(stats?.toJson().errors, []);
    assert.deepEqual(stats?.toJson().warnings, []);
    check(outdir, "app.mjs");
  });

  for (const [condition, suffix] of [
    ["workerd", ""],
    ["edge-light", "?module"],
  ]) {
    test(`under the condition ${condition} the kernels are imported, not inlined`, async () => {
      const outfile = join(folder, condition, "app.mjs");
      const external = ["*.wasm", "*.wasm?module"];
      const options = { entryPoints: [entry], outfile, bundle: true, conditions: [condition], external };
      const { warnings } = await esbuild({ ...options, format: "esm" });
      assert.deepEqual(warnings, []);
      const code = readFileSync(outfile, "utf8");
      assert.match(code, new RegExp(`import \\w+ from "[^"]*/simd\\.wasm${suffix.replace("?", "\\?")}"`));
      // The first bytes of a gzip file in base64.
      assert.doesNotMatch(code, /"H4sI|DecompressionStream/);
    });
  }

  test("no other file of the package imports a .wasm file", () => {
    const dist = join(folder, "node_modules/xnorkit/dist");
    const names = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".js"));
    const importing = names.filter((name) => /from\s*"[^"]*\.wasm/.test(readFileSync(join(dist, name), "utf8")));
    assert.deepEqual(importing.sort(), ["lib/builds.edge.js", "lib/builds.workerd.js"]);
  });
});
