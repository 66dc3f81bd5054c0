/** The TypeScript examples of the README run as they stand, in a folder where the package is installed. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { blocksOf, programOf } from "../docs/blocks.js";
import { installPackage, noSkip, notBuilt, root, run, temporaryFolder } from "../support/installed_package.js";

const examples = blocksOf(readFileSync(join(root, "README.md"), "utf8")).filter(({ language }) => language === "ts");

describe("examples of the README", { skip: noSkip ? false : notBuilt }, () => {
  const { folder, remove } = temporaryFolder();
  before(() => installPackage(folder));
  after(remove);

  test("there are some", () => assert.ok(examples.length > 0));
  for (const example of examples) {
    test(`the one at line ${example.line} runs`, () => {
      const file = join(folder, `readme_${example.line}.mts`);
      writeFileSync(file, programOf(example));
      run(process.execPath, ["--import", import.meta.resolve("tsx"), file], folder);
    });
  }
});
