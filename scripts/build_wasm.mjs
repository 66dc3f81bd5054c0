// Compiles the builds of the kernels, targets of asconfig.json, as many at a time as there are cores.
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
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

const waiting = builds.values();
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (const build of waiting) await compile(build);
  }),
);
