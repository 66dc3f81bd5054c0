/** Windows that pad each side of a map by itself, or as TensorFlow's SAME, on every kernel and at every border. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { BorderValue, Node, Padding } from "../../src/graph/types.js";
import { windowPlaces } from "../../src/graph/window.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { runReference } from "../../src/reference/index.js";
import { createSession } from "../../src/runtime/session.js";
import { compare } from "../goldens/support.js";
import { binary, conv, graphOf, maxPool, relu, sign } from "./small_graphs.js";
import { noise } from "./support.js";

const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

const windows = fc
  .record({
    size: pair(1, 14),
    batch: fc.integer({ min: 1, max: 2 }),
    channels: fc.integer({ min: 1, max: 9 }),
    kernel: pair(1, 5),
    stride: pair(1, 3),
    dilation: pair(1, 2),
    padding: fc.oneof(fc.constant("same" as const), fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(3))),
    padValue: fc.constantFrom<BorderValue>(-1, 0, 1),
    method: fc.constantFrom("det_sign", "sign", "round", "dorefa"),
    kind: fc.constantFrom("conv2d", "binaryConv2d", "maxPool", "avgPool", "quantized in float"),
    kernels: fc.constantFrom("table", "popcount"),
    byteInput: fc.boolean(),
    seed: fc.integer({ min: 1, max: 1e6 }),
  })
  .filter(({ size, kernel, stride, dilation, padding, kind }) => {
    const pool = kind.endsWith("Pool");
    if (pool && padding !== "same" && padding.some((side, i) => side >= kernel[i % 2])) return false;
    const window = { kernel, stride, padding, dilation: pool ? ([1, 1] as const) : dilation };
    return windowPlaces(window, size).every((places) => places >= 1);
  });

type Case = typeof windows extends fc.Arbitrary<infer C> ? C : never;

function nodesOf({ kernel, stride, dilation, padding, padValue, method, kind, channels }: Case): readonly Node[] {
  const window = { kernel, stride, padding: padding as Padding };
  if (kind === "maxPool") return [{ ...maxPool("p", "x"), ...window } as Node];
  if (kind === "avgPool") return [{ ...maxPool("p", "x"), kind, countIncludePad: false, ...window } as Node];
  if (kind === "conv2d") return [{ ...conv("c", "x", { channels: 7 }), ...window, dilation } as Node, relu("r", "c")];
  const pack = { ...sign("s", "x"), method, bits: method === "round" || method === "dorefa" ? 2 : 1 } as Node;
  const layer = { ...binary("c", "s", { channels: 7, padValue }), ...window, dilation };
  // Grouped layers are computed in float, their border written out.
  const groups = kind === "quantized in float" && channels % 7 === 0 ? 7 : 1;
  return kind === "binaryConv2d" ? [pack, layer as Node] : [{ ...layer, inputs: ["x"], groups } as Node];
}

test("any padding gives the reference's numbers", async () => {
  const kinds = new Set<string>();
  await fc.assert(
    fc.asyncProperty(windows, async (c) => {
      const graph = graphOf(nodesOf(c), [c.batch, c.channels, ...c.size]);
      const weights = randomWeights(graph, c.seed);
      const { shape, data } = noise(graph.inputShape, c.seed);
      const input = c.byteInput ? { shape, data: Uint8Array.from(data, (x) => x * 40 + 128) } : { shape, data };
      const expected = runReference(graph, weights, input).output;
      const session = await createSession({ graph, weights }, { kernel: c.kernels, byteStem: true });
      const actual = session.run(input);
      assert.deepEqual(actual.shape, expected.shape);
      const { difference, scale } = compare(actual.data as Float32Array, expected.data);
      // A byte stem may be off by a ten thousandth of its range.
      assert.ok(difference <= (c.byteInput && c.kind === "conv2d" ? 2e-4 : 1e-5) * scale, `${difference} of ${scale}`);
      for (const { kind } of session.profile(0)) kinds.add(kind);
    }),
    { numRuns: 600 },
  );
  for (const kind of ["conv2d", "conv2d (bytes)", "binaryConv2d (table)", "planesConv2d (popcount)", "border"]) {
    assert.ok(kinds.has(kind), `${kind} is not among ${[...kinds].join(", ")}`);
  }
});

test("one session resolves SAME for the size of each input", async () => {
  const layer = { ...binary("c", "s"), stride: [2, 2], padding: "same", padValue: 0 } as Node;
  const pool = { ...maxPool("p", "c"), kernel: [3, 3], padding: "same" } as Node;
  const graph = graphOf([sign("s", "x"), layer, pool], [1, 8, 8, 8]);
  const weights = randomWeights(graph, 1);
  for (const kernel of ["table", "popcount"] as const) {
    const session = await createSession({ graph, weights }, { kernel });
    for (const size of [8, 9, 10, 13]) {
      const input = noise([1, 8, size, size], size);
      const expected = runReference(graph, weights, input).output;
      const actual = session.run(input);
      assert.deepEqual(actual.shape, expected.shape);
      assert.deepEqual(Array.from(actual.data), Array.from(expected.data));
    }
  }
});
