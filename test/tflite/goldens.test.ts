/** LCE networks with recorded outputs: float ones to 1e-5, int8 ones within one step, signs equal. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { loadModel, saveModel } from "../../src/formats/packed_model.js";
import { createSession } from "../../src/index.js";
import { runReference } from "../../src/reference/index.js";
import type { Tensor } from "../../src/tensor.js";
import { importTflite } from "../../src/tflite.js";
import { sharedPath, skipWithout } from "../support/shared.js";
import { KERNELS, readTensors } from "./support.js";

/** Name of each, and the step of its output when that is int8. */
const GOLDENS: Readonly<Record<string, number | null>> = {
  lce_same_one_relu_c64: null,
  lce_same_zero_s2_c33: null,
  lce_valid_relu6_c3: null,
  lce_dil2_same_zero_c40: null,
  lce_groups2_same_one_c64: null,
  lce_bitpacked_chain3: null,
  lce_bmaxpool_c40: null,
  lce_int8_out_float_ends: 0.027,
  lce_int8_ends: 0.021,
  lce_int8_stem: 0.02,
  lce_dequant_int8: 0.0473,
  lce_quicknet_mini: null,
  lce_gated_residual: null,
  lce_2020_float_input: null,
  legacy_bsign: null,
};

interface Golden {
  readonly bytes: Uint8Array;
  readonly input: Tensor;
  readonly output: Tensor;
}

function readGolden(name: string): Golden {
  const tensor = readTensors(`goldens/tflite/${name}.io.safetensors`);
  const bytes = readFileSync(sharedPath(`goldens/tflite/${name}.tflite`));
  return { bytes, input: tensor("input"), output: tensor("output") };
}

/** Fails when outputs differ by more than rounding: 1e-5 of the largest, or one step of int8. */
function assertClose(found: { readonly data: ArrayLike<number> }, { data }: Tensor, step: number | null): void {
  assert.equal(found.data.length, data.length);
  const largest = Math.max(1, ...Array.from(data, Math.abs));
  const tolerance = step === null ? 1e-5 * largest : step * 1.0001;
  const worst = Math.max(...Array.from(data, (value, i) => Math.abs(value - found.data[i])));
  assert.ok(worst <= tolerance, `outputs differ by ${worst}, allowed ${tolerance}`);
}

for (const [name, step] of Object.entries(GOLDENS)) {
  const files = [`goldens/tflite/${name}.tflite`, `goldens/tflite/${name}.io.safetensors`];
  describe(name, { skip: skipWithout(...files) }, () => {
    it("in the reference, and from its packed file", () => {
      const { bytes, input, output } = readGolden(name);
      const model = importTflite(bytes);
      assert.deepEqual(model.graph.inputShape, input.shape);
      const found = runReference(model.graph, model.weights, input).output;
      assert.deepEqual(found.shape, output.shape);
      assertClose(found, output, step);
      const packed = loadModel(saveModel(model));
      assert.deepEqual(runReference(packed.graph, packed.weights, input).output, found);
    });

    for (const kernel of KERNELS) {
      it(`on the ${kernel} kernel`, async () => {
        const { bytes, input, output } = readGolden(name);
        const session = await createSession(importTflite(bytes), { kernel });
        const found = session.run(input);
        assert.deepEqual(found.shape, output.shape);
        assertClose(found, output, step);
        session.dispose();
      });
    }
  });
}
