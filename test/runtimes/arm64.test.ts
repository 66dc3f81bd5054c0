/**
 * The packed package under Node for arm64, which qemu runs: sessions, raw kernels, importers and programs give the bits
 * that they give here. `bash test/runtimes/arm64/install.sh` fetches what it needs, from npm and from Debian.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { noSkip, notBuilt, root, run, temporaryFolder } from "../support/installed_package.js";
import { sharedPath, skipWithout } from "../support/shared.js";
import { prepare } from "./prepare.js";

const arm64 = join(root, "build/arm64");
const qemu = join(arm64, "qemu-aarch64-static");
const node = join(arm64, "node_modules/node22/bin/node");
const torchFiles = join(root, "test/formats/fixtures/torch");

/** Why nothing can be asked, or false. */
const missing = [qemu, node].every(existsSync)
  ? notBuilt
  : `Node for arm64 is not installed (bash test/runtimes/arm64/install.sh puts it into ${arm64})`;

/** qemu translates: a script takes 20 times as long. */
const limit = 420_000;

type Answers = Readonly<Record<string, string>>;

/** Cases by what comes behind the comma of their names, or by the reader. */
function table(expected: Answers, found: Answers): string {
  const groups = new Map<string, { equal: number; all: number }>();
  for (const [name, hash] of Object.entries(expected)) {
    const [, model, way] = /^(.*?)(?:, (\w+))?$/.exec(name)!;
    const reader = /^(onnx|tflite|mxnet|torch) /.exec(model)?.[1] ?? (model.startsWith("awnas") ? "awnas" : "bmxnet");
    const key = way === undefined ? `${reader}: tensors of a file` : `${reader}: ${way}`;
    const group = groups.get(key) ?? { equal: 0, all: 0 };
    groups.set(key, { equal: group.equal + (found[name] === hash ? 1 : 0), all: group.all + 1 });
  }
  const rows = [...groups].map(([key, { equal, all }]) => [key, `${equal} of ${all}`]);
  const width = Math.max(...rows.map(([key]) => key.length));
  return [["case", "bits equal"], ...rows].map(([key, value]) => `  ${key.padEnd(width)}  ${value}`).join("\n");
}

describe("arm64", { skip: noSkip ? false : missing }, () => {
  const { folder, remove } = temporaryFolder();

  before(() => prepare(folder));
  after(remove);

  const onArm = (...args: readonly string[]) => run(qemu, ["-L", join(arm64, "sysroot"), node, ...args], folder, limit);

  test("it is arm64 that answers", { timeout: limit }, () => {
    assert.equal(missing, false);
    assert.equal(onArm("-p", "process.arch").trim(), "arm64");
  });

  test("the conformance script gives the same bits", { timeout: limit }, () => {
    const expected = JSON.parse(run(process.execPath, ["hosts/print.mjs"], folder));
    assert.deepEqual(JSON.parse(onArm("hosts/print.mjs")), expected);
  });

  const files = ["goldens/bmx_e1_18_thumb.json", "goldens/onnx", "goldens/tflite"];
  test("networks of every reader, by both kernels, packed and as programs, give the same bits", {
    skip: skipWithout(...files),
    timeout: limit,
  }, () => {
    const args = ["hosts/models.mjs", sharedPath("goldens"), torchFiles];
    const expected: Answers = JSON.parse(run(process.execPath, args, folder));
    const found: Answers = JSON.parse(onArm(...args));
    console.log(`\n${table(expected, found)}\n`);
    assert.ok(Object.keys(expected).length > 150);
    assert.deepEqual(found, expected);
  });
});
