/** The frameworks' own numbers, through the command line: `xnorkit run` with every tap, and `xnorkit evaluate`. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { goldenFiles, loadGolden, RESNET_E_GOLDENS } from "../goldens/support.js";
import { sharedPath, skipWithout } from "../support/shared.js";
import { readTensors, temporaryFolder, xnorkit, xnorkitJson } from "./support.js";

/** Tolerance of kernels: 1e-4 of the largest value, or of 1. */
function assertMeets(actual: Float32Array, expected: ArrayLike<number>, tolerance: number, what: string): void {
  assert.equal(actual.length, expected.length, what);
  let largest = 1;
  let worst = 0;
  for (let i = 0; i < actual.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]));
    worst = Math.max(worst, Math.abs(actual[i] - expected[i]));
  }
  assert.ok(worst <= tolerance * largest, `${what} differs by ${worst}, largest value ${largest}`);
}

describe("goldens through xnorkit run", () => {
  const folder = temporaryFolder();
  for (const name of RESNET_E_GOLDENS) {
    for (const engine of ["kernels", "reference"]) {
      it(`${name} by the ${engine}, with all taps`, { skip: skipWithout(...goldenFiles(name)) }, async () => {
        const [description, weights, io] = goldenFiles(name).map(sharedPath);
        const golden = loadGolden(name);
        const taps = [...golden.taps.keys()];
        assert.ok(taps.length > 10);
        const output = join(folder, `${name}.${engine}.safetensors`);
        const { code, stderr } = await xnorkit(
          ...["run", "-m", description, "-w", weights, "-i", io, "-o", output, "--taps", taps.join(",")],
          ...(engine === "reference" ? ["--reference"] : []),
        );
        assert.equal(code, 0, stderr);

        const written = readTensors(output);
        const { data, shape } = written.get("output")!;
        assert.deepEqual(shape, golden.output.shape);
        assertMeets(data, golden.output.data, 1e-4, "output");
        // F32 in the file: one rounding beside the 1e-6 of the reference itself.
        if (engine === "reference") assertMeets(data, golden.outputF64.data, 1.1e-6, "output_f64");
        for (const tap of taps) {
          const { data: actual, shape: tapShape } = written.get(`tap:${tap}`)!;
          assert.deepEqual(tapShape, golden.taps.get(tap)!.shape);
          assertMeets(actual, golden.taps.get(tap)!.data, 1e-4, tap);
        }
      });
    }
  }
});

describe("MNIST through xnorkit evaluate", () => {
  const needed = ["data/mnist/t10k-images-idx3-ubyte.gz", "data/mnist/t10k-labels-idx1-ubyte.gz", "models/digits.json"];
  it("counts as many correct digits as were recorded", { skip: skipWithout(...needed) }, async () => {
    const recorded = JSON.parse(readFileSync(sharedPath("models/digits.json"), "utf8"));
    const result = await xnorkitJson<Record<string, number>>("evaluate", "--data", sharedPath("data/mnist"));
    assert.equal(result.total, 10_000);
    assert.equal(result.correct, recorded.t10k_correct);
    assert.equal(result.accuracy, recorded.t10k_correct / 10_000);
  });
});
