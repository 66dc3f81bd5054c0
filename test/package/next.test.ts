/**
 * xnorkit in an application of Next.js without any configuration: its build takes the package, a server component and a
 * route run it in Node, and a page's component runs it in Chromium, on its own thread and in a worker.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { chromium } from "playwright-core";
import { installPackage, noSkip, notBuilt, root, run, temporaryFolder } from "../support/installed_package.js";

const modules = join(root, "test/runtimes/node_modules");
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

const logits = `
const session = await createSession(digitsModel());
const data = Uint8Array.from({ length: 1024 }, (_, i) => (i * i) % 251);
const text = session.run({ shape: [1, 1, 32, 32], data }).data.join();
session.dispose();`;

const imports = `
import { createSession } from "xnorkit";
import { digitsModel } from "xnorkit/models/digits";`;

const files: Readonly<Record<string, string>> = {
  "app/layout.js": `export default ({ children }) => <html lang="en"><body>{children}</body></html>;`,
  "app/page.js": `${imports}
    import { Answers } from "./answers.js";
    export const dynamic = "force-dynamic";
    export default async function Page() {${logits}
      return <main><p id="logits">{text}</p><Answers /></main>;
    }`,
  "app/answers.js": `"use client";
    import { useEffect, useState } from "react";
    import * as here from "xnorkit/classify";
    import { digitsModel } from "xnorkit/models/digits";
    import * as worker from "xnorkit/worker";

    async function answer({ createClassifier }) {
      const classify = await createClassifier(digitsModel(), { topK: 1 });
      const [{ label }] = await classify(await (await fetch("/7.png")).blob());
      classify.dispose();
      return label;
    }

    export function Answers() {
      const [labels, setLabels] = useState("");
      useEffect(() => {
        const found = Promise.all([answer(here), answer(worker)]);
        found.then((labels) => setLabels(labels.join()), (error) => setLabels(String(error)));
      }, []);
      return <p id="labels">{labels}</p>;
    }`,
  "app/digit/route.js": `
    import { createClassifier } from "xnorkit/classify";
    import { digitsModel } from "xnorkit/models/digits";
    export async function POST(request) {
      const classify = await createClassifier(digitsModel(), { topK: 1 });
      const [{ label }] = await classify(new Uint8Array(await request.arrayBuffer()));
      classify.dispose();
      return Response.json({ label });
    }`,
  "logits.mjs": `${imports}${logits}\nconsole.log(text);`,
};

/** Copies packages of `modules` with all that they need. */
function copyPackages(names: readonly string[], target: string, copied = new Set<string>()): void {
  for (const name of names) {
    const source = join(modules, name);
    if (copied.has(name) || !existsSync(source)) continue;
    copied.add(name);
    cpSync(source, join(target, name), { recursive: true });
    const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(source, "package.json"), "utf8"));
    copyPackages(Object.keys({ ...dependencies, ...optionalDependencies }), target, copied);
  }
}

/** The address that a server prints when it listens. */
function addressOf(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = "";
    server.stdout?.on("data", (chunk) => {
      printed += chunk;
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(printed);
      if (found !== null) resolve(found[0]);
    });
    server.on("exit", (code) => reject(new Error(`the server ended with code ${code}: ${printed}`)));
  });
}

const missing = existsSync(join(modules, "next")) ? false : "Next.js is not installed (npm ci --prefix test/runtimes)";

describe("Next.js", { skip: noSkip ? false : notBuilt || missing, timeout: 300_000 }, () => {
  const { folder, remove } = temporaryFolder();
  const next = join(folder, "node_modules/next/dist/bin/next");
  let server: ChildProcess | null = null;
  let address = "";

  before(() => {
    installPackage(folder);
    copyPackages(["next", "react", "react-dom"], join(folder, "node_modules"));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    mkdirSync(join(folder, "public"));
    copyFileSync(join(root, "examples/digits/7.png"), join(folder, "public/7.png"));
  });
  after(async () => {
    if (server !== null && server.exitCode === null) {
      const ended = new Promise((resolve) => server?.once("exit", resolve));
      server.kill("SIGKILL");
      await ended;
    }
    remove();
  });

  test("builds without configuration or warnings", () => {
    // Where CI is set, Next.js warns of its own cache.
    const environment = ["-u", "CI", "NEXT_TELEMETRY_DISABLED=1"];
    const printed = run("env", [...environment, process.execPath, next, "build"], folder, 240_000);
    assert.match(printed, /Compiled successfully/);
    assert.doesNotMatch(printed, /warning|⚠/i);
  });

  test("a server component and a route answer in Node", async () => {
    const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1" };
    const options = ["start", "--hostname", "127.0.0.1", "--port", "0"];
    server = spawn(process.execPath, [next, ...options], { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
    address = await addressOf(server);
    const expected = run(process.execPath, ["logits.mjs"], folder).trim();
    assert.equal(expected.split(",").length, 10);
    const page = await (await fetch(address)).text();
    assert.ok(page.includes(`<p id="logits">${expected}</p>`), page.slice(0, 500));
    for (const digit of [7, 4]) {
      const body = readFileSync(join(root, `examples/digits/${digit}.png`));
      const answer = await fetch(`${address}/digit`, { method: "POST", body });
      assert.deepEqual(await answer.json(), { label: String(digit) });
    }
  });

  test("a page's component answers in Chromium, in a worker too", {
    skip: existsSync(CHROMIUM) || noSkip ? false : "no Chromium",
  }, async () => {
    const options = { executablePath: CHROMIUM, args: ["--disable-gpu"], chromiumSandbox: false };
    const browser = await chromium.launch(options);
    try {
      const page = await browser.newPage();
      page.setDefaultTimeout(60_000);
      const problems: string[] = [];
      page.on("pageerror", (error) => problems.push(String(error)));
      await page.goto(address);
      await page.waitForFunction("document.querySelector('#labels').textContent !== ''");
      assert.equal(await page.textContent("#labels"), "7,7");
      assert.deepEqual(problems, []);
    } finally {
      await browser.close();
    }
  });
});
