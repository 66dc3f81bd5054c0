// Runs the test suites of src/ with node:test through tsx. Node 20's runner takes files, not patterns, so they are listed here.
// Arguments are folders or files to run in place of all.
import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));

function suites(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .filter(({ name }) => name !== "node_modules")
    .flatMap((entry) => {
      if (entry.isDirectory()) return suites(join(path, entry.name));
      return entry.name.endsWith(".test.ts") ? [join(path, entry.name)] : [];
    });
}

const wanted = process.argv.slice(2);
const files = (wanted.length > 0 ? wanted : [join(root, "test")]).flatMap(suites).sort();
const options = ["--import", "tsx", "--test", `--test-concurrency=${availableParallelism()}`];
const { status } = spawnSync(process.execPath, [...options, ...files], { stdio: "inherit", cwd: root });
process.exitCode = status ?? 1;
