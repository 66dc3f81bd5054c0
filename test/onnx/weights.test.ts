/** Which weights are bits: signs times one number for each output. What misses that is told, and runs in float. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { weightValues } from "../../src/formats/onnx/emit/two_valued.js";
import { importOnnx } from "../../src/onnx.js";
import {
  check,
  floats,
  kinds,
  network,
  node,
  notesOf,
  type OnnxNode,
  type OnnxTensor,
  random,
  scalar,
  signs,
  skipWithoutRuntime,
} from "./support.js";

const compared = skipWithoutRuntime === false;
const INPUTS = 6;
const OUTPUTS = 5;
const FAN_IN = INPUTS * 9;
const SHAPE = [2, INPUTS, 5, 4] as const;
const input = { shape: SHAPE, data: random(2 * INPUTS * 20, 5) };
const base = signs(OUTPUTS * FAN_IN, 3);
const alphas = [0.5, 1.25, 0.03, 7, 1];
const scaled = base.map((value, index) => value * alphas[Math.floor(index / FAN_IN)]);

const conv = (
  weights: ArrayLike<number>,
  before: readonly OnnxNode[] = [node("Sign", ["input"], "s")],
  more: readonly OnnxTensor[] = [],
) =>
  network(
    SHAPE,
    [...before, node("Conv", ["s", "w"], "output", { ints: { pads: [1, 1, 1, 1] } })],
    [floats("w", [OUTPUTS, INPUTS, 3, 3], weights), ...more],
  );

function notesOfConv(weights: ArrayLike<number>, before?: readonly OnnxNode[]): string {
  return notesOf(importOnnx(conv(weights, before)));
}

describe("the values of weights", () => {
  test("signs times a number for each output", () => {
    const values = weightValues(scaled, OUTPUTS);
    assert.ok(values.kind === "signs");
    assert.deepEqual([...values.alphas].map(Math.fround), alphas.map(Math.fround));
  });

  test("what estimators' arithmetic leaves of 1 is 1", () => {
    const values = weightValues(
      base.map((value, index) => value * (1 + (index % 3) * 6e-8)),
      OUTPUTS,
    );
    assert.ok(values.kind === "signs" && values.alphas.every((alpha) => alpha === 1));
  });

  test("near misses, three values, few and many", () => {
    const near = scaled.map((value, index) => (index === 17 ? value * 1.0001 : value));
    assert.equal(weightValues(near, OUTPUTS).kind, "near");
    const zero = scaled.map((value, index) => (index === 17 ? 0 : value));
    const ternary = weightValues(zero, OUTPUTS);
    assert.ok(ternary.kind === "integers" && ternary.bits === 2 && ternary.integers[17] === 0);
    const row = scaled.map((value, index) => (index < FAN_IN ? 0 : value));
    assert.equal(weightValues(row, OUTPUTS).kind, "integers", "a row of zeros has no sign");
    const few = Float32Array.from({ length: OUTPUTS * FAN_IN }, (_, index) => [1, 1.7, -2, 0.4][index % 4]);
    assert.equal(weightValues(few, OUTPUTS).kind, "few");
    assert.equal(weightValues(random(OUTPUTS * FAN_IN), OUTPUTS).kind, "real");
  });

  test("integers of up to 4 bits times a number for each output", () => {
    const integers = Float32Array.from({ length: OUTPUTS * FAN_IN }, (_, index) => ((index * 7) % 16) - 8);
    const values = weightValues(
      integers.map((value, index) => Math.fround(value * Math.fround(alphas[Math.floor(index / FAN_IN)]))),
      OUTPUTS,
    );
    assert.ok(values.kind === "integers" && values.bits === 4);
    assert.deepEqual(values.integers, integers);
    for (const [output, alpha] of values.alphas.entries()) assert.ok(Math.abs(alpha / alphas[output] - 1) < 1e-7);
    const wide = weightValues(
      integers.map((value) => value + 1),
      OUTPUTS,
    );
    assert.equal(wide.kind, "few", "8 takes 5 bits");
    const odd = Float32Array.from({ length: OUTPUTS * FAN_IN }, (_, index) => (index % 4) - 1.5);
    const halves = weightValues(odd, OUTPUTS);
    assert.ok(halves.kind === "integers" && halves.bits === 3 && halves.integers.every((value) => value % 2 !== 0));
  });

  test("NaN and infinity are no two values", () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const broken = scaled.map((old, index) => (index === 3 ? value : old));
      assert.notEqual(weightValues(broken, OUTPUTS).kind, "signs");
    }
  });
});

describe("layers by their weights", () => {
  test("with a scale for each output, on bits", async () => {
    const { imported } = await check(conv(scaled), input, { runtime: compared });
    assert.deepEqual(kinds(imported), ["quantize", "binaryConv2d"]);
    const weight = imported.weights.get("output.weight");
    assert.ok(weight?.kind === "bits" && weight.scale?.length === OUTPUTS);
  });

  test("without one, as bits alone", async () => {
    const { imported } = await check(conv(base), input, { runtime: compared });
    const weight = imported.weights.get("output.weight");
    assert.ok(weight?.kind === "bits" && weight.scale === undefined);
  });

  test("a negative factor before the layer turns its signs around", async () => {
    const before = [node("Sign", ["input"], "t"), node("Mul", ["t", "c"], "s")];
    const { imported } = await check(conv(scaled, before, [scalar("c", -0.5)]), input, { runtime: compared });
    assert.deepEqual(kinds(imported), ["quantize", "binaryConv2d"]);
  });

  test("a factor for each channel before the layer keeps it in float", async () => {
    const before = [node("Sign", ["input"], "t"), node("Mul", ["t", "c"], "s")];
    const { imported } = await check(conv(base, before, [floats("c", [INPUTS, 1, 1], random(INPUTS, 2))]), input, {
      runtime: compared,
    });
    assert.deepEqual(kinds(imported), ["quantize", "scaleShift", "conv2d"]);
    assert.match(notesOf(imported), /a value between/);
  });

  test("values 0 and 1 with real factors: all goes into scale and bias", async () => {
    const nodes = [
      node("Greater", ["input", "zero"], "g"),
      node("Cast", ["g"], "f", { ints: { to: 1 } }),
      node("Mul", ["f", "c"], "m"),
      node("Add", ["m", "d"], "s"),
      node("Conv", ["s", "w", "b"], "output"),
    ];
    const constants = [
      scalar("zero", 0),
      scalar("c", 0.3),
      scalar("d", -1.7),
      floats("w", [OUTPUTS, INPUTS, 3, 3], scaled),
      floats("b", [OUTPUTS], random(OUTPUTS, 8)),
    ];
    const { imported } = await check(network(SHAPE, nodes, constants), input, { runtime: compared });
    assert.deepEqual(kinds(imported), ["quantize", "binaryConv2d", "scaleShift"]);
  });

  test("dense layers: alphas and bias follow the count", async () => {
    const weights = signs(12 * 5, 3).map((value, index) => value * (1 + Math.floor(index / 12)));
    const nodes = [node("Sign", ["input"], "s"), node("Gemm", ["s", "w", "b"], "output", { ints: { transB: 1 } })];
    const constants = [floats("w", [5, 12], weights), floats("b", [5], random(5, 4))];
    const features = { shape: [3, 12], data: random(36, 5) };
    const { imported } = await check(network([3, 12], nodes, constants), features, { runtime: compared });
    assert.deepEqual(kinds(imported), ["quantize", "binaryDense", "scaleShift"]);
  });

  test("grouped and depthwise convolutions stay on bits", async () => {
    for (const group of [2, 6]) {
      const nodes = [
        node("Sign", ["input"], "s"),
        node("Conv", ["s", "w"], "output", { ints: { group, pads: [1, 1, 1, 1] } }),
      ];
      const constants = [floats("w", [6, INPUTS / group, 3, 3], signs(6 * (INPUTS / group) * 9, 3))];
      const { imported } = await check(network(SHAPE, nodes, constants), input, { runtime: compared });
      assert.deepEqual(kinds(imported), ["quantize", "binaryConv2d"]);
    }
  });

  test("weights that the file computes: signs and means by the operators of training code", async () => {
    const latent = random(OUTPUTS * FAN_IN, 12);
    const nodes = [
      node("Sign", ["input"], "s"),
      node("Abs", ["latent"], "size"),
      node("ReduceMean", ["size"], "m3", { ints: { axes: [3], keepdims: 1 } }),
      node("ReduceMean", ["m3"], "m2", { ints: { axes: [2], keepdims: 1 } }),
      node("ReduceMean", ["m2"], "m1", { ints: { axes: [1], keepdims: 1 } }),
      node("Sign", ["latent"], "ws"),
      node("Mul", ["m1", "ws"], "binary"),
      node("Clip", ["latent", "minus", "one"], "clipped"),
      node("Sub", ["binary", "clipped"], "d"),
      node("Add", ["d", "clipped"], "w"),
      node("Conv", ["s", "w"], "output"),
    ];
    const constants = [floats("latent", [OUTPUTS, INPUTS, 3, 3], latent), scalar("minus", -1), scalar("one", 1)];
    const { imported } = await check(network(SHAPE, nodes, constants), input, { runtime: compared });
    assert.deepEqual(kinds(imported), ["quantize", "binaryConv2d"]);
  });

  test("IR-Net's: standardised, and scaled by a power of two", async () => {
    const latent = random(OUTPUTS * FAN_IN, 12);
    const axes = { ints: { axes: [1, 2, 3], keepdims: 1 } };
    const nodes = [
      node("Sign", ["input"], "s"),
      node("ReduceMean", ["latent"], "mean", axes),
      node("Sub", ["latent", "mean"], "centered"),
      node("Shape", ["latent"], "shape"),
      node("Gather", ["shape", "rest"], "sizes", { ints: { axis: 0 } }),
      node("ReduceProd", ["sizes"], "count", { ints: { axes: [0], keepdims: 0 } }),
      node("Mul", ["centered", "centered"], "squares"),
      node("ReduceMean", ["squares"], "variance", axes),
      node("Sub", ["count", "unit"], "less"),
      node("Cast", ["count"], "n", { ints: { to: 1 } }),
      node("Cast", ["less"], "n1", { ints: { to: 1 } }),
      node("Div", ["n", "n1"], "bessel"),
      node("Mul", ["variance", "bessel"], "unbiased"),
      node("Sqrt", ["unbiased"], "deviation"),
      node("Div", ["centered", "deviation"], "standard"),
      node("Abs", ["standard"], "sizes2"),
      node("ReduceMean", ["sizes2"], "scale", axes),
      node("Log", ["scale"], "log"),
      node("Div", ["log", "ln2"], "log2"),
      node("Round", ["log2"], "exponent"),
      node("Pow", ["two", "exponent"], "power"),
      node("Sign", ["standard"], "ws"),
      node("Mul", ["ws", "power"], "w"),
      node("Conv", ["s", "w"], "output"),
    ];
    const constants: OnnxTensor[] = [
      floats("latent", [OUTPUTS, INPUTS, 3, 3], latent),
      { name: "rest", type: "int64", dims: [3], data: BigInt64Array.of(1n, 2n, 3n) },
      { name: "unit", type: "int64", dims: [], data: BigInt64Array.of(1n) },
      scalar("ln2", Math.LN2),
      scalar("two", 2),
    ];
    const { imported } = await check(network(SHAPE, nodes, constants), input, { runtime: compared });
    assert.deepEqual(kinds(imported), ["quantize", "binaryConv2d"]);
  });

  test("notes say why a layer runs in float", () => {
    const zero = scaled.map((value, index) => (index === 17 ? 0 : value));
    const few = Float32Array.from({ length: OUTPUTS * FAN_IN }, (_, index) => [1, 1.7, -2, 0.4][index % 4]);
    const near = scaled.map((value, index) => (index === 17 ? value * 1.0001 : value));
    assert.match(notesOfConv(scaled), /convolution "output" runs on bits/);
    assert.match(notesOfConv(zero), /convolution "output" runs on bits, plane by plane/);
    const floats = [node("Relu", ["input"], "s")];
    assert.match(notesOfConv(zero, floats), /convolution "output" runs in float: its weights have three values/);
    assert.match(notesOfConv(few), /its weights have more than one bit/);
    assert.match(notesOfConv(random(OUTPUTS * FAN_IN)), /its weights are real/);
    assert.match(notesOfConv(near), /the weights of "output" are two-valued to 1\.0e-4, not to 1e-6/);
    assert.match(notesOfConv(scaled, [node("Relu", ["input"], "s")]), /its input is real$/m);
    assert.match(notesOfConv(scaled, [node("Identity", ["input"], "s")]), /its input is real, the network's own/);
  });

  test("notes as data: what each is about, the layer, and the reason", () => {
    const { notes } = importOnnx(conv(random(OUTPUTS * FAN_IN)));
    assert.deepEqual(
      notes.map(({ kind, layer, reason }) => ({ kind, layer, reason })),
      [
        { kind: "layers", layer: undefined, reason: undefined },
        { kind: "float", layer: "output", reason: "real-weights" },
      ],
    );
    const near = importOnnx(conv(scaled.map((value, index) => (index === 17 ? value * 1.0001 : value)))).notes;
    assert.deepEqual(
      near.map(({ kind, layer }) => [kind, layer]),
      [
        ["near-miss", "output"],
        ["layers", undefined],
        ["float", "output"],
      ],
    );
  });

  test("the layers on bits are counted, the others named with their reasons", () => {
    const square = signs(OUTPUTS * OUTPUTS);
    const two = [
      node("Conv", ["input", "w"], "first"),
      node("Sign", ["first"], "s"),
      node("Conv", ["s", "v"], "second"),
      node("Conv", ["second", "r"], "output"),
    ];
    const bytes = network(SHAPE, two, [
      floats("w", [OUTPUTS, INPUTS, 1, 1], signs(OUTPUTS * INPUTS)),
      floats("v", [OUTPUTS, OUTPUTS, 1, 1], square),
      floats("r", [OUTPUTS, OUTPUTS, 1, 1], random(OUTPUTS * OUTPUTS)),
    ]);
    assert.equal(
      importOnnx(bytes).notes.find(({ kind }) => kind === "layers")?.text,
      '1 of 3 layers with weights run on bits; in float are "first" (network input), "output" (real weights)',
    );
    assert.match(notesOfConv(scaled), /^1 of 1 layers with weights run on bits$/m);
  });

  test("a lost sign and a network without bits are told", () => {
    const lost = notesOfConv(scaled, [node("Tanh", ["input"], "s")]);
    assert.match(
      lost,
      /two-valued weights read floats in "output": if a sign belongs before them, the exporter lost it/,
    );
    assert.match(lost, /no layer of this file runs on bits/);
    assert.doesNotMatch(notesOfConv(scaled), /no layer|lost/);
    assert.doesNotMatch(notesOfConv(scaled, [node("Identity", ["input"], "s")]), /lost/);
  });
});
