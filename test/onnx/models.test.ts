/** What a file may be: versions, inputs, outputs, axes, operators, names, and what it tells of its input and output. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { importOnnx, isOnnx, onnxExternalFiles } from "../../src/onnx.js";
import { check, floats, integers, kinds, network, node, random, scalar } from "./support.js";

describe("what a file may be", () => {
  const relu = [node("Relu", ["input"], "output")];
  const refused = (bytes: Uint8Array, code: string, message: RegExp, options = {}) =>
    assert.throws(
      () => importOnnx(bytes, options),
      (error: Error & { code: string }) => {
        assert.equal(error.code, code);
        assert.match(error.message, message);
        assert.ok(error.message.length <= 500);
        return true;
      },
    );

  test("IR versions 3 to 11, operator sets 7 to 23", () => {
    for (const irVersion of [3, 11]) importOnnx(network([1, 4], relu, [], { irVersion }));
    for (const opset of [7, 23]) importOnnx(network([1, 4], relu, [], { opset }));
    refused(network([1, 4], relu, [], { irVersion: 12 }), "unsupported", /IR version 12, expected 3 to 11/);
    refused(network([1, 4], relu, [], { opset: 6 }), "unsupported", /operator set 6, but 7 to 23/);
    refused(network([1, 4], relu, [], { opset: 24 }), "unsupported", /operator set 24/);
  });

  test("one input, one output; parameters among the inputs are none", () => {
    const value = (name: string) => ({ name, type: "float" as const, dims: [1, 4] });
    const parameters = [floats("c", [4], random(4))];
    const add = [node("Add", ["input", "c"], "output")];
    importOnnx(network([1, 4], add, parameters, { inputs: [value("c"), value("input")] }));
    refused(
      network([1, 4], add, [], { inputs: [value("input"), value("c")] }),
      "unsupported",
      /2 inputs \("input", "c"\), expected 1/,
    );
    refused(
      network([1, 4], relu, [], { outputs: [value("output"), value("x")] }),
      "unsupported",
      /2 outputs \("output", "x"\)/,
    );
    refused(network([1, 4], relu, [], { inputs: [] }), "unsupported", /0 inputs, expected 1/);
  });

  test("a free batch, and axes that the caller must give", () => {
    const pool = [node("GlobalAveragePool", ["input"], "output")];
    assert.deepEqual(importOnnx(network(["n", 3, 8, 8], pool)).graph.inputShape, [1, 3, 8, 8]);
    assert.deepEqual(importOnnx(network([4, 3, 8, 8], pool)).graph.inputShape, [4, 3, 8, 8]);
    refused(
      network(["n", 3, "h", "w"], pool),
      "bad-option",
      /axis 2 of the input "input" is open in the file: give inputShape/,
    );
    assert.deepEqual(
      importOnnx(network(["n", 3, "h", "w"], pool), { inputShape: [2, 3, 9, 7] }).graph.inputShape,
      [2, 3, 9, 7],
    );
    refused(network(["n", 3, "h", "w"], pool), "bad-option", /expected pictures of four axes/, { inputShape: [1, 3] });
    refused(network(["n", 3, "h", "w"], pool), "bad-shape", /size 2.5/, { inputShape: [1, 3, 2.5, 4] });
    refused(network([1, 2 ** 40], relu), "bad-shape", /size 1099511627776/);
    refused(network([1, 2, 3], relu), "unsupported", /input "input" is 1x2x3/);
  });

  test("a batch that is frozen into Reshape is free all the same", () => {
    const nodes = [node("Reshape", ["input", "shape"], "x"), node("Relu", ["x"], "output")];
    const bytes = network([4, 3, 2, 2], nodes, [integers("shape", [4, 12])]);
    assert.deepEqual(importOnnx(bytes, { inputShape: [1, 3, 2, 2] }).graph.inputShape, [1, 3, 2, 2]);
  });

  test("cycles, values of nobody, and values twice", () => {
    refused(
      network([1, 4], [node("Add", ["input", "b"], "a"), node("Relu", ["a"], "b"), node("Relu", ["b"], "output")]),
      "bad-graph",
      /reads "b" in a cycle|reads "a" in a cycle/,
    );
    refused(
      network([1, 4], [node("Add", ["input", "x"], "output")]),
      "bad-graph",
      /Add "output" reads "x", which no node computes/,
    );
    refused(
      network([1, 4], [...relu, node("Neg", ["input"], "output")]),
      "bad-graph",
      /value "output" is computed by Neg "output" although it is there already/,
    );
    refused(
      network([1, 4], [node("Relu", ["input"], "x")]),
      "bad-graph",
      /the graph returns "output", which no node computes/,
    );
  });

  test("nodes in any order, and nodes that nobody needs", async () => {
    const nodes = [node("Neg", ["x"], "output"), node("Sin", ["input"], "unused"), node("Relu", ["input"], "x")];
    const { imported } = await check(network([1, 4], nodes), { shape: [1, 4], data: random(4) }, { runtime: false });
    assert.deepEqual(kinds(imported), ["relu", "scale"]);
  });

  test("operators that are not known are refused once, all together", () => {
    const nodes = [
      node("Sin", ["input"], "a"),
      node("Sin", ["a"], "b"),
      node("Foo", ["b"], "c", { domain: "my.ops" }),
      node("Erf", ["c"], "output", { name: "last one" }),
    ];
    refused(
      network([1, 4], nodes),
      "unsupported",
      / not computed here: Sin-13 \("a"\), my.ops::Foo-1 \("c"\), Erf-13 \("last one"\)$/,
    );
  });

  test("names of the file are escaped and cut", () => {
    const long = "x".repeat(3000);
    refused(
      network([1, 4], [node("Add", ["input", `evil\n\u001b[31m${long}`], "output")]),
      "bad-graph",
      /reads "evil\\n\\u001b\[31mx+\.\.\."/,
    );
    const many = Array.from({ length: 200 }, (_, index) =>
      node(`Operator${index}`, [index === 0 ? "input" : `v${index - 1}`], index === 199 ? "output" : `v${index}`),
    );
    refused(network([1, 4], many), "unsupported", /and \d+ more/);
  });

  test("what is no model", () => {
    refused(new Uint8Array(0), "bad-file", /holds no ONNX model/);
    refused(new TextEncoder().encode("<!DOCTYPE html>"), "bad-file", /damaged|no ONNX model/);
    refused(network([1, 4], relu).subarray(0, 30), "bad-file", /damaged in the protobuf field at byte \d+/);
    assert.throws(() => importOnnx("net.onnx" as never), {
      code: "bad-option",
      message: /bytes of importOnnx must be a Uint8Array/,
    });
    importOnnx(network([1, 4], relu).buffer as ArrayBuffer);
  });

  test("an answer that is a class is cut off, and the note says so", () => {
    const choose = [
      node("Relu", ["input"], "scores"),
      node("ArgMax", ["scores"], "class", { ints: { axis: 1 } }),
      node("Cast", ["class"], "output", { ints: { to: 1 } }),
    ];
    const argMax = importOnnx(network([1, 4], choose));
    assert.equal(argMax.graph.output, "scores");
    assert.match(
      argMax.notes[0].text,
      /the file ends in ArgMax "class", which gives the number of a class: the graph gives the scores before it/,
    );
    const top = [
      node("Relu", ["input"], "scores"),
      { op: "TopK", inputs: ["scores", "k"], outputs: ["values", "output"] },
    ];
    assert.equal(importOnnx(network([1, 4], top, [integers("k", [1])])).graph.output, "scores");
  });

  test("logits leaves out a softmax at the end, and the note says so", () => {
    const nodes = [node("Relu", ["input"], "scores"), node("Softmax", ["scores"], "output", { ints: { axis: 1 } })];
    const bytes = network([1, 4], nodes);
    assert.equal(importOnnx(bytes).graph.output, "output");
    const scores = importOnnx(bytes, { logits: true });
    assert.equal(scores.graph.output, "scores");
    assert.deepEqual(kinds(scores), ["relu"]);
    assert.deepEqual(scores.notes[0], {
      kind: "scores",
      text: "the softmax at the end is left out: scores are given",
    });
    const within = [node("Softmax", ["input"], "chances"), node("Relu", ["chances"], "output")];
    assert.deepEqual(kinds(importOnnx(network([1, 4], within), { logits: true })), ["softmax", "relu"]);
  });

  test("arguments that are none", () => {
    const bytes = network([1, 4], relu);
    const refusedOptions = (options: unknown, message: RegExp) =>
      assert.throws(() => importOnnx(bytes, options as never), { code: "bad-option", message });
    refusedOptions({ shape: [1, 4] }, /importOnnx has no option "shape"/);
    refusedOptions({ name: 5 }, /name of importOnnx must be a text/);
    refusedOptions({ externalData: new Uint8Array(4) }, /externalData of importOnnx must be an object or a Map/);
    refusedOptions("fast", /options of importOnnx must be an object/);
    assert.throws(() => onnxExternalFiles("net.onnx" as never), { code: "bad-option" });
  });

  test("the range of the input, if metadata or the first operators tell it", () => {
    const divided = [node("Div", ["input", "c"], "x"), node("Relu", ["x"], "output")];
    const raw = importOnnx(network([1, 3, 4, 4], divided, [scalar("c", 255)]));
    assert.deepEqual(raw.graph.preprocess, { mean: [0], std: [1] });
    assert.match(raw.notes[0].text, /reads pixels of 0 to 255: its preprocessing is the preset none/);
    const unit = importOnnx(
      network([1, 3, 4, 4], relu, [], { metadata: { "Image.NominalPixelRange": "Normalized_0_1" } }),
    );
    assert.deepEqual(unit.graph.preprocess, { mean: [0], std: [255] });
    assert.equal(importOnnx(network([1, 3, 4, 4], relu)).graph.preprocess, undefined);
  });

  test("a file is told by its first bytes", () => {
    const bytes = network([1, 4], relu);
    assert.ok(isOnnx(bytes) && isOnnx(bytes.subarray(0, 32)));
    for (const other of [
      new Uint8Array(0),
      new Uint8Array(64),
      new TextEncoder().encode("{ }            "),
      Uint8Array.of(0x50, 0x4b, 3, 4),
      Uint8Array.of(0x1c, 0, 0, 0, 0x54, 0x46, 0x4c, 0x33),
    ]) {
      assert.ok(!isOnnx(other));
    }
    const safetensors = new Uint8Array(40);
    safetensors[0] = 8;
    assert.ok(!isOnnx(safetensors));
  });
});
