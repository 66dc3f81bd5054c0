// Runs the test suites of src/ with node:test through tsx. Node 20's runner takes files, not patterns, so they are
// listed here. Arguments are folders or files to run in place of all. With --fast, what takes its time stays out: files
// named *.slow.test.ts, and the folders that start runtimes, browsers, bundlers or servers.
import { spawnSync } from "node:child_process";
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
const options = ["--import", "tsx", "--test", `--test-concurrency=${availableParallelism()}`];
const { status } = spawnSync(process.execPath, [...options, ...files], { stdio: "inherit", cwd: root });
process.exitCode = status ?? 1;
