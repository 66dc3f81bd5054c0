// Compiles the builds of the kernels, targets of asconfig.json, as many at a time as there are cores. A build that is
// newer than all that it is made of stays.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const asc = fileURLToPath(new URL("../node_modules/assemblyscript/bin/asc.js", import.meta.url));

/** Each with its entries; the largest come first. */
const builds = [
  { target: "shared", entries: ["assembly/index.ts", "assembly/shared.ts"] },
  { target: "release", entries: ["assembly/index.ts"] },
  { target: "relaxed", entries: ["assembly/index.ts"] },
  { target: "picture", entries: ["assembly/resample.ts"] },
];

const { targets } = JSON.parse(readFileSync(join(root, "asconfig.json"), "utf8"));
const sources = readdirSync(join(root, "assembly"), { recursive: true }).map((name) => join("assembly", name));

const modified = (path) => statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
const newest = Math.max(...["asconfig.json", "package-lock.json", ...sources].map(modified));

function compile({ target, entries }) {
  const options = [...entries, "--config", "asconfig.json", "--target", target];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [asc, ...options], { cwd: root, stdio: "inherit" });
    child.once("error", reject);
    child.once("exit", (code) =>
      code === 0 ? resolve() : reject(new Error(`asc --target ${target} ended with ${code}`)),
    );
  });
}

const waiting = builds.filter(({ target }) => modified(targets[target].outFile) <= newest).values();
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (const build of waiting) await compile(build);
  }),
);
