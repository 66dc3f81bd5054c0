import assert from "node:assert/strict";
import { test } from "node:test";
import { checkWeights, parameterSpecs } from "../../src/graph/parameters.js";
import { randomStream } from "../../src/models/random.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { getModel } from "../../src/models/registry.js";
import { resnetE } from "../../src/models/resnet_e.js";
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
  for (const { name, shape, packable } of parameterSpecs(graph)) {
    if (!packable) continue;
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
