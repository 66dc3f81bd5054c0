/** One network in the words of every operator set from 7 to 23. */
import { describe, test } from "node:test";
import {
  check,
  floats,
  integers,
  network,
  node,
  type OnnxNode,
  type OnnxTensor,
  random,
  scalar,
  signs,
  skipWithoutRuntime,
} from "./support.js";

const SHAPE = [2, 4, 9, 9] as const;
const input = { shape: SHAPE, data: random(648, 5) };

/** Operators whose attributes became inputs, each from its version on. */
function written(opset: number): { readonly nodes: readonly OnnxNode[]; readonly constants: readonly OnnxTensor[] } {
  const constants: OnnxTensor[] = [floats("w", [6, 4, 3, 3], signs(216, 3)), floats("v", [6, 6, 1, 1], random(36, 4))];
  const add = (tensor: OnnxTensor) => {
    constants.push(tensor);
    return tensor.name;
  };
  const parameters = ["gamma", "beta", "mean", "var"].map((name, index) =>
    add(
      floats(
        name,
        [6],
        random(6, index + 7).map((value) => (name === "var" ? Math.abs(value) + 0.5 : value)),
      ),
    ),
  );
  const pads = [0, 0, 1, 1, 0, 0, 1, 1];
  const nodes: OnnxNode[] = [
    opset >= 9
      ? node("Sign", ["input"], "s")
      : node("Where", ["c", add(scalar("one", 1)), add(scalar("minus", -1))], "s"),
    opset >= 11
      ? node("Pad", ["s", add(integers("pads", pads)), add(scalar("border", 1))], "p")
      : node("Pad", ["s"], "p", { ints: { pads }, floats: { value: 1 } }),
    node("Conv", ["p", "w"], "c1"),
    node("BatchNormalization", ["c1", ...parameters], "n"),
    opset >= 11
      ? node("Clip", ["n", add(scalar("low", 0)), add(scalar("high", 6))], "k")
      : node("Clip", ["n"], "k", { floats: { min: 0, max: 6 } }),
    opset >= 10
      ? node("Slice", ["k", add(integers("from", [1])), add(integers("to", [9])), add(integers("axis", [2]))], "cut")
      : node("Slice", ["k"], "cut", { ints: { starts: [1], ends: [9], axes: [2] } }),
    opset >= 13
      ? { op: "Split", inputs: ["cut", add(integers("parts", [2, 4]))], outputs: ["a", "b"], ints: { axis: 1 } }
      : { op: "Split", inputs: ["cut"], outputs: ["a", "b"], ints: { axis: 1, split: [2, 4] } },
    node("Concat", ["b", "a"], "j", { ints: { axis: 1 } }),
    node("Conv", ["j", "v"], "c2"),
    opset >= 18
      ? node("ReduceMean", ["c2", add(integers("pixels", [2, 3]))], "m", { ints: { keepdims: 1 } })
      : node("ReduceMean", ["c2"], "m", { ints: { axes: [2, 3], keepdims: 1 } }),
    opset >= 13 ? node("Squeeze", ["m", "pixels2"], "f") : node("Squeeze", ["m"], "f", { ints: { axes: [2, 3] } }),
    node("Dropout", ["f"], "d"),
    node("Softmax", ["d"], "output", { ints: { axis: 1 } }),
  ];
  if (opset >= 13) add(integers("pixels2", [2, 3]));
  if (opset < 9) nodes.unshift(node("Less", ["input", add(scalar("zero", 0))], "l"), node("Not", ["l"], "c"));
  return { nodes, constants };
}

describe("operator sets", () => {
  for (let opset = 7; opset <= 23; opset++) {
    test(`version ${opset}`, async () => {
      const { nodes, constants } = written(opset);
      const bytes = network(SHAPE, nodes, constants, { opset, irVersion: opset < 9 ? 3 : opset < 19 ? 8 : 10 });
      // Where came with version 9; what stands in a file is read all the same.
      await check(bytes, input, { runtime: opset >= 9 && skipWithoutRuntime === false });
    });
  }
});
