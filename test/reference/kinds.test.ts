/** Gates, affines, limits, fake quantisation, log-softmax and crops of the reference, against numbers written out. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { FakeQuantizeNode, Node, Operation } from "../../src/graph/types.js";
import { runReference } from "../../src/reference/index.js";
import { roundHalfEven } from "../../src/reference/quantizers.js";
import type { Shape } from "../../src/tensor.js";
import type { Weights } from "../../src/weights.js";
import { throwsError } from "../graph/errors.js";
import { counting, graphOf, runNode, weightsOf } from "./support.js";

function node(operation: Operation, inputs: readonly string[] = ["input"], name = "node"): Node {
  return { ...operation, name, inputs, module: "" };
}

function run(operation: Operation, shape: Shape, numbers: readonly number[], weights: Weights = new Map()): number[] {
  return [...runNode(node(operation), weights, shape, numbers).data];
}

describe("mul by a gate", () => {
  const shape = [2, 2, 1, 3];
  const numbers = counting(shape);
  /** Each channel times the mean of its pixels, taken as the gate of this form. */
  const gated = (...gate: readonly Node[]) => {
    const mean = node({ kind: "globalAvgPool" }, ["input"], "mean");
    const product = node({ kind: "mul" }, ["input", gate.at(-1)?.name ?? "mean"]);
    const input = { shape, data: Float32Array.from(numbers) };
    return runReference(graphOf(shape, mean, ...gate, product), new Map(), input).output;
  };
  const expected = [2, 4, 6, 20, 25, 30, 56, 64, 72, 110, 121, 132];

  test("of [N, C, 1, 1]", () => assert.deepEqual([...gated().data], expected));
  test("of [N, C]", () => {
    const output = gated(node({ kind: "flatten" }, ["mean"], "flat"));
    assert.deepEqual([output.shape, [...output.data]], [shape, expected]);
  });
  test("of a map with one channel, whose gate is one number an image", () => {
    const single = [2, 1, 1, 2];
    const mean = node({ kind: "globalAvgPool" }, ["input"], "mean");
    const input = { shape: single, data: Float32Array.of(1, 3, 5, 7) };
    const graph = graphOf(single, mean, node({ kind: "mul" }, ["input", "mean"]));
    assert.deepEqual([...runReference(graph, new Map(), input).output.data], [2, 6, 30, 42]);
  });
  test("is refused for another number of channels and for rows", () => {
    const slice = node({ kind: "sliceChannels", begin: 0, end: 2 }, ["input"], "slice");
    const mean = node({ kind: "globalAvgPool" }, ["slice"], "mean");
    const three = graphOf([1, 3, 2, 2], slice, mean, node({ kind: "mul" }, ["input", "mean"]));
    const input = { shape: [1, 3, 2, 2], data: new Float32Array(12) };
    throwsError(() => runReference(three, new Map(), input), "bad-shape", "1x3x2x2", "1x2x1x1");
  });
});

test("scaleShift multiplies and adds by channel, of maps and of rows; null is 1 and 0", () => {
  const weights = weightsOf({ s: [[2], [2, -1]], t: [[2], [10, 0.5]] });
  const maps = (scale: string | null, shift: string | null) =>
    run({ kind: "scaleShift", scale, shift }, [2, 2, 1, 2], [1, 2, 3, 4, 5, 6, 7, 8], weights);
  assert.deepEqual(maps("s", "t"), [12, 14, -2.5, -3.5, 20, 22, -6.5, -7.5]);
  assert.deepEqual(maps("s", null), [2, 4, -3, -4, 10, 12, -7, -8]);
  assert.deepEqual(maps(null, "t"), [11, 12, 3.5, 4.5, 15, 16, 7.5, 8.5]);
  assert.deepEqual(maps(null, null), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual(
    run({ kind: "scaleShift", scale: "s", shift: "t" }, [2, 2], [1, 2, 3, 4], weights),
    [12, -1.5, 16, -3.5],
  );
  throwsError(
    () => run({ kind: "scaleShift", scale: "s", shift: null }, [1, 3, 1, 1], [1, 2, 3], weights),
    "bad-shape",
    "parameter s",
  );
});

test("clip has two limits, one or none", () => {
  const numbers = [-7, -0.5, 0, 3, 6.5, 100];
  const clip = (min: number | null, max: number | null) => run({ kind: "clip", min, max }, [1, 6], numbers);
  assert.deepEqual(clip(0, 6), [0, 0, 0, 3, 6, 6]);
  assert.deepEqual(clip(-1, null), [-1, -0.5, 0, 3, 6.5, 100]);
  assert.deepEqual(clip(null, 1), [-7, -0.5, 0, 1, 1, 1]);
  assert.deepEqual(clip(null, null), numbers);
});

describe("fakeQuantize", () => {
  const int8: FakeQuantizeNode = {
    kind: "fakeQuantize",
    name: "node",
    inputs: ["input"],
    module: "",
    scale: 0.5,
    zeroPoint: 3,
    low: -128,
    high: 127,
    rounding: "half_away",
  };
  const values = (changes: Partial<FakeQuantizeNode>, numbers: readonly number[]) => [
    ...runNode({ ...int8, ...changes }, new Map(), [1, numbers.length], numbers).data,
  ];
  // Quotients: 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.25 * 2
  const halves = [0.25, 0.75, 1.25, -0.25, -0.75, -1.25];

  test("rounds a half away from zero or to the even neighbour", () => {
    assert.deepEqual(values({ rounding: "half_away" }, halves), [0.5, 1, 1.5, -0.5, -1, -1.5]);
    assert.deepEqual(values({ rounding: "half_even" }, halves), [0, 1, 1, 0, -1, -1]);
    assert.deepEqual(values({ rounding: "half_even" }, [0.2, 0.3, -0.2, -0.3]), [0, 0.5, 0, -0.5]);
  });

  test("clamps the integer, not the number", () => {
    assert.deepEqual(values({}, [1000, -1000]), [(127 - 3) / 2, (-128 - 3) / 2]);
    assert.deepEqual(values({ zeroPoint: 0, low: 0, high: 3 }, [-5, 0.9, 1.6]), [0, 1, 1.5]);
    assert.deepEqual(values({ zeroPoint: -128, scale: 1 }, [-4, 255, 300]), [0, 255, 255]);
  });

  test("an integer stands for itself: the second time nothing changes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: -10, max: 10 }),
        fc.constantFrom<"half_even" | "half_away">("half_even", "half_away"),
        (numbers, zeroPoint, rounding) => {
          const once = values({ zeroPoint, rounding }, numbers);
          assert.deepEqual(values({ zeroPoint, rounding }, once), once);
          assert.ok(once.every((value) => Number.isInteger(value * 2)));
        },
      ),
    );
  });

  test("half to even is what the sum with 2^52 rounds to", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 2 ** 40, noNaN: true }), (x) => {
        assert.equal(roundHalfEven(x), x + 2 ** 52 - 2 ** 52);
        assert.equal(roundHalfEven(-x) + 0, 0 - roundHalfEven(x));
      }),
    );
    for (let x = -8.5; x < 9; x++) assert.equal(Math.abs(roundHalfEven(x)) % 2, 0);
  });
});

test("logSoftmax is the logarithm of softmax, without its overflow", () => {
  const output = run({ kind: "logSoftmax" }, [1, 2, 1, 2], [0, 1000, Math.log(3), 1001]);
  const expected = [Math.log(1 / 4), -Math.log(1 + Math.E), Math.log(3 / 4), 1 - Math.log(1 + Math.E)];
  for (const [i, value] of expected.entries()) assert.ok(Math.abs(output[i] - value) < 1e-7, `${output[i]} ${value}`);
  assert.deepEqual(run({ kind: "logSoftmax" }, [1, 3], [-5000, 0, -5000]), [-5000, 0, -5000]);
});

test("sign_greater is -1 at zero, at minus zero and at NaN", () => {
  const numbers = [0, -0, Number.NaN, 1e-45, -1e-45, 2, -2, Infinity, -Infinity];
  const signs = run({ kind: "quantize", method: "sign_greater", bits: 1 }, [1, 9], numbers);
  assert.deepEqual(signs, [-1, -1, -1, 1, -1, 1, -1, 1, -1]);
});

test("crop takes rows and columns from the end too", () => {
  const crop = { kind: "crop", top: 1, left: 0, bottom: 1, right: 2 } as const;
  assert.deepEqual(run(crop, [1, 2, 3, 3], counting([1, 2, 3, 3])), [4, 13]);
  throwsError(() => run({ ...crop, bottom: 2 }, [1, 1, 3, 3], counting([1, 1, 3, 3])), "bad-shape", "3 rows");
  throwsError(() => run({ ...crop, right: 3 }, [1, 1, 3, 3], counting([1, 1, 3, 3])), "bad-shape", "3 columns");
});

test("an unknown kind is refused by name", () => {
  for (const kind of ["conv3d", "toString"]) {
    const wrong = { kind, name: "w", inputs: ["input"], module: "" } as unknown as Node;
    throwsError(() => runNode(wrong, new Map(), [1, 1], [1]), "bad-graph", "w", kind);
  }
});
