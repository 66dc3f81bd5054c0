/**
 * From files to answers in three lines, from the packed package, under every runtime and in workers: ImageNet's
 * pictures get the same three classes in the same order everywhere, by whatever decoder.
 */
import assert from "node:assert/strict";
import { copyFileSync, cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { installPackage, noSkip, notBuilt, root, run, temporaryFolder } from "../support/installed_package.js";
import { sharedPath, skipWithout } from "../support/shared.js";

const modules = join(root, "test/runtimes/node_modules");
const JPEGS = "data/imagenet/jpeg";
const QUICKNET = "data/larq/quicknet.tflite";

/** Commands that run a script, by the runtime's name. */
const hosts: readonly (readonly [name: string, binary: string, args: readonly string[]])[] = [
  ["Node (this one)", process.execPath, []],
  ["Node 22", join(modules, "node22/bin/node"), []],
  ["Node 24", join(modules, "node24/bin/node"), []],
  ["Deno", join(modules, "@deno/linux-x64-glibc/deno"), ["run", "--no-prompt", "--allow-read"]],
  ["Bun", join(modules, "@oven/bun-linux-x64/bin/bun"), []],
];

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

type Answers = readonly (readonly string[])[];

/** A policy that lets nothing in but WebAssembly and workers from the page's own text, which esbuild's output needs. */
const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; img-src 'self'";

async function serve(folder: string): Promise<Server> {
  const server = createServer(({ url = "/" }, response) => {
    const name = url.slice(1);
    response.setHeader("content-security-policy", POLICY);
    if (name === "") {
      response.setHeader("content-type", "text/html");
      response.end('<!doctype html><title>xnorkit</title><script type="module" src="/classify_page.js"></script>');
    } else if (/^[\w.-]+$/.test(name) && existsSync(join(folder, name))) {
      response.setHeader("content-type", name.endsWith(".js") ? "text/javascript" : "application/octet-stream");
      response.end(readFileSync(join(folder, name)));
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

describe("from a file to an answer", {
  skip: noSkip ? false : notBuilt || skipWithout(JPEGS, QUICKNET),
  timeout: 300_000,
}, () => {
  const { folder, remove } = temporaryFolder();
  const place = join(folder, "hosts");
  let expected: Answers = [];

  before(() => {
    installPackage(folder);
    cpSync(join(root, "test/runtimes/hosts"), place, { recursive: true });
    const pictures = readdirSync(sharedPath(JPEGS)).sort();
    for (const name of pictures) copyFileSync(join(sharedPath(JPEGS), name), join(place, name));
    copyFileSync(sharedPath(QUICKNET), join(place, "quicknet.tflite"));
    const files = `export const model = "quicknet.tflite";\nexport const pictures = ${JSON.stringify(pictures)};\n`;
    writeFileSync(join(place, "classify_files.mjs"), files);
    const [here] = run(process.execPath, ["hosts/classify_print.mjs"], folder).split("\n");
    expected = JSON.parse(here).here;
  });
  after(remove);

  test("eight pictures have three classes each, most of them the right one", () => {
    assert.equal(expected.length, 8);
    for (const top of expected) assert.equal(new Set(top).size, 3);
    // By their place in synset.txt: Irish wolfhound, goblet and trombone lead their pictures.
    for (const leading of ["170", "572", "875"])
      assert.ok(
        expected.some(([best]) => best === leading),
        leading,
      );
  });

  for (const [name, binary, args] of hosts) {
    const missing = existsSync(binary) ? false : `${name} is not installed (${binary})`;
    test(`${name}, in its process and in a worker`, { skip: noSkip ? false : missing }, () => {
      const lines = run(binary, [...args, "hosts/classify_print.mjs"], folder)
        .trim()
        .split("\n");
      const answers = Object.assign({}, ...lines.map((line) => JSON.parse(line)));
      assert.deepEqual(answers, { here: expected, worker: expected });
    });
  }

  const missing = existsSync(CHROMIUM) ? false : "no Chromium";
  test("a page, its worker and a module worker of its own", { skip: noSkip ? false : missing }, async () => {
    await build({
      entryPoints: ["classify_page", "classify_worker"].map((name) => join(place, `${name}.mjs`)),
      outdir: place,
      bundle: true,
      format: "esm",
      logLevel: "error",
    });
    const server = await serve(place);
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ["--disable-gpu"],
      chromiumSandbox: false,
    });
    try {
      const page = await browser.newPage();
      page.setDefaultTimeout(60_000);
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      const ask = (name: string) => page.evaluate(`${name}()`) as Promise<Answers>;
      assert.deepEqual(await ask("answerHere"), expected);
      assert.deepEqual(await ask("answerInWorker"), expected);
      assert.deepEqual(await ask("answerInModuleWorker"), expected);
      const drawn = await ask("answerDrawn");
      assert.equal(drawn.length, 12);
      for (const [i, top] of drawn.entries()) assert.deepEqual(top, expected[i % 6 === 0 ? 0 : 1], `drawn ${i}`);
    } finally {
      await browser.close();
      server.close();
    }
  });
});
