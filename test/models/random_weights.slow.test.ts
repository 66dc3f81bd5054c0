/** Random weights: pinned, fit for their graph, and tame in deep networks. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkWeights, parameterSpecs } from "../../src/graph/parameters.js";
import type { Graph } from "../../src/graph/types.js";
import { binet } from "../../src/models/binet.js";
import { randomStream } from "../../src/models/random.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { getModel } from "../../src/models/registry.js";
import { resnet } from "../../src/models/resnet.js";
import { resnetE } from "../../src/models/resnet_e.js";
import { runReference } from "../../src/reference/index.js";
import { elementCount } from "../../src/tensor.js";
import { throwsError } from "../graph/errors.js";

const graph = resnetE({ version: 1, layers: [2, 2], channels: [32, 32, 75], classes: 10, initialLayers: "thumbnail" });

function values(weights: ReturnType<typeof randomWeights>, suffix: string): readonly number[] {
  return [...weights].filter(([name]) => name.endsWith(suffix)).flatMap(([, { data }]) => [...data]);
}

test("fit their graph and are a function of the seed", () => {
  const weights = randomWeights(graph, 7);
  checkWeights(graph, weights);
  assert.deepEqual(
    [...weights.keys()],
    parameterSpecs(graph).map(({ name }) => name),
  );
  assert.deepEqual(randomWeights(graph, 7), weights);
  assert.notDeepEqual(randomWeights(graph, 8), weights);
  throwsError(() => randomWeights(graph, 0.5), "bad-option", "0.5");
});

test("values are pinned, so that recorded results stay comparable", () => {
  const { bits } = randomStream(1, "features.1.weight");
  assert.deepEqual([bits(), bits(), bits()], [2956784146, 2264082162, 2041533957]);
});

test("gammas have both signs and zeros; bits are half ones", () => {
  const weights = randomWeights(graph, 3);
  const gammas = values(weights, "body.1.gamma");
  const share = (test: (value: number) => boolean) => gammas.filter(test).length / gammas.length;
  assert.ok(share((gamma) => gamma < 0) > 0.08 && share((gamma) => gamma < 0) < 0.25);
  assert.ok(share((gamma) => gamma === 0) > 0.01 && share((gamma) => gamma === 0) < 0.1);
  let ones = 0;
  let total = 0;
  for (const { name, shape, packing } of parameterSpecs(graph)) {
    if (packing === null) continue;
    const { kind, data } = weights.get(name)!;
    assert.equal(kind, "bits");
    total += shape.reduce((product, size) => product * size, 1);
    for (const byte of data) for (let bit = 0; bit < 8; bit++) ones += (byte >> bit) & 1;
  }
  assert.ok(Math.abs(ones / total - 0.5) < 0.01, `${ones} of ${total}`);
});

test("batch norms after binary convolutions expect matches around K / 2", () => {
  const weights = randomWeights(graph, 5);
  const fanIn = 32 * 9;
  const means = [...weights.get("features.3.1.body.1.running_mean")!.data];
  const variances = [...weights.get("features.3.1.body.1.running_var")!.data];
  for (const mean of means) assert.ok(Math.abs(mean - fanIn / 2) < 5);
  for (const variance of variances) assert.ok(variance > 0.7 * (fanIn / 4) && variance < 1.3 * (fanIn / 4));
});

describe("no value runs away and signs are about half positive", () => {
  const xnor = { approximation: "xnor" };
  const narrow = { growthRate: 16, initFeatures: 16 };
  const table = {
    layers: [2, 2, 2, 2],
    channels: [16, 16, 32, 48, 64],
    classes: 10,
    initialLayers: "thumbnail",
  } as const;
  const thumbnail = { classes: 10, initialLayers: "thumbnail", ...narrow } as const;
  const dorefa = { bits: 4, bitsA: 4, activation: "dorefa" };
  const networks: readonly Graph[] = [
    getModel("densenet28", thumbnail),
    getModel("meliusnet_a", thumbnail),
    getModel("naivenet17", thumbnail),
    binet({ ...table, name: "binet" }),
    resnet({ ...table, version: 2, binary: xnor, name: "resnet_v2, xnor" }),
    resnetE({ ...table, version: 1, slices: 2, binary: dorefa, name: "resnet_e1 with slices, dorefa" }),
    resnetE({ ...table, version: 2, binary: { bits: 2, bitsA: 2, approximation: "binet" }, name: "resnet_e2, 2 bits" }),
    resnetE({ ...table, version: 1, binary: { bitsA: 32 }, name: "resnet_e1, float activations" }),
  ];
  for (const network of networks) {
    test(network.name, () => {
      const { normal } = randomStream(1, "input");
      const data = Float32Array.from({ length: elementCount(network.inputShape) }, normal);
      const taps = network.nodes.flatMap((node) => (node.kind === "batchNorm" ? [node.name] : []));
      const input = { shape: network.inputShape, data };
      const result = runReference(network, randomWeights(network, 1), input, { taps });
      for (const tap of taps) {
        const values = result.taps.get(tap)!.data;
        const positive = values.filter((value) => value >= 0).length / values.length;
        assert.ok(positive > 0.25 && positive < 0.75, `${positive} of ${tap} are positive`);
        const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
        assert.ok(deviation > 0.2 && deviation < 2, `${tap} has deviation ${deviation}`);
      }
    });
  }
});

test("0.9 G binary weights take 1 bit each", () => {
  const deep = getModel("resnet152_e1", { useFp: true });
  const weights = randomWeights(deep, 1);
  const bytes = parameterSpecs(deep).reduce(
    (sum, { name, binary }) => sum + (binary ? weights.get(name)!.data.length : 0),
    0,
  );
  const count = parameterSpecs(deep).reduce(
    (sum, { shape, binary }) => sum + (binary ? shape.reduce((product, size) => product * size, 1) : 0),
    0,
  );
  assert.ok(count > 0.9e9);
  assert.equal(bytes, count / 8);
});
