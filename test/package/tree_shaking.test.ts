/**
 * What an app does not import is not in its bundle: random weights, and the statistics that they are made from;
 * networks by name, and the layers that they are built of.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { build } from "esbuild";
import { installPackage, noSkip, notBuilt, temporaryFolder } from "../support/installed_package.js";

/** Parts of messages that only these have. */
const randomMark = "the seed of random weights";
const networkMark = "meliusnet_flex with a blockConfig";
const layerMark = "GlobalAvgPool2D";

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
    assert.ok(all.includes(randomMark) && !app.includes(randomMark));
    assert.ok(all.length > app.length + 2000, `${all.length} and ${app.length}`);
  });

  test("an app that loads a model gets no networks by name and no layers", async () => {
    const app = await bundle("createSession", "loadModel");
    const all = await bundle("createSession", "loadModel", "getModel");
    for (const mark of [networkMark, layerMark]) assert.ok(all.includes(mark) && !app.includes(mark), mark);
    assert.ok(all.length > app.length + 40_000, `${all.length} and ${app.length}`);
  });
});
