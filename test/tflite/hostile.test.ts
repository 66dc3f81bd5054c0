/**
 * Hostile .tflite files: one sentence or a valid graph, whatever they ask for; what must stay small is counted, not
 * timed.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { importTflite, isTflite } from "../../src/tflite.js";
import { seededRandom, throwsError } from "../formats/support.js";
import { skipWithout } from "../support/shared.js";
import { damage, isRead, readVictim } from "./hostile_support.js";
import { netWriter } from "./writer.js";

describe("damaged files", { skip: skipWithout("goldens/tflite") }, () => {
  it("2,000 mutations of a network of all kinds of operators", () => {
    const random = seededRandom(5);
    const victims = ["lce_quicknet_mini", "lce_int8_stem", "lce_bitpacked_chain3"].map((name) =>
      readVictim(`${name}.tflite`),
    );
    for (let n = 0; n < 2000; n++) isRead(damage(victims[n % 3], random), `mutation ${n}`);
  });

  it("cut at every byte of its tables", () => {
    const { bytes, places } = readVictim("lce_bmaxpool_c40.tflite");
    let read = 0;
    for (const end of places) if (isRead(bytes.subarray(0, end), `cut at ${end}`)) read++;
    assert.ok(read < places.length / 10, `${read} of ${places.length} cut files are read`);
  });
});

describe("files that ask for more than they hold", () => {
  it("what is no file of this format", () => {
    assert.equal(isTflite(new Uint8Array(7)), false);
    throwsError(() => importTflite(new Uint8Array(0)), "bad-file", /no TensorFlow Lite file/);
    const empty = Uint8Array.of(8, 0, 0, 0, 0x54, 0x46, 0x4c, 0x33);
    assert.equal(isTflite(empty), true);
    throwsError(() => importTflite(empty), "bad-file", /byte 0 the root table points to byte 8/);
  });

  it("a long constant that many operators share", () => {
    const net = netWriter();
    const channels = 1 << 18;
    const shape = [1, 1, 1, channels];
    const input = net.tensor({ shape, type: "f32" });
    const constant = net.floats([channels], new Float32Array(channels));
    let last = input;
    for (let n = 0; n < 2000; n++) last = net.add(0, [last, constant], { shape, type: "f32" });
    throwsError(() => importTflite(net.bytes([input], [last])), "bad-file", /takes more than [\d,]+ in memory/);
  });

  it("a scalar that becomes a parameter of millions of channels, again and again", () => {
    const net = netWriter();
    const input = net.tensor({ shape: [1, 1 << 20], type: "f32" });
    const scalar = net.floats([], [2]);
    let last = input;
    for (let n = 0; n < 100; n++) last = net.add(18, [last, scalar], { shape: [], type: "f32" });
    throwsError(() => importTflite(net.bytes([input], [last])), "bad-file", /takes more than [\d,]+ in memory/);
  });

  it("maps that no memory holds", () => {
    const net = netWriter();
    const input = net.tensor({ shape: [1, 1 << 15, 1 << 15, 2], type: "f32" });
    const last = net.add(19, [input], { shape: [], type: "f32" });
    throwsError(() => importTflite(net.bytes([input], [last])), "unsupported", /1x32768x32768x2/);
    const small = netWriter();
    const x = small.tensor({ shape: [1, 1 << 14, 1 << 14, 1], type: "f32" });
    const sides = small.integers([4, 2], [0, 0, 1 << 15, 1 << 15, 1 << 15, 1 << 15, 0, 0]);
    const padded = small.add(34, [x, sides], { shape: [], type: "f32" });
    throwsError(() => importTflite(small.bytes([x], [padded])), "bad-shape", /more than memory can hold/);
  });

  it("outputs that several operators share", () => {
    const net = netWriter();
    const input = net.tensor({ shape: [1, 1, 1, 1024], type: "f32" });
    const axis = net.integers([], [3]);
    const outputs = Array.from({ length: 1024 }, () => net.tensor({ shape: [1, 1, 1, 1], type: "f32" }));
    for (let n = 0; n < 100; n++) net.addOperator({ code: 49, inputs: [axis, input], outputs });
    throwsError(() => importTflite(net.bytes([input], [input])), "bad-file", /which is computed before/);
  });

  it("tensors that read themselves, or what comes later", () => {
    const net = netWriter();
    const input = net.tensor({ shape: [1, 2], type: "f32" });
    const [a, b] = [0, 1].map(() => net.tensor({ shape: [1, 2], type: "f32" }));
    net.addOperator({ code: 0, inputs: [input, b], outputs: [a] });
    net.addOperator({ code: 19, inputs: [a], outputs: [b] });
    throwsError(() => importTflite(net.bytes([input], [b])), "bad-file", /operator 0 \(ADD\).*reads tensor 2/);
    const twice = netWriter();
    const x = twice.tensor({ shape: [1, 2], type: "f32" });
    const y = twice.add(19, [x], { shape: [1, 2], type: "f32" });
    twice.addOperator({ code: 19, inputs: [x], outputs: [y] });
    throwsError(() => importTflite(twice.bytes([x], [y])), "bad-file", /operator 1 \(RELU\).*computed before/);
  });

  it("names of any length with any characters", () => {
    const net = netWriter();
    const name = `a\n\u0000\u202e${"é".repeat(5000)}`;
    const input = net.tensor({ shape: [1, 2, 2, 3], type: "f32", name });
    const first = net.add(19, [input], { shape: [1, 2, 2, 3], type: "f32", name });
    const last = net.add("LceQuantize", [net.add(19, [first], { shape: [1, 2, 2, 3], type: "f32", name })], {
      shape: [1, 2, 2, 1],
      type: "i32",
      name,
    });
    const { graph } = importTflite(net.bytes([input], [last]));
    assert.equal(new Set(graph.nodes.map((node) => node.name)).size, 4);
    for (const node of graph.nodes) assert.match(node.name, /^a é{76,78}\.\.\.(_\d)?$/u);
  });
});
