// Runs the test suites of src/ with node:test through tsx. Node 20's runner takes files, not patterns, so they are
// listed here. Arguments are folders or files to run in place of all. With --fast, what takes its time stays out: files
// named *.slow.test.ts, and the folders that start runtimes, browsers, bundlers or servers; and files share a process
// for each core in place of one each, whose start takes as long as most files' tests.
import { spawn, spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
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

/** Runs test files in one process; their tests come one after the other. */
function runTogether(paths) {
  const imports = paths.map((path) => `await import(${JSON.stringify(pathToFileURL(path).href)});`).join("\n");
  const options = ["--import", "tsx", "--input-type=module", "--eval", imports];
  return new Promise((resolve) =>
    spawn(process.execPath, options, { stdio: "inherit", cwd: root }).on("exit", resolve),
  );
}

async function runFast() {
  const shares = Array.from({ length: cores }, (_, core) => files.filter((_, index) => index % cores === core));
  const codes = await Promise.all(shares.filter(({ length }) => length > 0).map(runTogether));
  return codes.every((code) => code === 0) ? 0 : 1;
}

function runAll() {
  const options = ["--import", "tsx", "--test", `--test-concurrency=${cores}`];
  return spawnSync(process.execPath, [...options, ...files], { stdio: "inherit", cwd: root }).status ?? 1;
}

process.exitCode = values.fast ? await runFast() : runAll();
