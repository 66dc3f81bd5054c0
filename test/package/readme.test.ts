/**
 * The TypeScript examples of the README and of the guides run as they stand, in a folder where the package is
 * installed. What an example takes for granted (a file's bytes, pixels) stands in a comment before it, which readers do
 * not see: <!-- given: const bytes = ... -->
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { installPackage, noSkip, notBuilt, root, run, temporaryFolder } from "../support/installed_package.js";

const DOCUMENTS = ["README.md", "docs/networks.md", "docs/kernels.md"];

function examplesOf(document: string) {
  const text = readFileSync(join(root, document), "utf8");
  return [...text.matchAll(/(?:<!-- given:([\s\S]*?)-->\s*)?^```ts\n([\s\S]*?)^```$/gm)].map((match) => ({
    given: match[1] ?? "",
    code: match[2],
    line: text.slice(0, match.index).split("\n").length,
  }));
}

describe("examples", { skip: noSkip ? false : notBuilt }, () => {
  const { folder, remove } = temporaryFolder();
  before(() => installPackage(folder));
  after(remove);

  for (const document of DOCUMENTS) {
    const examples = examplesOf(document);
    test(`${document} has some`, () => assert.ok(examples.length > 0));
    for (const { given, code, line } of examples) {
      test(`${document}: the one at line ${line} runs`, () => {
        const file = join(folder, `${basename(document, ".md")}_${line}.mts`);
        writeFileSync(file, `${code}\n`.replace(/^((?:import .*\n)*)/, `$1${given.trim()}\n`));
        run(process.execPath, ["--import", import.meta.resolve("tsx"), file], folder);
      });
    }
  }
});
