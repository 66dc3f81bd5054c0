/**
 * The packed package under every runtime: each must answer the conformance script with the bits that this Node answers.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { noSkip, notBuilt, root, run, temporaryFolder } from "../support/installed_package.js";
import { bundleForEdge } from "./bundles.js";
import { askChromium, isolatedPlaces, places } from "./chromium.js";
import { prepare } from "./prepare.js";
import { askWorkerd } from "./workerd.js";

const here = join(root, "test/runtimes");
const modules = join(here, "node_modules");

interface Runtime {
  readonly name: string;
  /** Threads that a session with two has there, in all places but those that chromium.ts names. */
  readonly threads: number;
  /** What must exist for it to run. */
  readonly binary: string;
  readonly version: () => string;
  /** The answers of the conformance script, JSON, by where they were computed ("" if there is one place). */
  readonly ask: (folder: string) => Promise<ReadonlyMap<string, string>>;
}

/** A runtime that runs the script from its command line. */
function commandLine(name: string, binary: string, args: readonly string[] = []): Runtime {
  return {
    name,
    threads: 2,
    binary,
    version: () => firstVersion(run(binary, ["--version"], root)),
    ask: async (folder) => new Map([["", run(binary, [...args, "hosts/print.mjs"], folder)]]),
  };
}

function firstVersion(text: string): string {
  return /\d+[-.\d]*/.exec(text)?.[0] ?? "unknown";
}

const workerd = join(modules, "@cloudflare/workerd-linux-64/bin/workerd");
const edgeRuntime = join(modules, "edge-runtime/package.json");
const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";

const runtimes: readonly Runtime[] = [
  commandLine("Node (this one)", process.execPath),
  commandLine("Node 22", join(modules, "node22/bin/node")),
  commandLine("Node 24", join(modules, "node24/bin/node")),
  commandLine("Deno", join(modules, "@deno/linux-x64-glibc/deno"), ["run", "--no-prompt"]),
  commandLine("Bun", join(modules, "@oven/bun-linux-x64/bin/bun")),
  {
    name: "workerd",
    threads: 1,
    binary: workerd,
    version: () => firstVersion(run(workerd, ["--version"], root)),
    ask: async (folder) => new Map([["", await askWorkerd(workerd, folder)]]),
  },
  {
    name: "edge-runtime",
    threads: 1,
    binary: edgeRuntime,
    version: () => run(process.execPath, ["-p", "require(process.argv[1]).version", edgeRuntime], root).trim(),
    ask: async (folder) => {
      const wasm = join(folder, "node_modules/xnorkit/dist/wasm/simd.wasm");
      const args = [join(here, "hosts/edge_runtime.mjs"), await bundleForEdge(folder), wasm];
      return new Map([["", run(process.execPath, args, folder)]]);
    },
  },
  {
    name: "Chromium",
    threads: 1,
    binary: chromium,
    version: () => firstVersion(run(chromium, ["--version"], root)),
    ask: (folder) => askChromium(chromium, folder),
  },
];

interface Row {
  readonly runtime: string;
  readonly result: string;
  readonly version: string;
}

function table(rows: readonly Row[]): string {
  const all = [{ runtime: "runtime", result: "result", version: "version" }, ...rows];
  const width = (key: keyof Row) => Math.max(...all.map((row) => row[key].length));
  const line = (row: Row) =>
    `  ${row.runtime.padEnd(width("runtime"))}  ${row.result.padEnd(width("result"))}  ${row.version}`;
  return all.map(line).join("\n");
}

describe("runtimes", { skip: noSkip ? false : notBuilt }, () => {
  const { folder, remove } = temporaryFolder();
  const rows: Row[] = [];
  let expected = "";

  before(() => {
    prepare(folder);
    expected = run(process.execPath, ["hosts/print.mjs"], folder);
  });

  after(() => {
    remove();
    console.log(`\n${table(rows)}\n`);
  });

  test("the expected answer holds logits of every picture, kernel and input, the same by every kernel", () => {
    const { logits, labels, counts, programs, threadedLogits, threads } = JSON.parse(expected);
    for (const [name, bits] of Object.entries(programs.logits)) {
      assert.equal(bits, logits[`auto ${name.split(" ")[1]}`], name);
    }
    assert.deepEqual(Object.keys(programs.logits), ["program pixels", "program floats", "module pixels"]);
    assert.equal(threads, 2);
    assert.deepEqual(threadedLogits, { run: logits["table floats"], runAsync: logits["table floats"] });
    assert.equal(Object.keys(logits).length, 6);
    for (const kernel of ["popcount", "auto"]) {
      for (const input of ["pixels", "floats"]) {
        assert.equal(logits[`${kernel} ${input}`], logits[`table ${input}`], `${kernel} ${input}`);
        assert.equal(logits[`${kernel} ${input}`].length, 12 * 10 * 8);
      }
    }
    assert.ok(new Set(labels).size > 1, "all pictures have the same label");
    assert.equal(counts, 63 * 64 + 20 * 33 + 36 * 130);
  });

  for (const { name, threads, binary, version, ask } of runtimes) {
    const missing = existsSync(binary) ? false : `${name} is not installed (${binary})`;
    if (missing && !noSkip) rows.push({ runtime: name, result: "skipped: not installed", version: "" });
    test(`${name} answers with the same bits`, { skip: noSkip ? false : missing, timeout: 240_000 }, async () => {
      assert.equal(missing, false);
      const found = version();
      try {
        for (const [place, answer] of await ask(folder)) {
          const runtime = place === "" ? name : `${name}, ${place}`;
          const { threads: own, ...bits } = JSON.parse(answer);
          const { threads: _, ...wanted } = JSON.parse(expected);
          const same = isDeepStrictEqual(bits, wanted);
          const count = own === 1 ? "1 thread" : `${own} threads`;
          rows.push({ runtime, result: `${same ? "bit-equal" : "different"}, ${count}`, version: found });
          assert.deepEqual(bits, wanted, runtime);
          assert.equal(own, isolatedPlaces.has(place) ? 2 : threads, `threads of ${runtime}`);
        }
      } catch (error) {
        if (!rows.some((row) => row.runtime.startsWith(name))) {
          rows.push({ runtime: name, result: "failed", version: found });
        }
        throw error;
      }
    });
  }

  test("Chromium was asked in all of its places", {
    skip: noSkip || existsSync(chromium) ? false : "no Chromium",
  }, () => {
    const seen = rows.filter((row) => row.result.startsWith("bit-equal")).map((row) => row.runtime);
    for (const place of places) assert.ok(seen.includes(`Chromium, ${place}`), place);
  });
});
