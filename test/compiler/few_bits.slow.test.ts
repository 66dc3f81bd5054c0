/** Convolutions of few-bit values as sums over bit planes: every quantiser, border and kernel against the reference. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { unpackSigns } from "../../src/bits.js";
import { compileGraph, planProgram } from "../../src/compiler/compile.js";
import type { ActivationQuantizer, BorderValue, Node, WeightQuantizer } from "../../src/graph/types.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { runReference } from "../../src/reference/index.js";
import { createSession } from "../../src/runtime/session.js";
import type { Tensor } from "../../src/tensor.js";
import type { Weights } from "../../src/weights.js";
import { compare } from "../goldens/support.js";
import { add, binary, graphOf, relu, sign } from "./small_graphs.js";
import { noise } from "./support.js";

interface Layer {
  readonly method: ActivationQuantizer;
  readonly quantizer: WeightQuantizer;
  readonly bits: number;
  readonly padValue: BorderValue;
  readonly channels: number;
  readonly offset: boolean;
}

function quantized(name: string, input: string, { method, bits }: Layer): Node {
  return { ...sign(name, input), method, bits } as Node;
}

function convolved(name: string, input: string, { padValue, channels, quantizer, bits, offset }: Layer): Node {
  return { ...binary(name, input, { padValue, channels }), quantizer, bits, offset } as Node;
}

function layers(): readonly Layer[] {
  const all: Layer[] = [];
  for (const method of ["det_sign", "sign", "round", "dorefa"] as const)
    for (const quantizer of ["det_sign", "sign", "dorefa"] as const)
      for (const bits of [1, 2])
        for (const padValue of [-1, 0, 1] as const)
          for (const [channels, offset] of [
            [3, true],
            [8, false],
          ] as const)
            all.push({ method, quantizer, bits, padValue, channels, offset });
  return all;
}

/** Every fifth value exactly 0, which torch's sign keeps. */
function withZeros({ shape, data }: Tensor): Tensor {
  return { shape, data: Float32Array.from(data, (x, i) => (i % 5 === 0 ? 0 : x)) };
}

/** Every seventh weight exactly 0. */
function zeroWeights(weights: Weights): Weights {
  const changed = new Map(weights);
  for (const [name, weight] of weights) {
    const { shape } = weight;
    const floats = weight.kind === "bits" ? unpackSigns(weight) : weight.data;
    changed.set(name, { kind: "f32", shape, data: floats.map((w, i) => (i % 7 === 0 ? 0 : w)) });
  }
  return changed;
}

test("all quantisers, borders and kernels give the reference's numbers, with exact zeros and without", async () => {
  for (const layer of layers()) {
    // Two equal quantisers: whoever reads the second must find the first one's bits where they are shared.
    const twice = [quantized("s", "x", layer), quantized("t", "x", layer)];
    const nodes = [...twice, convolved("c", "s", layer), convolved("d", "t", layer), add("a", "c", "d")];
    const graph = graphOf(nodes, [2, layer.channels, 5, 4]);
    const random = randomWeights(graph, 1);
    for (const kernel of ["table", "popcount"] as const) {
      for (const zeros of [false, true]) {
        const weights = zeros ? zeroWeights(random) : random;
        const input = zeros ? withZeros(noise(graph.inputShape, 3)) : noise(graph.inputShape, 3);
        const session = await createSession({ graph, weights }, { kernel });
        const reference = runReference(graph, weights, input).output.data;
        const { difference, scale } = compare(session.run(input).data as Float32Array, reference);
        assert.ok(
          difference <= 1e-5 * scale,
          `${JSON.stringify(layer)} on ${kernel}: ${difference} at a scale of ${scale}`,
        );
      }
    }
  }
});

test("a sign of few-bit sums runs on thresholds and decides as the reference does", async () => {
  let zeros = 0;
  // With the offset (h + K) / 2 most thresholds lie at the end of the counts' range, which a border of -1 makes wider.
  const either = layers().flatMap((layer) => [false, true].map((offset) => ({ ...layer, offset })));
  for (const layer of either) {
    const nodes = [relu("r", "x"), quantized("s", "r", layer), convolved("c", "s", layer), sign("t", "c")];
    const graph = graphOf(nodes, [1, layer.channels, 6, 6]);
    const weights = randomWeights(graph, 2);
    const input = noise(graph.inputShape, 1);
    const { output, taps } = runReference(graph, weights, input, { taps: ["c"] });
    const sums = taps.get("c")!.data;
    for (const kernel of ["table", "popcount"] as const) {
      const session = await createSession({ graph, weights }, { kernel });
      const bits = session.run(input).data;
      for (const [i, bit] of bits.entries()) {
        // A sum of thirds is 0 or at least 1/9; what rounding in the reference leaves of 0 is +1 as well.
        const expected = Math.abs(sums[i]) > 1e-9 ? output.data[i] : 1;
        assert.equal(bit, expected, `${JSON.stringify(layer)} on ${kernel}, value ${i}`);
        if (Math.abs(sums[i]) <= 1e-9) zeros++;
      }
    }
  }
  assert.ok(zeros > 20, `${zeros} sums are exactly 0`);
});

test("a sign of counts beyond those of inner pixels, at a border below the lowest level", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    for (const bits of [1, 2, 3]) {
      const layer: Layer = {
        method: "round",
        quantizer: "det_sign",
        bits,
        padValue: -1,
        channels: 1,
        offset: seed % 2 === 0,
      };
      const quantizedWeights = { ...convolved("c", "s", layer), bits: 1 } as Node;
      const graph = graphOf([quantized("s", "x", layer), quantizedWeights, sign("t", "c")], [1, 1, 3, 4]);
      const weights = randomWeights(graph, seed);
      const input = noise(graph.inputShape, seed);
      const { output, taps } = runReference(graph, weights, input, { taps: ["c"] });
      const sums = taps.get("c")!.data;
      for (const kernel of ["table", "popcount"] as const) {
        const session = await createSession({ graph, weights }, { kernel });
        for (const [i, bit] of session.run(input).data.entries()) {
          const expected = Math.abs(sums[i]) > 1e-9 ? output.data[i] : 1;
          assert.equal(bit, expected, `seed ${seed}, ${bits} bits on ${kernel}, value ${i} of ${sums[i]}`);
        }
      }
    }
  }
});

test("pairs of planes share their scratch buffers", () => {
  const arena = (bits: number) => {
    const layer: Layer = { method: "round", quantizer: "dorefa", bits, padValue: -1, channels: 64, offset: false };
    const graph = graphOf([quantized("s", "x", layer), convolved("c", "s", layer)], [1, 64, 56, 56]);
    const program = compileGraph(graph, randomWeights(graph, 1), { kernel: "table" });
    return planProgram(program, graph.inputShape, "f32").arenaBytes;
  };
  // Eight planes of 64 channels are as many bytes as a float map's fourth part; 64 pairs of scratch would be 40 times
  // that.
  const [few, many] = [arena(2), arena(8)];
  assert.ok(many < 2 * few, `${few} and ${many} bytes`);
});

test("sums that i32 does not hold are computed in float", async () => {
  const inputs = 40000;
  const layer: Layer = {
    method: "round",
    quantizer: "dorefa",
    bits: 8,
    padValue: -1,
    channels: inputs,
    offset: false,
  };
  const dense = { ...convolved("c", "s", layer), channels: 2, kernel: [1, 1], padding: [0, 0] } as Node;
  const graph = graphOf([quantized("s", "x", layer), dense], [1, inputs, 1, 1]);
  // All activations the highest level, all weights of the first output the lowest: 40000 * 255 * 255 is more than 2^31.
  const signs = Float32Array.from({ length: 2 * inputs }, (_, i) => (i < inputs ? -1 : 1));
  const weights: Weights = new Map([["c.w", { kind: "f32", shape: [2, inputs, 1, 1], data: signs }]]);
  for (const kernel of ["table", "popcount"] as const) {
    const session = await createSession({ graph, weights }, { kernel });
    const { data } = session.run({ shape: graph.inputShape, data: new Float32Array(inputs).fill(1) });
    assert.deepEqual(Array.from(data), [-inputs, inputs], kernel);
  }
});
