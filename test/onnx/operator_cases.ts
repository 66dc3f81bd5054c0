/** Cases of operators: the reference agrees with onnxruntime, and both kernels agree with the reference. */
import { describe, test } from "node:test";
import { elementCount, type Shape } from "../../src/tensor.js";
import { check, floats, network, node, type OnnxNode, type OnnxTensor, random, skipWithoutRuntime } from "./support.js";

export {
  check,
  floats,
  integers,
  network,
  node,
  type OnnxNode,
  type OnnxTensor,
  random,
  scalar,
  skipWithoutRuntime,
} from "./support.js";

/** A network from `input` to `output`. */
export interface OperatorCase {
  readonly name: string;
  readonly input: Shape;
  readonly nodes: readonly OnnxNode[];
  readonly constants?: readonly OnnxTensor[];
  readonly opset?: number;
}

/** The shape of most maps here: uneven sizes, no multiple of a vector's length. */
export const MAP: Shape = [2, 5, 7, 6];

/** One operator on the input, with more inputs after it. */
export const one = (op: string, rest: Partial<OnnxNode> = {}, more: readonly string[] = []) => [
  node(op, ["input", ...more], "output", rest),
];

export const weight = (outputs: number, inputs: number, ...kernel: number[]) =>
  floats("w", [outputs, inputs, ...kernel], random(outputs * inputs * kernel[0] * kernel[1], 7));
export const channel = (name: string, channels: number, seed: number) =>
  floats(name, [channels], random(channels, seed));
export const positive = (name: string, channels: number) =>
  floats(
    name,
    [channels],
    random(channels, 5).map((x) => Math.abs(x) + 0.5),
  );

/** A test of each case. */
export function testOperators(title: string, cases: readonly OperatorCase[]): void {
  describe(`${title} compute what onnxruntime does`, { skip: skipWithoutRuntime }, () => {
    for (const { name, input, nodes, constants = [], opset } of cases) {
      test(name, async () => {
        const bytes = network(input, nodes, constants, opset === undefined ? {} : { opset });
        await check(bytes, { shape: input, data: random(elementCount(input), 11) });
      });
    }
  });
}
