/**
 * Every code block of the guides runs as it stands, from top to bottom, in a folder where the package is installed and
 * the files lie that the guide speaks of. Blocks of text are what the block before printed. docs/start.md has a test of
 * its own, and so has docs/why-do-they-differ.md.
 */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { installPackage, noSkip, notBuilt, root, run, temporaryFolder } from "../support/installed_package.js";
import { skipWithout } from "../support/shared.js";
import { type Block, blocksOf, programOf } from "./blocks.js";
import { contentsOf, guideFiles, sharedFilesOf } from "./guide_files.js";

/** Guides with a test of their own, and pages without code. */
const OTHERS = [
  "compare.md",
  "how-fast.md",
  "measurements.md",
  "README.md",
  "start.md",
  "supported.md",
  "why-do-they-differ.md",
];

const documents = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
const guides = documents.filter((name) => !OTHERS.includes(name));

/** Runs a block in a folder; returns what it printed. */
function runBlock(block: Block, folder: string, name: string): string {
  if (block.language === "sh") return run("bash", ["-euo", "pipefail", "-c", block.text], folder);
  const file = join(folder, `${name}_${block.line}.mts`);
  writeFileSync(file, programOf(block));
  return run(process.execPath, ["--import", import.meta.resolve("tsx"), file], folder);
}

describe("guides", { skip: noSkip ? false : notBuilt }, () => {
  const { folder, remove } = temporaryFolder();
  before(() => installPackage(folder));
  after(remove);

  test("every document is listed in docs/README.md", () => {
    const list = readFileSync(join(root, "docs/README.md"), "utf8");
    for (const name of documents) {
      if (name !== "README.md") assert.ok(list.includes(`(${name})`), `docs/README.md does not link ${name}`);
    }
  });

  test("links between documents lead somewhere", () => {
    for (const document of ["README.md", ...documents.map((name) => `docs/${name}`)]) {
      const text = readFileSync(join(root, document), "utf8");
      for (const [, target] of text.matchAll(/\]\(([^)#\s]+)\)|^\[[^\]]+\]: (\S+)$/gm)) {
        if (target === undefined || /^[a-z]+:/.test(target)) continue;
        assert.doesNotThrow(() => readFileSync(join(root, document, "..", target)), `${document}: ${target}`);
      }
    }
  });

  test("the code of all documents has the types of the package", () => {
    const place = join(folder, "types");
    mkdirSync(place);
    const documents = ["README.md", ...guides.map((name) => `docs/${name}`)];
    for (const document of documents) {
      for (const block of blocksOf(readFileSync(join(root, document), "utf8"))) {
        if (block.language !== "ts") continue;
        const file = join(place, `${basename(document, ".md")}_${block.line}.mts`);
        writeFileSync(file, `${programOf(block)}\nexport {};\n`);
      }
    }
    const compilerOptions = {
      ...{ target: "ES2022", lib: ["ES2023", "DOM"], module: "NodeNext", moduleResolution: "NodeNext" },
      ...{ strict: true, skipLibCheck: true, noEmit: true },
      ...{ types: ["node"], typeRoots: [join(root, "node_modules/@types")] },
    };
    writeFileSync(join(place, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.mts"] }));
    assert.ok(readdirSync(place).length > 10);
    run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", place], root);
  });

  for (const guide of guides) {
    const missing = skipWithout(...sharedFilesOf(guide));
    describe(guide, { skip: missing }, () => {
      const place = join(folder, basename(guide, ".md"));
      let printed = "";
      before(() => {
        mkdirSync(place);
        for (const [name, file] of Object.entries(guideFiles[guide] ?? {})) {
          mkdirSync(dirname(join(place, name)), { recursive: true });
          writeFileSync(join(place, name), contentsOf(file));
        }
      });

      const blocks = blocksOf(readFileSync(join(root, "docs", guide), "utf8"));
      test("has some code", () => assert.ok(blocks.length > 0));
      for (const block of blocks) {
        test(`line ${block.line}, ${block.language}`, () => {
          if (block.language === "text") {
            const lines = printed.split("\n");
            for (const line of block.text.trimEnd().split("\n")) {
              assert.ok(
                lines.some((own) => own.startsWith(line)),
                `not printed: ${line}\n${printed}`,
              );
            }
            return;
          }
          assert.ok(["ts", "sh"].includes(block.language), `no test runs ${block.language}`);
          printed = runBlock(block, place, basename(guide, ".md"));
        });
      }
    });
  }
});
