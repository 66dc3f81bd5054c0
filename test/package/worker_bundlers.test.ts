/**
 * xnorkit/worker in what bundlers make of a page without any configuration: the worker answers in Chromium, for vite 6,
 * 7 and 8, webpack, rollup and esbuild. Those that follow workers emit the script's file; for the others it is inlined.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import { build as esbuild } from "esbuild";
import { type Browser, chromium } from "playwright-core";
import { rollup } from "rollup";
import { build as vite8 } from "vite";
import webpack from "webpack";
import { installPackage, noSkip, notBuilt, root, run, temporaryFolder } from "../support/installed_package.js";

const app = `
import { digitsModel } from "xnorkit/models/digits";
import { createClassifier, createSession } from "xnorkit/worker";

globalThis.answer = async () => {
  const data = Uint8Array.from({ length: 1024 }, (_, i) => (i * i) % 251);
  const session = await createSession(digitsModel());
  const logits = Array.from((await session.run({ shape: [1, 1, 32, 32], data })).data);
  session.dispose();
  const classify = await createClassifier(digitsModel(), { topK: 1 });
  const [{ label }] = await classify({ width: 32, height: 32, data });
  classify.dispose();
  return JSON.stringify({ logits, label });
};
`;

/** The same in Node, without a bundler. */
const script = `${app}\nconsole.log(await globalThis.answer());\n`;

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const noChromium = existsSync(CHROMIUM) ? false : "no Chromium";

type Vite = typeof vite8;

describe("a worker in a bundle", { skip: noSkip ? false : notBuilt || noChromium, timeout: 300_000 }, () => {
  const { folder, remove } = temporaryFolder();
  const entry = join(folder, "app.mjs");
  let browser: Browser;
  let expected = "";

  before(async () => {
    installPackage(folder);
    writeFileSync(entry, app);
    writeFileSync(join(folder, "script.mjs"), script);
    writeFileSync(join(folder, "index.html"), '<!doctype html><script type="module" src="/app.mjs"></script>');
    expected = run(process.execPath, ["script.mjs"], folder).trim();
    assert.equal(JSON.parse(expected).logits.length, 10);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--disable-gpu"], chromiumSandbox: false });
  });
  after(async () => {
    await browser.close();
    remove();
  });

  /** The page's answer, and the files that it asked for. */
  async function check(outdir: string, emitsWorker: boolean): Promise<void> {
    const asked: string[] = [];
    const server = createServer(({ url = "/" }, response) => {
      const name = url.slice(1).replace(/\?.*$/, "");
      const file = join(outdir, name);
      asked.push(name);
      if (name === "" && !existsSync(join(outdir, "index.html"))) {
        response.setHeader("content-type", "text/html");
        response.end('<!doctype html><script type="module" src="/app.js"></script>');
      } else if (existsSync(name === "" ? join(outdir, "index.html") : file)) {
        response.setHeader("content-type", name === "" ? "text/html" : "text/javascript");
        response.end(readFileSync(name === "" ? join(outdir, "index.html") : file));
      } else {
        response.writeHead(404).end();
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const page = await browser.newPage();
    try {
      page.setDefaultTimeout(60_000);
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      await page.waitForFunction("typeof globalThis.answer === 'function'");
      assert.equal(await page.evaluate("answer()"), expected);
      const emitted = readdirSync(outdir, { recursive: true, encoding: "utf8" });
      const script = asked.find((name) => /worker_main|^\d+\.\w*\.?js$|worker/.test(name) && emitted.includes(name));
      assert.equal(script !== undefined, emitsWorker, `${asked.join(", ")}; there are ${emitted.join(", ")}`);
    } finally {
      await page.close();
      server.closeAllConnections();
      server.close();
    }
  }

  test("Node, started with code in place of a file, and with its threads under the name of the web's workers", () => {
    const named = `import { Worker } from "node:worker_threads";\nglobalThis.Worker = Worker;\n${script}`;
    for (const code of [script, named]) {
      assert.equal(run(process.execPath, ["--input-type=module", "--eval", code], folder).trim(), expected);
    }
  });

  const modules = join(root, "test/runtimes/node_modules");
  for (const [name, path] of [
    ["vite 6", join(modules, "vite6/dist/node/index.js")],
    ["vite 7", join(modules, "vite7/dist/node/index.js")],
    ["vite 8", ""],
  ]) {
    const missing =
      path === "" || existsSync(path) ? false : `${name} is not installed (npm ci --prefix test/runtimes)`;
    test(name, { skip: noSkip ? false : missing }, async () => {
      const build = path === "" ? vite8 : ((await import(pathToFileURL(path).href)) as { build: Vite }).build;
      const outDir = join(folder, name.replace(" ", ""));
      await build({ root: folder, configFile: false, logLevel: "error", build: { outDir } });
      await check(outDir, true);
    });
  }

  test("webpack", async () => {
    const outdir = join(folder, "webpack");
    const compiler = webpack({
      mode: "production",
      context: folder,
      entry,
      output: { path: outdir, filename: "app.js" },
      performance: false,
    });
    const stats = await promisify(compiler.run.bind(compiler))();
    await promisify(compiler.close.bind(compiler))();
    assert.deepEqual(stats?.toJson().errors, []);
    assert.deepEqual(stats?.toJson().warnings, []);
    await check(outdir, true);
  });

  test("rollup", async () => {
    const warnings: string[] = [];
    // Of a package that readers import rollup says what is so in its code.
    const onwarn = ({ message }: { message: string }) => void (/@bufbuild/.test(message) || warnings.push(message));
    const bundle = await rollup({ input: entry, plugins: [nodeResolve({ browser: true })], onwarn });
    await bundle.write({ dir: join(folder, "rollup"), format: "es", entryFileNames: "app.js" });
    await bundle.close();
    assert.deepEqual(warnings, []);
    await check(join(folder, "rollup"), false);
  });

  for (const splitting of [false, true]) {
    test(`esbuild${splitting ? " with splitting" : ""}`, async () => {
      const outdir = join(folder, `esbuild_${splitting}`);
      const options = { entryPoints: [{ in: entry, out: "app" }], outdir, bundle: true, minify: true, splitting };
      const { warnings } = await esbuild({ ...options, format: "esm" });
      assert.deepEqual(warnings, []);
      await check(outdir, false);
    });
  }
});
