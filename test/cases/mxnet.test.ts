/** MXNet files of shared/cases, and their kind. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { zipSync } from "fflate";
import { readSafetensors, toFloat32 } from "../../src/formats/safetensors.js";
import type { Model } from "../../src/model.js";
import { importMxnet, readMxnetParams } from "../../src/mxnet.js";
import { createSession } from "../../src/runtime/session.js";
import type { Tensor } from "../../src/tensor.js";
import { throwsError } from "../formats/support.js";
import { sharedPath, skipWithout } from "../support/shared.js";
import { assertBounded, measure, temporaryFile } from "./measure.js";

const bytesOf = (name: string) => new Uint8Array(readFileSync(sharedPath(`cases/${name}`)));
const textOf = (name: string) => readFileSync(sharedPath(`cases/${name}`), "utf8");
const open = (name: string, symbol = textOf(`${name}-symbol.json`)) =>
  importMxnet(symbol, bytesOf(`${name}-0000.params`), { logits: true });

function tensorsOf(name: string): ReadonlyMap<string, Tensor> {
  const { tensors } = readSafetensors(bytesOf(name));
  return new Map([...tensors].map(([key, raw]) => [key, { shape: raw.shape, data: toFloat32(raw) }]));
}

async function assertOutput(model: Model, input: Tensor, expected: Tensor): Promise<void> {
  const session = await createSession(model, { inputShape: input.shape });
  const { shape, data } = session.run(input);
  session.dispose();
  assert.deepEqual(shape, expected.shape);
  const largest = Math.max(...expected.data.map(Math.abs));
  for (const [i, value] of data.entries()) {
    assert.ok(Math.abs(value - expected.data[i]) <= 1e-5 * largest, `${i}: ${value}, expected ${expected.data[i]}`);
  }
}

const legacy = "06_mxnet_legacy_batchnorm";
describe("06 symbols that leave out the states of batch norms", { skip: skipWithout(`cases/${legacy}`) }, () => {
  for (const name of ["legacy", "same_net_5_inputs"]) {
    it(name, async () => {
      const tensors = tensorsOf(`${legacy}/io.safetensors`);
      await assertOutput(open(`${legacy}/${name}`), tensors.get("input")!, tensors.get("expected")!);
    });
  }
});

const reshapes = "07_mxnet_reshape";
describe("07 reshapes that flatten", { skip: skipWithout(`cases/${reshapes}`) }, () => {
  for (const name of ["rs_m1", "rs_0", "rs_m1_shape"]) {
    it(name, async () => {
      const tensors = tensorsOf(`${reshapes}/${name}.io.safetensors`);
      await assertOutput(open(`${reshapes}/${name}`), tensors.get("input")!, tensors.get("expected")!);
    });
  }

  it("every code of a shape that flattens or changes nothing, and no other", () => {
    const withShape = (shape: string) => textOf(`${reshapes}/rs_m1_shape-symbol.json`).replace("(-1, 144)", shape);
    assert.notEqual(withShape("x"), textOf(`${reshapes}/rs_m1_shape-symbol.json`));
    const kinds = (shape: string) =>
      open(`${reshapes}/rs_m1_shape`, withShape(shape)).graph.nodes.map(({ kind }) => kind);
    for (const shape of ["(0, -1)", "(1, 144)", "(1, -1)", "(-1, 144)"]) {
      assert.deepEqual(kinds(shape), ["input", "conv2d", "flatten", "dense"], shape);
    }
    // The dense layer flattens itself what stays a map.
    for (const shape of ["(0, 0, 0, 0)", "(-2,)", "(0, 4, 6, -1)", "(0, -4, -1, 4, -3)", "(-2, 6)", "(0, -2)"]) {
      const found = shape === "(0, -4, -1, 4, -3)" || shape === "(-2, 6)" ? null : kinds(shape);
      if (found !== null) assert.deepEqual(found, ["input", "conv2d", "flatten", "dense"], shape);
      else throwsError(() => kinds(shape), "unsupported", /reshapes 1x4x6x6 to .*only what flattens/);
    }
    throwsError(() => kinds("(36, 4)"), "unsupported", /reshapes 1x4x6x6 to \(36, 4\) = 36x4; only what flattens/);
    throwsError(() => kinds("(-1, 100)"), "unsupported", /to \(-1, 100\), which it does not fit/);
  });
});

const others = "08_mxnet_params_of_another_net";
describe("08 parameters of another network", { skip: skipWithout(`cases/${others}`) }, () => {
  const cases: Readonly<Record<string, RegExp>> = {
    other: /that it does not know "fullyconnected0_weight" is the closest: is it the file of this symbol\?/,
    dotted: /"\d\.\w+" is the closest: its dotted names are those of gluon's save_parameters.*net\.export/,
    nonames: /the file holds arrays without names/,
  };
  for (const [name, says] of Object.entries(cases)) {
    it(name, () => {
      throwsError(
        () => open(`${others}/${name}`),
        "missing-weight",
        /^parameter "convolution0_weight", for "convolution0" \(Convolution\), is not in the \.params file/,
        says,
      );
    });
  }
});

type Operator = readonly [op: string, attrs: Readonly<Record<string, string>>];

/** data -> the operators, one after another -> head. */
function chain(...operators: readonly Operator[]): string {
  const nodes = operators.map(([op, attrs], i) => ({ op, name: `op${i}`, inputs: [[i, 0, 0]], attrs }));
  return JSON.stringify({ nodes: [{ op: "null", name: "data", inputs: [] }, ...nodes], heads: [[nodes.length, 0, 0]] });
}

/** A .params file without arrays. */
const noParams = new Uint8Array(32);
new DataView(noParams.buffer).setBigUint64(0, 0x112n, true);

describe("casts", () => {
  const kinds = (...operators: readonly Operator[]) =>
    importMxnet(chain(...operators), noParams, { inputShape: [1, 2, 3, 3] }).graph.nodes.map(({ kind }) => kind);
  it("to float32 are identities", () => {
    for (const op of ["Cast", "cast", "amp_cast"])
      assert.deepEqual(kinds([op, { dtype: "float32" }], ["relu", {}]), ["input", "relu"]);
  });
  it("to other types are refused", () => {
    throwsError(
      () => kinds(["Cast", { dtype: "float16" }], ["relu", {}]),
      "unsupported",
      /dtype = "float16", of which only float32/,
    );
  });
});

describe("numbers beyond float32", () => {
  it("are refused where an operator states them", () => {
    const scale = (scalar: string) => () =>
      importMxnet(chain(["_mul_scalar", { scalar }]), noParams, { inputShape: [1, 2, 3, 3] });
    assert.equal(scale("1e38")().graph.nodes.length, 2);
    throwsError(scale("1e308"), "bad-graph", /needs scalar to be a number that float32 can hold, found "1e308"/);
    throwsError(scale("nan"), "bad-graph", /needs scalar to be a number/);
  });
});

describe(".params that are none", () => {
  it("MXNet 2's archives are named for what they are", () => {
    const npz = zipSync({ "arg:weight.npy": new Uint8Array(100) });
    throwsError(() => readMxnetParams(npz), "bad-file", /NumPy archive.*MXNet 2/);
  });

  it("records without an array take memory in proportion", () => {
    const count = 10_000_000;
    const bytes = new Uint8Array(24 + 4 * count + 8);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, 0x112n, true);
    view.setBigUint64(16, BigInt(count), true);
    const path = temporaryFile("null.params", bytes);
    const measured = measure('import { readMxnetParams } from "./src/mxnet.js";', "readMxnetParams(bytes).size", path);
    assertBounded(measured);
    assert.match(measured.outcome, /the \.params file of 40,000,032 bytes takes more than .* in memory/);
  });
});

it("a deep symbol is refused in one sentence", () => {
  throwsError(() => importMxnet(`{"nodes":${"[".repeat(1e5)}`, noParams), "bad-graph", /nests deeper than 64/);
});
