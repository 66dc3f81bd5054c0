/** Model-local functions are inlined. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { importOnnx } from "../../src/onnx.js";
import { check, kinds, network, node, random, skipWithoutRuntime, type writeOnnx } from "./support.js";

describe("model-local functions", () => {
  const input = { shape: [2, 5], data: random(10, 3) };
  const model = (
    functions: Parameters<typeof writeOnnx>[0]["functions"],
    nodes = [node("f", ["input"], "output", { domain: "local" })],
  ) => network([2, 5], nodes, [], { functions, opset: 18, irVersion: 10 });

  test("calls in calls, with attributes of the caller, compute what the bodies do", async () => {
    const bytes = model(
      [
        {
          domain: "local",
          name: "g",
          inputs: ["a"],
          outputs: ["b"],
          attributes: ["slope"],
          nodes: [node("LeakyRelu", ["a"], "b", { references: { alpha: "slope" } })],
        },
        {
          domain: "local",
          name: "f",
          inputs: ["x"],
          outputs: ["y"],
          nodes: [
            node("g", ["x"], "t", { domain: "local", floats: { slope: 0.25 } }),
            node("g", ["t"], "u", { domain: "local", floats: { slope: 0.5 } }),
            node("Neg", ["u"], "y"),
          ],
        },
      ],
      [node("f", ["input"], "t", { domain: "local" }), node("f", ["t"], "output", { domain: "local" })],
    );
    await check(bytes, input, { runtime: skipWithoutRuntime === false });
  });

  test("a function that gives its input back", async () => {
    const bytes = model(
      [{ domain: "local", name: "f", inputs: ["x"], outputs: ["x"], nodes: [] }],
      [node("f", ["input"], "t", { domain: "local" }), node("Relu", ["t"], "output")],
    );
    assert.deepEqual(kinds((await check(bytes, input, { runtime: false })).imported), ["relu"]);
  });

  test("recursion and avalanches of calls are refused", () => {
    const itself = model([
      {
        domain: "local",
        name: "f",
        inputs: ["x"],
        outputs: ["y"],
        nodes: [node("f", ["x"], "y", { domain: "local" })],
      },
    ]);
    assert.throws(() => importOnnx(itself), {
      code: "bad-graph",
      message: /function "f" of domain "local" calls itself/,
    });
    const twice = Array.from({ length: 40 }, (_, level) => ({
      domain: "local",
      name: `f${level}`,
      inputs: ["x"],
      outputs: ["y"],
      nodes:
        level === 39
          ? []
          : [
              node(`f${level + 1}`, ["x"], "t", { domain: "local" }),
              node(`f${level + 1}`, ["t"], "y", { domain: "local" }),
            ],
    }));
    assert.throws(() => importOnnx(model(twice, [node("f0", ["input"], "output", { domain: "local" })])), {
      message: /more than 25000 nodes once its functions are inlined/,
    });
  });
});
