/** The README's picture and the table of docs/how-fast.md are drawn from what was measured, and say the same. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../support/installed_package.js";

test("npm run figures -- --check finds nothing to draw again", () => {
  const args = [join(root, "scripts/figures.mjs"), "--check"];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
});

test("the README says in words what its picture shows", () => {
  const picture = readFileSync(join(root, "docs/figures/peers.svg"), "utf8");
  const shown = [...picture.matchAll(/>(\d+\.\d+) ms</g)].map(([, ms]) => ms);
  const [, words] = /!\[([^\]]*)\]\(docs\/figures\/peers\.svg\)/.exec(readFileSync(join(root, "README.md"), "utf8"))!;
  assert.ok(shown.length >= 6);
  for (const ms of shown) assert.ok(words.includes(ms), `${ms} ms is not in the words`);
});
