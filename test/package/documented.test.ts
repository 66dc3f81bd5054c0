/** Every name that an entry of the package exports has a docstring where it is declared. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { root } from "../support/installed_package.js";

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const entries = Object.values(manifest.exports as Record<string, { types?: string }>)
  .filter((target) => target.types !== undefined)
  .map(({ types }) => types!.replace("./dist/types/", "src/").replace(/\.d\.ts$/, ".ts"));

interface Declared {
  readonly name: string;
  readonly file: string;
  readonly documented: boolean;
}

/** The names that a module exports, followed through its re-exports to where they are declared. */
function exportsOf(file: string): readonly Declared[] {
  const text = readFileSync(join(root, file), "utf8");
  const source = (path: string) => join(dirname(file), path).replace(/\.js$/, ".ts");
  const all: Declared[] = [];
  for (const [, path] of text.matchAll(/^export (?:type )?\* from "([^"]+)";/gm)) all.push(...exportsOf(source(path)));
  for (const [, list, path] of text.matchAll(/^export (?:type )?\{([^}]*)\} from "([^"]+)";/gm)) {
    const known = new Map(exportsOf(source(path)).map((declared) => [declared.name, declared]));
    for (const item of list.split(",").filter((part) => part.trim() !== "")) {
      const [original] = item
        .trim()
        .replace(/^type /, "")
        .split(" as ");
      const found = known.get(original);
      assert.ok(found, `${file} exports ${original}, which ${path} does not declare as this test reads it`);
      all.push(found);
    }
  }
  const declaration = /^(.*)\n(?:export (?:async )?(?:function\*?|const|class|interface|type) (\w+))/gm;
  for (const [, before, name] of `\n${text}`.matchAll(declaration)) {
    all.push({ name, file, documented: before.trimEnd().endsWith("*/") });
  }
  return all;
}

test("every public name is documented", () => {
  assert.ok(entries.length >= 8);
  const names = entries.flatMap(exportsOf);
  assert.ok(names.length > 100, `${names.length} names`);
  const bare = names.filter(({ documented }) => !documented).map(({ name, file }) => `${file}: ${name}`);
  assert.deepEqual([...new Set(bare)], []);
});
