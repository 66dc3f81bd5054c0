/** The library's half of the package runs anywhere: nothing of Node, no global of its own. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("../../src", import.meta.url));

const asksNode = new Set([
  "runtime/host_threads.ts",
  "runtime/host_workers.ts",
  "runtime/team_worker.ts",
  "generated/team_worker.ts",
]);

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

test("the library half imports nothing from Node and uses no global of its own", () => {
  // What package.json chooses under the condition "node" is Node's.
  const library = files(source).filter((file) => !/^cli|\.node\.ts$/.test(relative(source, file)));
  assert.ok(library.length > 50);
  for (const file of library) {
    const text = readFileSync(file, "utf8");
    const where = relative(source, file);
    // Node has its workers in a module alone, which is asked for by name when threads are wanted on such a host.
    if (!asksNode.has(where)) assert.doesNotMatch(text, /"node:/, where);
    assert.doesNotMatch(text, /from "node:|import\("node:|require\(/, where);
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
    assert.doesNotMatch(code, /\bBuffer\b|\bprocess\.|\b__dirname\b/, where);
    assert.doesNotMatch(text, /from "(\.\.\/)+cli\//, where);
  }
});
