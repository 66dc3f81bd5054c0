/** Networks with scaled and ternary weights, through `xnorkit convert` to 1 bit a weight and back. */
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { loadModel } from "../../src/formats/packed_model.js";
import { parameterSpecs } from "../../src/graph/parameters.js";
import type { Model } from "../../src/model.js";
import { runReference } from "../../src/reference/index.js";
import { createSession } from "../../src/runtime/session.js";
import { readTensors, temporaryFolder, xnorkit } from "../cli/support.js";
import { sharedPath, skipWithout } from "../support/shared.js";
import { followDecisions } from "./decisions.js";
import { AWNAS_FULL_GOLDEN, compare, goldenFiles, loadGolden } from "./support.js";

const folder = temporaryFolder();

async function convert(name: string): Promise<string> {
  const [description, weights] = goldenFiles(name).map(sharedPath);
  const packed = join(folder, `${name}.xnorkit`);
  const { code, stderr } = await xnorkit("convert", description, packed, "-w", weights);
  assert.equal(code, 0, stderr);
  return packed;
}

/** The packed file's model, after the check that no binary weight is float. */
function readPacked(path: string): Model {
  const model = loadModel(new Uint8Array(readFileSync(path)));
  for (const { name, binary } of parameterSpecs(model.graph)) {
    assert.equal(model.weights.get(name)!.kind, binary ? "bits" : "f32", name);
  }
  return model;
}

// AWNAS's scaled and ternary weights with ternary and with float activations; BMXNet's binet and xnor, of each an odd
// network.
for (const name of [
  "awnas_r18_xnor_cifar",
  "awnas_r18_bireal_cifar",
  "awnas_darts_preproc_concat",
  "bmx_e2_18_binet_grouped_fp",
  "bmx_e1_18_a1round_binet",
  "bmx_e1_34_xnor",
]) {
  describe(`${name}, packed`, { skip: skipWithout(...goldenFiles(name)) }, () => {
    it("is computed by the reference as its framework does, and by `xnorkit run`", async () => {
      const packed = await convert(name);
      const { graph, weights } = readPacked(packed);
      const golden = loadGolden(name);
      const reference = compare(runReference(graph, weights, golden.input).output.data, golden.outputF64.data);
      assert.ok(reference.difference <= 1e-6 * reference.scale, `the reference differs by ${reference.difference}`);

      const output = join(folder, `${name}.output.safetensors`);
      const input = sharedPath(goldenFiles(name)[2]);
      const { code, stderr } = await xnorkit("run", "-m", packed, "-i", input, "-o", output);
      assert.equal(code, 0, stderr);
      const { difference, scale } = compare(readTensors(output).get("output")!.data, golden.outputF64.data);
      assert.ok(difference <= 1e-5 * scale, `xnorkit run differs by ${difference} at a scale of ${scale}`);
    });

    for (const kernel of ["table", "popcount"] as const) {
      it(`runs on the ${kernel} kernels`, async () => {
        const model = readPacked(await convert(name));
        const golden = loadGolden(name);
        const session = await createSession(model, { kernel });
        const { difference, scale } = compare(session.run(golden.input).data as Float32Array, golden.outputF64.data);
        assert.ok(difference <= 1e-5 * scale, `output differs by ${difference} at a scale of ${scale}`);
        const followed = await followDecisions(model, golden.input, { kernel });
        assert.ok(followed.farthest < 1e-4, `a decision differs ${followed.farthest} from its threshold`);
      });
    }
  });
}

describe("AWNAS's ResNet-18 of full size, packed", { skip: skipWithout(...goldenFiles(AWNAS_FULL_GOLDEN)) }, () => {
  it("takes 1 bit a binary weight: 1.4 MB, beside 2.8 MB of float weights", async () => {
    const packed = await convert(AWNAS_FULL_GOLDEN);
    readPacked(packed);
    const { size } = statSync(packed);
    assert.ok(size < 4.4e6, `${size} bytes`);
  });
});
