/** `bench peers`: every library computes the network that it is timed on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { onnxLibraries } from "../../bench/peers/onnxruntime.js";
import type { PeerLibrary } from "../../bench/peers/peer.js";
import { randomPicture, resnet18 } from "../../bench/peers/resnet18.js";
import { tfjsLibrary } from "../../bench/peers/tfjs.js";
import { comparePeers, networkMacs } from "../../bench/peers.js";
import { checkReport, runNaively } from "./support.js";

// Sizes that are no multiples of vector lengths, and odd maps (9, 5, 3) on the way.
const small = resnet18({ seed: 3, size: 33, widths: [8, 12, 20, 28], classes: 11 });
const picture = randomPicture(small, 3);
const libraries = [...onnxLibraries(), tfjsLibrary];

test("the network is ResNet-18: 1.81 G multiply-accumulates, 18 layers with weights and 3 shortcuts", () => {
  const network = resnet18({ seed: 1 });
  assert.equal(networkMacs(network), 1_814_073_344);
  const weighted = network.layers.filter(({ kind }) => kind === "conv" || kind === "dense");
  assert.equal(weighted.length, 18 + 3);
  assert.deepEqual(resnet18({ seed: 3, size: 33, widths: [8, 12, 20, 28], classes: 11 }), small);
});

for (const library of libraries) {
  test(`${library.name} computes the network`, async (t) => {
    const expected = runNaively(small, picture);
    const largest = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    for (const precision of library.precisions) {
      let peer: Awaited<ReturnType<PeerLibrary["open"]>>;
      try {
        peer = await library.open(small, picture, precision);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
        t.skip(`${library.name} is not installed`);
        return;
      }
      const logits = await peer.run();
      assert.equal(logits.length, expected.length);
      // int8: 255 steps a tensor through 18 layers leave a few percent.
      const margin = largest * (precision === "fp32" ? 1e-5 : 0.1);
      expected.forEach((value, i) => {
        assert.ok(Math.abs(logits[i] - value) <= margin, `${peer.name}: logit ${i} is ${logits[i]}, expected ${value}`);
      });
      await peer.close();
    }
  });
}

const tiny = resnet18({ seed: 5, size: 32, widths: [4, 4, 8, 8], classes: 6 });
const measure = { rounds: 2, repeats: 1, warmUp: 1 };

test("every library is in the report or in a note", async () => {
  const report = checkReport(await comparePeers({ network: tiny, measure }), "peers");
  for (const { name, precisions } of libraries) {
    for (const precision of precisions) {
      const measured = report.results.some(
        ({ name: of, variant }) => of === `${name} resnet18` && variant === precision,
      );
      const noted = report.notes!.some((note) => note.startsWith(`${name} ${precision} is not measured: `));
      assert.notEqual(measured, noted, `${name} ${precision}: measured ${measured}, noted ${noted}`);
    }
  }
  const ours = report.results.filter(({ name }) => name.startsWith("xnorkit "));
  assert.deepEqual(
    ours.map(({ name, variant }) => `${name}, ${variant}`),
    ["xnorkit resnet18_e1, float input", "xnorkit resnet18_e1, byte input", "xnorkit awnas_resnet18, float input"],
  );
  for (const { ratios } of ours) assert.equal(Object.keys(ratios).length, report.results.length - ours.length);
});

test("a library that fails, or computes something else, leaves a note", async () => {
  const fake = (name: string, run: () => Promise<Float32Array>): PeerLibrary => ({
    name,
    precisions: ["fp32"],
    version: () => "1",
    open: async (_network, _picture, precision) => ({
      name: `${name} ${precision}`,
      precision,
      run,
      close: async () => {},
    }),
  });
  const right = fake("right", async () => Float32Array.of(1, 2, 3, 4, 5, 6));
  const wrong = fake("wrong", async () => Float32Array.of(6, 5, 4, 3, 2, 1));
  const broken = fake("broken", () => Promise.reject(new Error("no such thing\nat all")));
  const { notes, results } = await comparePeers({ network: tiny, measure }, [right, broken, wrong]);
  assert.equal(notes?.length, 2);
  assert.match(notes[0], /^broken fp32 is not measured: no such thing$/);
  assert.match(notes[1], /^wrong fp32 is not measured: its logits are not those of the float network/);
  assert.deepEqual(Object.keys(results[0].ratios), ["right fp32"]);
  const filtered = await comparePeers({ network: tiny, measure, filter: "BROKEN" }, [right, broken, wrong]);
  assert.equal(filtered.notes?.length, 1);
  assert.deepEqual(filtered.results[0].ratios, {});
});
