/** Files are read and written whole, or not at all. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { readBytes, withFile } from "../../src/cli/files.js";
import { writeFileWhole } from "../../src/cli/write_file.js";
import { temporaryFolder } from "./support.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

describe("writeFileWhole", () => {
  it("leaves the old file and no other where the work fails", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "model");
    writeFileSync(path, "old");
    const failing = writeFileWhole(path, async (write) => {
      await write(Buffer.from("new"));
      throw new Error("half way");
    });
    await assert.rejects(failing, /half way/);
    assert.deepEqual(readdirSync(folder), ["model"]);
    assert.equal(readFileSync(path, "utf8"), "old");
  });

  it("leaves no file where the process is interrupted", {
    skip: process.platform === "win32" && "no signals",
  }, async () => {
    const folder = temporaryFolder();
    const script = `
      import { writeFileWhole } from "./src/cli/write_file.ts";
      await writeFileWhole(process.argv[1], async (write) => {
        await write(new Uint8Array(10));
        console.log("writing");
        await new Promise((done) => setTimeout(done, 30_000));
      });`;
    const argv = ["--import", "tsx", "--input-type=module", "-e", script, join(folder, "model")];
    const child = spawn(process.execPath, argv, { cwd: root });
    child.stdout.once("data", () => {
      assert.equal(readdirSync(folder).length, 1);
      child.kill("SIGINT");
    });
    const signal = await new Promise((resolve) => child.on("close", (_code, reason) => resolve(reason)));
    assert.equal(signal, "SIGINT");
    assert.deepEqual(readdirSync(folder), []);
  });
});

describe("reading files", () => {
  const folder = temporaryFolder();
  const path = join(folder, "bytes");
  writeFileSync(path, Uint8Array.of(1, 2, 3, 4));

  it("reads pieces at offsets and says where a file ends", async () => {
    assert.deepEqual(await withFile(path, ({ read }) => read(1, 2)), Uint8Array.of(2, 3));
    await assert.rejects(
      withFile(path, ({ read }) => read(2, 5)),
      /bytes: the file ends at byte 4, expected 3 more/,
    );
  });

  it("names the path once in every error", async () => {
    mkdirSync(join(folder, "sub"));
    await assert.rejects(
      readBytes(join(folder, "sub")),
      /^XnorkitError: [^ ]+sub: it is a folder, but a file is needed$/,
    );
    await assert.rejects(readBytes(join(folder, "gone")), /^XnorkitError: [^ ]+gone: there is no such file or folder$/);
    await assert.rejects(readBytes(join(path, "in")), /^XnorkitError: [^ ]+in: a part of the path is not a folder$/);
  });
});
