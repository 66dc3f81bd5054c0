/** `compile`, and programs as models of other commands. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { writeSafetensors } from "../../src/formats/safetensors.js";
import { readTensors, temporaryFolder, tinyFiles, waves, xnorkit, xnorkitJson } from "./support.js";

const digits = fileURLToPath(new URL("../../examples/digits/", import.meta.url));

describe("programs on the command line", () => {
  const files = tinyFiles();
  const program = join(files.folder, "tiny.xnorprog");
  before(async () => {
    const argv = ["compile", files.description, program, "--weights", files.weights, "--taps", "features.2"];
    const { stdout, stderr } = await xnorkit(...argv);
    assert.match(stdout, /tiny\.xnorprog: [\d,]+ bytes\ntiny on 1x3x16x16, f32\n$/, stderr);
  });

  it("run gives what the network gives, taps included", async () => {
    const { input, output } = files;
    const network = ["--model", files.description, "--weights", files.weights];
    const rest = ["--input", input, "--taps", "features.2", "--json", "--output"];
    assert.equal((await xnorkit("run", ...network, ...rest, output)).code, 0);
    const other = join(files.folder, "other.safetensors");
    const { code, stderr } = await xnorkit("run", "--model", program, ...rest, other);
    assert.equal(code, 0, stderr);
    assert.deepEqual(readFileSync(other), readFileSync(output));
    assert.deepEqual([...readTensors(other).keys()].sort(), ["output", "tap:features.2"]);
  });

  it("run refuses inputs and options that the program was not compiled for", async () => {
    const other = join(files.folder, "wide.safetensors");
    writeFileSync(other, writeSafetensors(new Map([["input", waves([1, 3, 20, 16])]])));
    const argv = ["run", "--model", program, "--output", join(files.folder, "none")];
    const wide = await xnorkit(...argv, "--input", other);
    assert.equal(wide.code, 1);
    assert.match(wide.stderr, /has shape 1x3x20x16 .* was compiled for 1x3x16x16/);
    for (const option of ["--weights", "--mean", "--input-shape"]) {
      const { code, stderr } = await xnorkit(...argv, "--input", files.input, option, "1");
      assert.equal(code, 2);
      assert.match(stderr, new RegExp(`${option} is of no use to .*tiny\\.xnorprog: it is a program`));
    }
    const untapped = await xnorkit(...argv, "--input", files.input, "--taps", "features.1");
    assert.match(untapped.stderr, /features\.1 is not tapped/);
  });

  it("classify reads digits with a program as with the network", async () => {
    const path = join(files.folder, "digits.xnorprog");
    const { bytes, type } = await xnorkitJson<{ bytes: number; type: string }>(
      ...["compile", "digits", path, "--type", "u8"],
    );
    assert.equal(bytes, readFileSync(path).length);
    assert.equal(type, "u8");
    interface Row {
      readonly file: string;
      readonly top: unknown;
    }
    const withoutTime = ({ file, top }: Row) => ({ file, top });
    const ofProgram = await xnorkitJson<Row[]>("classify", digits, "--model", path);
    const ofNetwork = await xnorkitJson<Row[]>("classify", digits);
    assert.equal(ofProgram.length, 10);
    assert.deepEqual(ofProgram.map(withoutTime), ofNetwork.map(withoutTime));
    const floats = await xnorkit("classify", digits, "--model", program);
    assert.match(floats.stderr, /the program reads numbers, not pixels: compile tiny with --type u8/);
  });

  it("summary prints what a program was compiled from and for", async () => {
    const { stdout } = await xnorkit("summary", program);
    assert.match(
      stdout,
      /^program of tiny, input 1x3x16x16 f32, output 1x3\ncompiled by xnorkit \d.*kernels [0-9a-f]{16}/,
    );
    assert.match(stdout, /features\.2/);
    const json = await xnorkitJson<Record<string, unknown>>("summary", program);
    assert.deepEqual(Object.keys(json), [
      ...["program", "xnorkit", "kernels", "inputShape", "type", "outputShape", "taps", "work", "memory", "steps"],
    ]);
  });

  it("commands that need a graph say what a program is", async () => {
    const out = join(files.folder, "out");
    for (const argv of [
      ["convert", program, out],
      ["compile", program, out],
      ["compare", program, program],
      ["evaluate", "--model", program, "--data", files.folder],
    ]) {
      const { code, stderr } = await xnorkit(...argv);
      assert.equal(code, 1);
      assert.match(stderr, /it is a program, which has no graph any more: run, classify and summary take it/, argv[0]);
    }
    const weights = await xnorkit(...["convert", files.description, out, "--weights", program]);
    assert.match(weights.stderr, /it is a program, which holds no weights/);
  });

  it("a damaged program is named with its path", async () => {
    const path = join(temporaryFolder(), "cut.xnorprog");
    writeFileSync(path, readFileSync(program).subarray(0, 999));
    for (const argv of [
      ["summary", path],
      ["run", "--model", path, "--input", files.input, "--output", "x"],
    ]) {
      const { code, stderr } = await xnorkit(...argv);
      assert.equal(code, 1);
      assert.match(stderr, /^xnorkit: .*cut\.xnorprog: the program file is damaged, it ends at byte 999/);
    }
  });
});
