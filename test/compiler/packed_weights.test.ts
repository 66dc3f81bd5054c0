/** Weights stored as bits with scales and zeros give the numbers of the floats they were packed from, on every path. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { packWeight } from "../../src/bits.js";
import { weightPlanes } from "../../src/compiler/binary/weight_planes.js";
import { weightScale } from "../../src/compiler/binary/weight_sums.js";
import { loadModel, saveModel } from "../../src/formats/packed_model.js";
import type { ActivationQuantizer, BinaryConv2dNode, Graph, Node } from "../../src/graph/types.js";
import { runReference } from "../../src/reference/index.js";
import { createSession } from "../../src/runtime/session.js";
import type { Weight, Weights } from "../../src/weights.js";
import { compare } from "../goldens/support.js";
import { binary, graphOf, sign } from "./small_graphs.js";
import { noise } from "./support.js";

interface Case {
  readonly method: ActivationQuantizer;
  readonly conv: Partial<BinaryConv2dNode>;
  readonly zeros: boolean;
}

function cases(): readonly Case[] {
  const all: Case[] = [];
  const geometries = [
    { padValue: -1, groups: 1 },
    { padValue: 0, groups: 1 },
    { padValue: 1, groups: 1 },
    { padValue: 0, groups: 2 },
  ] as const;
  for (const method of ["det_sign", "sign", "round", "identity"] as const)
    for (const quantizer of ["det_sign", "sign"] as const)
      for (const scaling of ["none", "channel", "tensor"] as const)
        for (const zeros of [false, true])
          for (const geometry of geometries)
            all.push({ method, conv: { quantizer, scaling, offset: false, ...geometry }, zeros });
  return all;
}

function graphOfCase({ method, conv }: Case): Graph {
  const quantized = { ...sign("s", "x"), method, bits: method === "identity" ? 32 : 2 } as Node;
  return graphOf([quantized, { ...binary("c", "s", { channels: 6 }), ...conv } as Node], [2, 10, 5, 4]);
}

/** Values in -1.4 .. 1.4, which a clamp changes. */
function floatsOf({ conv, zeros }: Case): Weights {
  const shape = [6, 10 / (conv.groups ?? 1), 3, 3];
  const { data } = noise(shape, 5);
  const values = Float32Array.from(data, (w, i) => (zeros && i % 7 === 0 ? 0 : w / 2));
  return new Map<string, Weight>([["c.w", { kind: "f32", shape, data: values }]]);
}

test("every quantiser, scale and border, as planes and in float, on both kernels", async () => {
  for (const one of cases()) {
    const graph = graphOfCase(one);
    const floats = floatsOf(one);
    const { weights } = loadModel(saveModel({ graph, weights: floats }));
    assert.equal(weights.get("c.w")?.kind, "bits");
    const input = noise(graph.inputShape, 3);
    const expected = runReference(graph, floats, input).output.data;
    const what = JSON.stringify(one);
    const packed = compare(runReference(graph, weights, input).output.data, expected);
    assert.ok(packed.difference <= 1e-6 * packed.scale, `${what}: the reference differs by ${packed.difference}`);
    for (const kernel of ["table", "popcount"] as const) {
      const session = await createSession({ graph, weights }, { kernel });
      const { difference, scale } = compare(session.run(input).data as Float32Array, expected);
      assert.ok(difference <= 1e-5 * scale, `${what} on ${kernel}: ${difference} at a scale of ${scale}`);
    }
  }
});

test("packed and float weights become the same planes, and scales but for the rounding to f32", () => {
  for (const one of cases()) {
    const floats = floatsOf(one).get("c.w")!;
    const quantizer = one.conv.quantizer as "det_sign" | "sign";
    const scaling = one.conv.scaling!;
    const bits = packWeight(floats.data as Float32Array, floats.shape, { signs: quantizer, scaling });
    const expected = weightPlanes(floats, quantizer, 1, "c.w")!;
    const actual = weightPlanes(bits, quantizer, 1, "c.w")!;
    assert.deepEqual(actual.code, expected.code);
    assert.equal(actual.planes.length, one.zeros && quantizer === "sign" ? 2 : 1);
    assert.deepEqual(
      actual.planes.map(({ data }) => data),
      expected.planes.map(({ data }) => data),
    );
    const scale = weightScale(floats, quantizer, scaling, "c.w");
    assert.deepEqual(weightScale(bits, quantizer, scaling, "c.w"), scale?.map(Math.fround) ?? null);
  }
});

test("bits without a scale, and bits for more than 1 bit, are refused", () => {
  const shape = [2, 3, 1, 1];
  const bits: Weight = { kind: "bits", shape, data: new Uint8Array(2) };
  assert.throws(() => weightScale(bits, "det_sign", "channel", "c.w"), /c\.w is packed to bits without a scale/);
  assert.throws(() => weightPlanes(bits, "dorefa", 1, "c.w"), /c\.w is packed to 1 bit.*needs the float values/);
});
