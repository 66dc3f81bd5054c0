/** The memory of a session: what grows, what is shared, what is refused, and what no run may touch. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { XnorkitError } from "../../src/errors.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { resnetE } from "../../src/models/resnet_e.js";
import { hostMemory } from "../../src/runtime/memory.js";
import { createSession } from "../../src/runtime/session.js";
import { elementCount, type Shape, type Tensor } from "../../src/tensor.js";

const graph = resnetE({
  version: 1,
  layers: [1, 1, 1, 1],
  inputShape: [1, 3, 32, 32],
  initialLayers: "imagenet",
  classes: 7,
  channels: [9, 9, 16, 24, 67],
});
const weights = randomWeights(graph, 7);
const model = { graph, weights };

function image(shape: Shape, seed = 0): Tensor {
  return { shape, data: Float32Array.from({ length: elementCount(shape) }, (_, i) => Math.sin(seed + i * 0.7)) };
}

function refusal(code: string, pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof XnorkitError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, pattern);
    return true;
  };
}

test("allocations are aligned, apart and inside the memory; the last one is extended where it lies", () => {
  const host = hostMemory();
  const first = host.allocate(100);
  const second = host.allocate(1);
  assert.equal(first % 64, 0);
  assert.equal(second % 64, 0);
  assert.ok(second >= first + 100);

  const block = host.extend({ address: 0, bytes: 0 }, 70);
  assert.ok(block.address > second && block.bytes === 70);
  assert.equal(host.extend(block, 60), block);
  const longer = host.extend(block, 200_000);
  assert.deepEqual(longer, { address: block.address, bytes: 200_000 });
  assert.ok(host.memory.buffer.byteLength >= longer.address + longer.bytes);

  const behind = host.allocate(10);
  assert.ok(behind >= longer.address + longer.bytes);
  const moved = host.extend(longer, 300_000);
  assert.ok(moved.address >= behind + 10);
});

test("temporary bytes are taken by the next allocation", () => {
  const host = hostMemory();
  const temporary = host.temporary(1000);
  assert.equal(host.temporary(2000), temporary);
  assert.equal(host.allocate(10), temporary);
});

test("more than WebAssembly gives is refused, and the memory goes on as before", () => {
  const host = hostMemory();
  const before = host.memory.buffer.byteLength;
  for (const bytes of [2 ** 32, 2 ** 40, 2 ** 52]) {
    assert.throws(
      () => host.allocate(bytes),
      refusal("out-of-memory", /cannot grow from \d+ to \d+ bytes: use a smaller/),
    );
    assert.throws(() => host.temporary(bytes), refusal("out-of-memory", /cannot grow/));
  }
  assert.equal(host.memory.buffer.byteLength, before);
  const address = host.allocate(10);
  assert.ok(address >= before && address + 10 <= host.memory.buffer.byteLength);
  assert.ok(host.memory.buffer.byteLength <= before + 65536);
});

test("a session that was refused a batch still runs what it ran", async () => {
  const session = await createSession(model, { taps: ["features.4"] });
  const input = image([1, 3, 32, 32]);
  const output = session.run(input);
  const tapped = session.tap("features.4");
  const bytes = session.memoryBytes;
  // 768 MB of pixels would fit, with the float maps made of them they do not. They are never read, so they take no
  // memory here.
  const wide: Tensor = { shape: [1, 3, 16000, 16000], data: new Uint8Array(3 * 16000 * 16000) };
  assert.throws(() => session.run(wide), refusal("out-of-memory", /MiB/));
  assert.equal(session.memoryBytes, bytes);
  assert.deepEqual(session.tap("features.4"), tapped);
  assert.deepEqual(session.run(input), output);
  await assert.rejects(
    createSession(model, { inputShape: [1e8, 3, 32, 32] }),
    refusal("out-of-memory", /smaller batch|batches/),
  );
});

test("plans of other shapes share the constants, and their arenas grow in one place", async () => {
  const single = await createSession(model, { inputShape: [12, 3, 32, 32], kernel: "table" });
  single.run(image([12, 3, 32, 32]));
  const many = await createSession(model, { kernel: "table" });
  for (let batch = 1; batch <= 12; batch++) many.run(image([batch, 3, 32, 32]));
  // Two arenas at most: the first is followed by constants that only the second plan has.
  assert.ok(many.memoryBytes <= 2 * single.memoryBytes, `${many.memoryBytes} and ${single.memoryBytes} bytes`);
  const steady = many.memoryBytes;
  for (let batch = 12; batch >= 1; batch--) many.run(image([batch, 3, 32, 32]));
  assert.equal(many.memoryBytes, steady);
});

test("results are arrays of their own: growth and disposal leave them alone", async () => {
  const session = await createSession(model, { taps: ["features.4"] });
  const input = image([1, 3, 32, 32], 3);
  const output = session.run(input);
  const tapped = session.tap("features.4");
  const kept = [Float32Array.from(output.data), Float32Array.from(tapped.data)];
  const before = session.memoryBytes;
  const large = session.run(image([4, 3, 96, 96], 4));
  assert.ok(session.memoryBytes > before);
  assert.deepEqual(session.tap("features.4").shape, [4, tapped.shape[1], 24, 24]);
  assert.deepEqual(session.run(input).data, kept[0]);
  assert.deepEqual(session.tap("features.4").data, kept[1]);
  const largeKept = Float32Array.from(large.data);
  session.dispose();
  session.dispose();
  assert.deepEqual([output.data, tapped.data, large.data], [...kept, largeKept]);
  for (const use of [() => session.run(input), () => session.tap("features.4"), () => session.profile()]) {
    assert.throws(use, refusal("bad-option", /was disposed: create another/));
  }
});

test("two sessions of one model do not touch each other", async () => {
  const [a, b] = await Promise.all([createSession(model), createSession(model)]);
  const inputs = [image([1, 3, 32, 32], 1), image([1, 3, 32, 32], 2)];
  const expected = inputs.map((input) => a.run(input).data);
  b.run(inputs[1]);
  assert.deepEqual(a.run(inputs[0]).data, expected[0]);
  a.dispose();
  assert.deepEqual(b.run(inputs[1]).data, expected[1]);
});

test("only the two arrays that a network reads are taken, from any realm", async () => {
  const session = await createSession(model);
  const shape = [1, 3, 32, 32];
  for (const [data, pattern] of [
    [new Uint8ClampedArray(3072), /is Uint8ClampedArray: give a Float32Array/],
    [new Float64Array(3072), /is Float64Array/],
    [new Array(3072).fill(0), /is object/],
    [undefined, /is undefined/],
  ] as const) {
    assert.throws(() => session.run({ shape, data } as unknown as Tensor), refusal("bad-value", pattern));
  }
  const { runInNewContext } = await import("node:vm");
  const foreign = runInNewContext("Uint8Array.from({ length: 3072 }, (_, i) => i % 256)");
  assert.ok(!(foreign instanceof Uint8Array));
  const own = Uint8Array.from({ length: 3072 }, (_, i) => i % 256);
  assert.deepEqual(session.run({ shape, data: foreign }), session.run({ shape, data: own }));
});

test("a module that is not the kernels' is refused", async () => {
  // (module), and (module (import "other" "f" (func)))
  const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  const empty = Uint8Array.from(header);
  const types = [0x01, 0x04, 0x01, 0x60, 0x00, 0x00];
  const imports = [0x02, 0x0b, 0x01, 0x05, 0x6f, 0x74, 0x68, 0x65, 0x72, 0x01, 0x66, 0x00, 0x00];
  const foreign = Uint8Array.from([...header, ...types, ...imports]);
  await assert.rejects(
    createSession(model, { wasm: empty }),
    refusal("bad-option", /without the kernel \w+: give the/),
  );
  await assert.rejects(createSession(model, { wasm: foreign }), refusal("bad-option", /not the kernels' module/));
  await assert.rejects(
    createSession(model, { wasm: Uint8Array.from([1, 2]) }),
    refusal("unsupported", /did not compile/),
  );
});
