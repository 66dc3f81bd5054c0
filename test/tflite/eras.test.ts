/** The forms that Larq's operators had over the years, and how a file tells which it has. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encode } from "flatbuffers/js/flexbuffers.js";
import { readFlexMap } from "../../src/formats/tflite/flexbuffer.js";
import type { BinaryConv2dNode, Node } from "../../src/graph/types.js";
import { runReference } from "../../src/reference/index.js";
import { importTflite } from "../../src/tflite.js";
import { randomFloats, seededRandom, throwsError } from "../formats/support.js";
import { type BconvCase, floatOutput } from "./lce_kernels.js";
import { netWriter, packWords } from "./writer.js";

const random = seededRandom(2020);
const filter = randomFloats(6 * 9 * 40, random);
const multiplier = randomFloats(6, random);
const bias = randomFloats(6, random);
const x = randomFloats(8 * 7 * 40, random);

const CASE: BconvCase = {
  batch: 1,
  height: 8,
  width: 7,
  channels: 40,
  outputs: 6,
  groups: 1,
  kernel: [3, 3],
  stride: [2, 1],
  dilation: [1, 1],
  padding: "SAME",
  padValue: 1,
  activation: 1,
};

const expected = (changes: Partial<BconvCase> = {}) =>
  floatOutput({ ...CASE, ...changes }, packWords(x, 40), packWords(filter, 40), multiplier, bias);

const NOW = {
  channels_in: 40,
  dilation_height_factor: 1,
  dilation_width_factor: 1,
  fused_activation_function: 1,
  pad_values: 1,
  padding: 0,
  stride_height: 2,
  stride_width: 1,
};

interface Form {
  readonly operator?: string;
  /** The operator that packs the input before; null when the convolution does so itself. */
  readonly sign?: "LceQuantize" | null;
  readonly options: Readonly<Record<string, unknown>>;
  readonly declared?: readonly number[];
  readonly filter?: "packed" | "OHWI" | "HWIO";
}

function importForm({
  operator = "LceBconv2d",
  sign = "LceQuantize",
  options,
  declared = [],
  filter: form = "packed",
}: Form) {
  const net = netWriter();
  const input = net.tensor({ shape: [1, 8, 7, 40], type: "f32" });
  const source = sign === null ? input : net.add(sign, [input], { shape: [1, 8, 7, 2], type: "i32" });
  const hwio = Float32Array.from({ length: filter.length }, (_, i) => filter[(i % 6) * 360 + Math.floor(i / 6)]);
  const weight =
    form === "packed"
      ? net.integers([6, 3, 3, 2], packWords(filter, 40))
      : form === "OHWI"
        ? net.floats([6, 3, 3, 40], filter)
        : net.floats([3, 3, 40, 6], hwio);
  const inputs = [source, weight, net.floats([6], multiplier), net.floats([6], bias)];
  const y = net.add(operator, inputs, { shape: declared, type: "f32" }, options);
  return importTflite(net.bytes([input], [y]));
}

function assertGives(form: Form, wanted: Float32Array): void {
  const { graph, weights } = importForm(form);
  const { output } = runReference(graph, weights, { shape: [1, 8, 7, 40], data: x });
  assert.equal(output.data.length, wanted.length);
  output.data.forEach((value, i) => {
    assert.ok(Math.abs(value - wanted[i]) < 1e-4, `[${i}] is ${value}, expected ${wanted[i]}`);
  });
}

const paddingOf = ({ graph }: ReturnType<typeof importForm>) =>
  graph.nodes.find((node: Node): node is BinaryConv2dNode => node.kind === "binaryConv2d")!.padding;

describe("forms of LceBconv2d", () => {
  it("of today: 0 is SAME, 1 is VALID", () => {
    assertGives({ options: NOW }, expected());
    assertGives({ options: { ...NOW, padding: 1 } }, expected({ padding: "VALID" }));
  });

  it("of mid 2020: 1 is SAME, 2 is VALID, pad_values and channels_in may be missing", () => {
    assertGives({ sign: null, options: { ...NOW, padding: 1 } }, expected());
    assertGives({ sign: null, options: { ...NOW, padding: 2 } }, expected({ padding: "VALID" }));
    const { pad_values, channels_in, ...rest } = NOW;
    assert.equal(pad_values + channels_in, 41);
    assertGives({ sign: null, options: { ...rest, padding: 1 } }, expected({ padValue: 0 }));
  });

  it("of June 2020: words", () => {
    const options = { ...NOW, padding: "SAME", fused_activation_function: "RELU6" };
    assertGives({ options }, expected({ activation: 3 }));
    assertGives(
      { options: { ...options, padding: "VALID", fused_activation_function: "NONE" } },
      expected({ padding: "VALID", activation: 0 }),
    );
  });

  it("before: vectors, formats of filters and other names", () => {
    const options = {
      strides: [1, 2, 1, 1],
      dilations: [1, 1, 1, 1],
      padding: "SAME",
      activation: "RELU",
      pad_values: 1,
    };
    assertGives({ sign: null, options: { ...options, filter_format: "OHWI_PACKED", channels_in: 40 } }, expected());
    assertGives({ sign: null, options: { ...options, filter_format: "OHWI" }, filter: "OHWI" }, expected());
    for (const operator of ["LqceBconv2d32", "LqceBconv2d64"]) {
      const { pad_values, activation, ...oldest } = options;
      assert.equal(`${activation}${pad_values}`, "RELU1");
      assertGives({ operator, sign: null, options: oldest, filter: "HWIO" }, expected({ padValue: 0, activation: 0 }));
    }
  });

  it("the declared shape decides against the number's usual meaning", () => {
    assert.deepEqual(paddingOf(importForm({ options: { ...NOW, padding: 1 }, declared: [1, 4, 7, 6] })), "same");
    assert.deepEqual(
      paddingOf(importForm({ sign: null, options: { ...NOW, padding: 1 }, declared: [1, 3, 5, 6] })),
      [0, 0],
    );
    throwsError(
      () => importForm({ options: NOW, declared: [1, 5, 5, 6] }),
      "bad-file",
      /LceBconv2d.*declares an output of 1x5x5x6.*SAME gives 4x7, VALID gives 3x5/,
    );
  });

  it("what no form has", () => {
    throwsError(() => importForm({ options: { ...NOW, padding: 3 } }), "bad-file", /option padding that is 3/);
    throwsError(() => importForm({ options: { ...NOW, pad_values: 2 } }), "bad-file", /pad_values that is 2/);
    throwsError(
      () => importForm({ options: { ...NOW, channels_in: 39 } }),
      "bad-file",
      /channels_in 39 on an input of 40/,
    );
    throwsError(() => importForm({ options: { ...NOW, fused_activation_function: 5 } }), "unsupported", /activation 5/);
    const { stride_width, ...rest } = NOW;
    assert.equal(stride_width, 1);
    throwsError(() => importForm({ options: rest }), "bad-file", /stride_width that is missing/);
  });
});

describe("FlexBuffer options", () => {
  it("integers of each width, texts and vectors, as the official encoder writes them", () => {
    const map = {
      a: 1,
      b: -1,
      c: 300,
      d: -70_000,
      e: 5_000_000_000,
      f: true,
      text: "SAME",
      list: [1, 2, 3, 4],
      nested: { x: 1 },
    };
    const { nested, f, ...read } = map;
    assert.equal(nested.x, 1);
    const found = Object.fromEntries(readFlexMap(encode(map), "test"));
    assert.deepEqual(found, { ...read, f: f ? 1 : 0 });
    assert.equal(readFlexMap(new Uint8Array(0), "test").size, 0);
  });

  it("damaged ones end in one sentence", () => {
    const bytes = encode(NOW);
    const draw = seededRandom(4);
    for (let n = 0; n < 20_000; n++) {
      const damaged = Uint8Array.from(
        bytes.subarray(0, n % 3 === 0 ? Math.floor(draw() * bytes.length) : bytes.length),
      );
      for (let i = 0; i < 1 + (n % 3) && damaged.length > 0; i++)
        damaged[Math.floor(draw() * damaged.length)] = Math.floor(draw() * 256);
      try {
        readFlexMap(damaged, "test");
      } catch (error) {
        assert.match(String(error), /XnorkitError: test has options that are no FlexBuffer map/);
      }
    }
  });
});

describe("signs of the oldest files", () => {
  const textOf = ({ notes }: ReturnType<typeof importTflite>) => notes.map(({ text }) => text).join("\n");

  /** Bsign, then a float convolution of its signs with SAME padding. */
  function importBsign(weights: Float32Array) {
    const net = netWriter();
    const input = net.tensor({ shape: [1, 8, 7, 40], type: "f32" });
    const sign = net.add("LceBsign", [input], { shape: [], type: "f32" });
    const inputs = [sign, net.floats([6, 3, 3, 40], weights), net.floats([6], bias)];
    const y = net.add(
      3,
      inputs,
      { shape: [], type: "f32" },
      {
        type: 1,
        fields: [
          [1, "i32", 1],
          [2, "i32", 2],
        ],
      },
    );
    return importTflite(net.bytes([input], [y]));
  }

  it("run on bits when all weights of a channel have one size, else in float: the same numbers", () => {
    const scaled = filter.map((w, i) => Math.sign(w) * Math.abs(multiplier[Math.floor(i / 360)]));
    const onBits = importBsign(scaled);
    assert.ok(onBits.graph.nodes.some(({ kind }) => kind === "binaryConv2d"));
    assert.match(textOf(onBits), /on bits, since its weights are signs/);
    const inFloat = importBsign(filter);
    assert.ok(!inFloat.graph.nodes.some(({ kind }) => kind === "binaryConv2d"));
    assert.match(textOf(inFloat), /in float, since its weights are not signs/);
    const positive = multiplier.map(Math.abs);
    const wanted = floatOutput(
      { ...CASE, activation: 0, padValue: 0 },
      packWords(x, 40),
      packWords(filter, 40),
      positive,
      bias,
    );
    const { output } = runReference(onBits.graph, onBits.weights, { shape: [1, 8, 7, 40], data: x });
    output.data.forEach((value, i) => {
      assert.ok(Math.abs(value - wanted[i]) < 1e-4, `[${i}] is ${value}, expected ${wanted[i]}`);
    });
  });
});
