/** What an app does not import is not in its bundle: random weights, and the statistics that they are made from. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { build } from "esbuild";
import { installPackage, noSkip, notBuilt, temporaryFolder } from "../support/installed_package.js";

/** A part of a message that only random weights have. */
const mark = "the seed of random weights";

describe("tree shaking", { skip: noSkip ? false : notBuilt }, () => {
  const { folder, remove } = temporaryFolder();
  before(() => installPackage(folder));
  after(remove);

  async function bundle(...names: readonly string[]): Promise<string> {
    const entry = join(folder, "app.mjs");
    writeFileSync(entry, `export { ${names.join(", ")} } from "xnorkit";`);
    const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: "esm", write: false });
    return outputFiles[0].text;
  }

  test("an app that loads a model gets no random weights", async () => {
    const app = await bundle("createSession", "loadModel");
    const all = await bundle("createSession", "loadModel", "randomWeights");
    assert.ok(all.includes(mark) && !app.includes(mark));
    assert.ok(all.length > app.length + 2000, `${all.length} and ${app.length}`);
  });
});
