// Runs the test suites of src/ with node:test through tsx. Node 20's runner takes files, not patterns, so they are
// listed here. Arguments are folders or files to run in place of all. With --fast, what takes its time stays out: files
// named *.slow.test.ts, and the folders that start runtimes, browsers, bundlers or servers; and files share a process
// for each core in place of one each, whose start takes as long as most files' tests. So they may leave nothing behind
// that another file sees: what a test replaces it puts back, and hooks stand inside a describe.
import { spawn, spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("../", import.meta.url));

const { values, positionals } = parseArgs({ options: { fast: { type: "boolean" } }, allowPositionals: true });

const slowFolders = new Set(["runtimes", "examples", "package"].map((folder) => join(root, "test", folder)));

function isFast(path) {
  return !slowFolders.has(path) && !path.endsWith(".slow.test.ts");
}

function suites(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .filter(({ name }) => name !== "node_modules" && (!values.fast || isFast(join(path, name))))
    .flatMap((entry) => {
      if (entry.isDirectory()) return suites(join(path, entry.name));
      return entry.name.endsWith(".test.ts") ? [join(path, entry.name)] : [];
    });
}

const files = (positionals.length > 0 ? positionals : [join(root, "test")]).flatMap(suites).sort();
const cores = availableParallelism();

/** After so long the fast lane ends with a failure, whatever it waits for. */
const LIMIT_MS = 300_000;

/** Runs test files in one process; their tests come one after the other. */
function runTogether(paths) {
  const script = fileURLToPath(new URL("run_together.mjs", import.meta.url));
  const reporter = new URL("fast_reporter.mjs", import.meta.url).href;
  const options = ["--import", "tsx", `--test-reporter=${reporter}`, "--test-reporter-destination=stdout"];
  const stdio = ["ignore", "inherit", "inherit", "ipc"];
  const child = spawn(process.execPath, [...options, script, ...paths], { stdio, cwd: root });
  let current = { test: "none", file: "none" };
  let end = null;
  child.on("message", (message) => {
    if (message.counts === undefined) current = message;
    else end = message;
  });
  const timer = setTimeout(() => {
    console.error(`FAILED ${current.file}: ${current.test}: it was under way when ${LIMIT_MS / 1000} s were over`);
    child.kill("SIGKILL");
  }, LIMIT_MS);
  return new Promise((resolve) =>
    child.on("exit", (code, signal) => {
      clearTimeout(timer);
      if (end === null && signal === null) console.error(`FAILED ${current.file}: ${current.test}: its process ended`);
      resolve({ passed: code === 0 && end !== null, ...end });
    }),
  );
}

async function runFast() {
  const start = performance.now();
  const shares = Array.from({ length: cores }, (_, core) => files.filter((_, index) => index % cores === core));
  const results = await Promise.all(shares.filter(({ length }) => length > 0).map(runTogether));
  const count = (name) => results.reduce((sum, { counts }) => sum + (counts?.[name] ?? 0), 0);
  const slowest = results.flatMap(({ milliseconds = [] }) => milliseconds).sort(([, a], [, b]) => b - a);
  const times = slowest.slice(0, 5).map(([file, time]) => `${file} ${(time / 1000).toFixed(1)} s`);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(`${count("pass")} passed, ${count("fail")} failed, ${count("skip")} skipped in ${seconds} s`);
  console.log(`The slowest files: ${times.join(", ")}`);
  return results.every(({ passed }) => passed) ? 0 : 1;
}

function runAll() {
  const options = ["--import", "tsx", "--test", `--test-concurrency=${cores}`];
  return spawnSync(process.execPath, [...options, ...files], { stdio: "inherit", cwd: root }).status ?? 1;
}

process.exitCode = values.fast ? await runFast() : runAll();
