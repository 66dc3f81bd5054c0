/**
 * Hostile .onnx files: one sentence or a valid graph, whatever they ask for. Damaged ones: hostile.slow.test.ts and
 * `npm run fuzz -- onnx`.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { importOnnx } from "../../src/onnx.js";
import { floats, integers, network, node, random, scalar } from "./support.js";

describe("files that ask for more than they hold", () => {
  const refused = (bytes: Uint8Array, code: string) => assert.throws(() => importOnnx(bytes), { code });

  test("maps that no memory holds", () => {
    const pads = [node("Pad", ["input", "pads"], "output")];
    refused(network([1, 1, 8, 8], pads, [integers("pads", [0, 0, 65000, 65000, 0, 0, 65000, 65000])]), "bad-shape");
    refused(network([1, 1, 2 ** 20, 2 ** 20], [node("Relu", ["input"], "output")]), "bad-shape");
  });

  test("a number that becomes a parameter of a million channels, again and again", () => {
    const adds = Array.from({ length: 200 }, (_, level) =>
      node("Add", [level === 0 ? "input" : `v${level}`, "c"], level === 199 ? "output" : `v${level + 1}`),
    );
    refused(network([1, 1 << 20], adds, [scalar("c", 1)]), "out-of-memory");
  });

  test("a constant that many layers share", () => {
    const layers = Array.from({ length: 400 }, (_, level) =>
      node("MatMul", [level === 0 ? "input" : `v${level}`, "w"], level === 399 ? "output" : `v${level + 1}`),
    );
    refused(network([1, 300], layers, [floats("w", [300, 300], random(90_000))]), "out-of-memory");
  });

  test("thresholds without number", () => {
    const steps = Array.from({ length: 500 }, (_, level) =>
      node("MultiThreshold", [level === 0 ? "input" : `v${level}`, "t"], level === 499 ? "output" : `v${level + 1}`, {
        domain: "finn",
      }),
    );
    refused(network([1, 4], steps, [floats("t", [1, 255], random(255))]), "bad-graph");
    refused(
      network(
        [1, 4],
        steps.slice(-1).map((each) => ({ ...each, inputs: ["input", "t"] })),
        [floats("t", [1, 256], random(256))],
      ),
      "unsupported",
    );
  });

  test("layers without number", () => {
    const many = Array.from({ length: 24_000 }, (_, level) =>
      node("Relu", [level === 0 ? "input" : `v${level}`], level === 23_999 ? "output" : `v${level + 1}`),
    );
    assert.equal(importOnnx(network([1, 4], many)).graph.nodes.length, 24_001);
    const more = Array.from({ length: 25_001 }, (_, level) => node("Relu", ["input"], `v${level}`));
    refused(network([1, 4], more), "bad-file");
  });
});
