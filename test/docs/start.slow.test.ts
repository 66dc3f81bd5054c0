/**
 * Every block of docs/start.md, pasted into an empty folder, gives the answer. `npm install` installs the tarball of
 * this checkout and links the tools that it names from here; servers listen on a free port.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { chromium } from "playwright-core";
import { runtimes } from "../examples/support.js";
import { noSkip, notBuilt, packPackage, root, temporaryFolder, userEnvironment } from "../support/installed_package.js";
import { blocksOf } from "./blocks.js";

const LIMIT = 120_000;
const chromiumPath = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Tools that blocks install, by their command in this checkout. */
const tools: Readonly<Record<string, string>> = {
  vite: join(root, "node_modules/vite/bin/vite.js"),
  esbuild: join(root, "node_modules/esbuild/bin/esbuild"),
  workerd: runtimes.workerd,
};

/** What stands before a block: the commands of the machine, but for where packages come from and ports. */
const prelude = `
set -euo pipefail
npm() {
  shift
  for name in "$@"; do
    if [ "$name" = xnorkit ]; then
      command npm install --ignore-scripts --prefer-offline --no-audit --no-fund "$TARBALL"
    else
      mkdir -p node_modules/.bin && ln -s "$TOOLS/$name" node_modules/.bin/
    fi
  done
}
npx() {
  case "$1" in
    vite) command npx "$@" --host 127.0.0.1 --port "$PORT" --strictPort ;;
    workerd) command npx "$@" "--socket-addr=http=127.0.0.1:$PORT" ;;
    *) command npx "$@" ;;
  esac
}
`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Waits until a server answers; returns its text. */
async function ask(url: string): Promise<string> {
  for (let tries = 0; tries < LIMIT / 200; tries++) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(LIMIT) });
      return await response.text();
    } catch {
      await sleep(200);
    }
  }
  throw new Error(`${url} did not answer`);
}

/** What the page at this address shows as its answer. */
async function askPage(url: string): Promise<string> {
  const args = ["--disable-gpu", "--no-first-run", "--disable-background-networking"];
  const browser = await chromium.launch({ executablePath: chromiumPath, args, chromiumSandbox: false, timeout: LIMIT });
  try {
    const page = await browser.newPage();
    await page.goto(url);
    // A bundler that finds packages as it serves loads the page twice.
    await page.waitForFunction("document.querySelector('#answer')?.textContent !== 'reading'", undefined, {
      timeout: LIMIT,
    });
    return (await page.textContent("#answer")) ?? "";
  } finally {
    await browser.close();
  }
}

describe("docs/start.md", { skip: noSkip ? false : notBuilt }, () => {
  const { folder, remove } = temporaryFolder();
  const toolFolder = join(folder, "tools");
  let tarball = "";

  before(() => {
    tarball = packPackage(folder);
    mkdirSync(toolFolder);
    for (const [name, path] of Object.entries(tools)) symlinkSync(path, join(toolFolder, name));
  });
  after(remove);

  /** Pastes a block into a new folder; `look` sees a server while it runs. Returns what was printed. */
  async function paste(name: string, text: string, look?: (url: string) => Promise<void>): Promise<string> {
    const cwd = join(folder, name);
    mkdirSync(cwd);
    const { PATH, ...env } = userEnvironment();
    const port = String(await freePort());
    const paths = [dirname(runtimes.deno), dirname(runtimes.bun), PATH];
    const child = spawn("bash", ["-c", `${prelude}${text}`], {
      cwd,
      env: { ...env, PATH: paths.join(delimiter), TARBALL: tarball, TOOLS: toolFolder, PORT: port },
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own, so that servers behind npx end with it.
      detached: true,
    });
    let printed = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (printed += chunk));
    const ended = once(child, "close");
    const end = () => {
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, "SIGKILL");
    };
    const stop = setTimeout(end, LIMIT);
    try {
      if (look === undefined) {
        const [code] = await ended;
        assert.equal(code, 0, printed);
      } else {
        const early = ended.then(() => assert.fail(`the server ended\n${printed}`));
        await Promise.race([look(`http://127.0.0.1:${port}/`), early]);
        early.catch(() => undefined);
      }
      return printed;
    } finally {
      clearTimeout(stop);
      end();
      await ended;
    }
  }

  const blocks = blocksOf(readFileSync(join(root, "docs/start.md"), "utf8"));

  for (const [index, { language, text, line }] of blocks.entries()) {
    if (language === "text") continue;
    const last = text.trimEnd().split("\n").at(-1)!;
    const [, runtime] = /^(?:npx )?(\w+)/.exec(last)!;
    const needed = { deno: runtimes.deno, bun: runtimes.bun, workerd: runtimes.workerd, vite: chromiumPath }[runtime];
    const missing = needed === undefined || existsSync(needed) ? false : `${runtime} needs ${needed}`;
    test(`line ${line}: ${last}`, { skip: noSkip ? false : missing, timeout: 2 * LIMIT }, async () => {
      assert.equal(language, "sh");
      assert.match(text, /^npm install xnorkit/);
      if (runtime === "vite") {
        await paste(runtime, text, async (url) => {
          assert.match(await ask(url), /<title>/);
          assert.equal(await askPage(url), "it is a 7");
        });
      } else if (runtime === "workerd") {
        await paste(runtime, text, async (url) => assert.equal(await ask(url), "it is a 7\n"));
      } else {
        const expected = blocks[index + 1];
        assert.equal(expected.language, "text", "what it prints stands behind it");
        const printed = await paste(runtime, text);
        assert.ok(printed.endsWith(expected.text), printed);
      }
    });
  }

  test("it has a block for each runtime", () => {
    const commands = blocks.filter(({ language }) => language === "sh").map(({ text }) => text);
    for (const command of ["node seven.mjs", "deno run", "bun seven.mjs", "npx vite", "npx workerd"]) {
      assert.ok(
        commands.some((text) => text.includes(`\n${command}`)),
        command,
      );
    }
  });
});
