/** Parameters of BMXNet v2's networks under gluon's and the export's names. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { packSigns } from "../../src/bits.js";
import { mapMxnetNames } from "../../src/formats/mxnet/names.js";
import { readMxnetParams } from "../../src/formats/mxnet/params.js";
import { type RawTensor, readSafetensors, toFloat32 } from "../../src/formats/safetensors.js";
import { parameterSpecs } from "../../src/graph/parameters.js";
import type { Graph } from "../../src/graph/types.js";
import { fromDescription } from "../../src/models/description.js";
import type { Weights } from "../../src/weights.js";
import { sharedPath, skipWithout } from "../support/shared.js";
import { packConvolution } from "./mxnet_support.js";
import { throwsError } from "./support.js";

interface Network {
  readonly graph: Graph;
  readonly dotted: ReadonlyMap<string, RawTensor>;
  readonly exported: ReadonlyMap<string, RawTensor>;
}

const folder = sharedPath("goldens");
const goldens = existsSync(folder)
  ? readdirSync(folder)
      .map((file) => /^(bmx_\w+)\.json$/.exec(file)?.[1] ?? "bmx_ops")
      .filter((name) => name !== "bmx_ops")
  : [];

/** A golden with its tensors under both kinds of names. */
function readNetwork(name: string): Network {
  const description = JSON.parse(readFileSync(sharedPath(`goldens/${name}.json`), "utf8"));
  const dotted = readSafetensors(readFileSync(sharedPath(`goldens/${name}.weights.safetensors`))).tensors;
  const names = Object.entries(description.export_names as Readonly<Record<string, string>>);
  const exported = new Map(names.map(([own, exportName]) => [exportName, dotted.get(own)!]));
  return { graph: fromDescription(description), dotted, exported };
}

function assertSameWeights(actual: Weights, { graph, dotted }: Network) {
  const specs = parameterSpecs(graph);
  assert.equal(actual.size, specs.length);
  for (const { name } of specs) {
    assert.deepEqual(actual.get(name)!.data, toFloat32(dotted.get(name)!), name);
  }
}

test("there are goldens of every family", { skip: skipWithout("goldens") }, () => assert.ok(goldens.length >= 14));

for (const name of goldens) {
  test(`${name}: dotted and export names give the same weights`, () => {
    const network = readNetwork(name);
    assertSameWeights(mapMxnetNames(network.graph, network.dotted), network);
    assertSameWeights(mapMxnetNames(network.graph, network.exported), network);
  });
}

const THUMB = "bmx_e1_18_thumb";
const skip = skipWithout(`goldens/${THUMB}.export-0000.params`, `goldens/${THUMB}.params`, "goldens");

test("the .params files of a network, under either names", { skip }, () => {
  const network = readNetwork(THUMB);
  for (const file of [`${THUMB}.params`, `${THUMB}.export-0000.params`]) {
    const tensors = readMxnetParams(readFileSync(sharedPath(`goldens/${file}`)));
    assertSameWeights(mapMxnetNames(network.graph, tensors), network);
  }
});

test("other prefixes and counters, moving_ for running_, any order", { skip }, () => {
  const network = readNetwork(THUMB);
  const renamed = [...network.exported].map(([name, raw]): [string, RawTensor] => [
    name
      .replace("resnete10_", "my_net_resnete17_")
      .replace(/batchnorm(\d+)/, (_, counter) => `batchnorm${Number(counter) + 9}`)
      .replace("dense0", "dense23")
      .replace("running", "moving"),
    raw,
  ]);
  assertSameWeights(mapMxnetNames(network.graph, new Map(renamed.reverse())), network);
});

test("packed words stand for the signs of binary weights", { skip }, () => {
  const network = readNetwork(THUMB);
  const specs = parameterSpecs(network.graph);
  const packed = new Map(network.dotted);
  let count = 0;
  for (const { name, shape, packing } of specs) {
    if (packing === null || (shape[0] * shape[1] * shape[2] * shape[3]) % 32 !== 0) continue;
    packed.set(name, packConvolution(toFloat32(network.dotted.get(name)!), "I32"));
    count++;
  }
  assert.ok(count > 10);
  const weights = mapMxnetNames(network.graph, packed);
  for (const { name, shape, packing } of specs) {
    if (packing === null) continue;
    assert.deepEqual(weights.get(name), packSigns(toFloat32(network.dotted.get(name)!), shape), name);
  }
});

test("files of other networks are refused with what is missing", { skip }, () => {
  const { graph, dotted, exported } = readNetwork(THUMB);
  const without = (tensors: ReadonlyMap<string, RawTensor>, name: string) =>
    new Map([...tensors].filter(([key]) => key !== name));
  const refuses = (
    tensors: ReadonlyMap<string, RawTensor>,
    code: "missing-weight" | "surplus-weight",
    pattern: RegExp,
  ) => throwsError(() => mapMxnetNames(graph, tensors), code, pattern);
  refuses(without(dotted, "output.bias"), "missing-weight", /output\.bias/);
  refuses(without(exported, "arg:dense0_bias"), "missing-weight", /no bias .*output\.bias/);
  refuses(
    without(exported, "arg:resnete10_stage2_sc_qconv_weight"),
    "missing-weight",
    /1 layers .*stage2_sc_qconv.* has 0/,
  );
  refuses(new Map([...exported, ["arg:conv7_moment", dotted.get("output.bias")!]]), "surplus-weight", /conv7_moment/);
  const two = new Map([...exported, ["arg:resnete11_conv0_weight", dotted.get("features.1.weight")!]]);
  throwsError(() => mapMxnetNames(graph, two), "bad-file", /parameters of 2 networks/);
  const both = new Map([...exported, ["aux:dense0_bias", dotted.get("output.bias")!]]);
  throwsError(() => mapMxnetNames(graph, both), "bad-file", /both as arg: and as aux:/);
});
