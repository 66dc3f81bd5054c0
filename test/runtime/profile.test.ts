/** What `profile()` says of each step: multiply-accumulates, bytes, the median of its times, and speed. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { randomWeights } from "../../src/models/random_weights.js";
import { createSession } from "../../src/runtime/session.js";
import { binary, conv, graphOf, maxPool, norm, sign } from "../compiler/small_graphs.js";
import { noise } from "../compiler/support.js";

/** 8x8 maps of 8 channels: 2048 bytes as floats, 512 as bits. */
const nodes = [conv("c", "x"), sign("s", "c"), binary("b", "s"), norm("n", "b"), maxPool("p", "n")];
const graph = graphOf(nodes);

async function ran(kernel: "table" | "popcount") {
  const session = await createSession({ graph, weights: randomWeights(graph, 1) }, { kernel });
  session.run(noise(graph.inputShape, 1));
  return session;
}

/** Runs `body` with a clock on which the n-th of all timed calls takes `duration(n)` milliseconds. */
function withClock<T>(duration: (call: number) => number, body: () => T): T {
  let reads = 0;
  let now = 1000;
  const clock = mock.method(performance, "now", () => {
    if (reads % 2 === 1) now += duration(reads >> 1);
    reads++;
    return now;
  });
  try {
    return body();
  } finally {
    clock.mock.restore();
  }
}

test("a step's bytes are those of the values it reads and writes and of its constants, each once", async () => {
  const bytes = async (kernel: "table" | "popcount") =>
    (await ran(kernel)).profile(1).map(({ kind, bytes }) => [kind, bytes]);
  const affine = 2 * 8 * 4;
  const float = [
    ["input", 2048 + 2048 + affine],
    // Input, weights, bias, bits, and the epilogue's ones and zeros, which the bias is too.
    ["conv2d", 2048 + 8 * 8 * 9 * 4 + 8 * 4 + 512 + 8 * 4],
  ];
  const rest = [
    ["maxPool", 2048 + 512],
    ["output", 512 + 512],
  ];
  // Words of 64 channels: 64 x 9 of them for 8 outputs filled up to 64; taps of 8 channels share words, two for nine.
  const border = 8;
  const table = [["binaryConv2d (table)", 512 + 64 * 9 * 8 + border + affine + 2048]];
  const popcount = [["binaryConv2d (popcount)", 512 + 8 * 2 * 8 + border + affine + 2048]];
  assert.deepEqual(await bytes("table"), [...float, ...table, ...rest]);
  assert.deepEqual(await bytes("popcount"), [...float, ...popcount, ...rest]);
});

test("multiply-accumulates are those of the layer", async () => {
  const macs = 8 * 8 * 8 * 8 * 9;
  const steps = (await ran("table")).profile(1);
  assert.deepEqual(
    steps.map(({ name, floatMacs, binaryMacs }) => [name, floatMacs, binaryMacs]),
    [
      ["x", 0, 0],
      ["c", macs, 0],
      ["b", 0, macs],
      ["p", 0, 0],
      ["output", 0, 0],
    ],
  );
});

test("milliseconds are the median of the runs, and speed follows from them", async () => {
  const session = await ran("table");
  const steps = 5;
  // Five runs of five steps: step i takes i + 1 times 7, 1, 100, 2 and 4.
  const runs = [7, 1, 100, 2, 4];
  const profiled = withClock(
    (call) => ((call % steps) + 1) * runs[Math.floor(call / steps)],
    () => session.profile(runs.length),
  );
  assert.deepEqual(
    profiled.map(({ milliseconds }) => milliseconds),
    [4, 8, 12, 16, 20],
  );
  for (const { milliseconds, binaryMacs, floatMacs, gmacPerSecond } of profiled) {
    assert.equal(gmacPerSecond, (binaryMacs + floatMacs) / (milliseconds * 1e6));
  }
  const [, float, counts] = profiled;
  assert.equal(float.gmacPerSecond, 36864 / 8e6);
  assert.equal(counts.gmacPerSecond, 36864 / 12e6);
});

test("it runs each step as often as it is told, 20 times if it is not, and a time of 0 has no speed", async () => {
  const session = await ran("popcount");
  const calls = (profile: () => unknown) => {
    let most = 0;
    withClock((call) => {
      most = call + 1;
      return 1;
    }, profile);
    return most;
  };
  assert.equal(
    calls(() => session.profile()),
    5 * 20,
  );
  assert.equal(
    calls(() => session.profile(3)),
    5 * 3,
  );
  const still = withClock(
    () => 0,
    () => session.profile(2),
  );
  assert.deepEqual([...new Set(still.map(({ gmacPerSecond }) => gmacPerSecond))], [0]);
});

test("it changes no result", async () => {
  const session = await ran("table");
  const input = noise(graph.inputShape, 1);
  const before = session.run(input).data;
  session.profile(2);
  assert.deepEqual(session.run(input).data, before);
});
