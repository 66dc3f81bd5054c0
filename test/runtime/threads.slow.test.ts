/** Threads: the same bits with any number, runs that overlap, workers that end, fail or are ended in the middle. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
import { type TestContext, test } from "node:test";
import workerThreads, { type Worker } from "node:worker_threads";
import type { KernelName } from "../../src/abi/call.js";
import { RESERVED_BYTES } from "../../src/abi/constants.js";
import { XnorkitError } from "../../src/errors.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { resnetE } from "../../src/models/resnet_e.js";
import type { LinkedStep } from "../../src/runtime/link.js";
import { hostMemory } from "../../src/runtime/memory.js";
import { kernelModule, sharedModule } from "../../src/runtime/module.js";
import { createSession, type SessionOptions } from "../../src/runtime/session.js";
import { regionBytes, scratchStride, type Team } from "../../src/runtime/team.js";
import { openTeam } from "../../src/runtime/team_open.js";
import { elementCount, type Shape, type Tensor } from "../../src/tensor.js";

/** The worker threads that sessions start from here to the end of a test. */
function startedWorkers(t: TestContext): Worker[] {
  const started: Worker[] = [];
  const { Worker: Original } = workerThreads;
  workerThreads.Worker = class extends Original {
    constructor(...args: ConstructorParameters<typeof Original>) {
      super(...args);
      started.push(this);
    }
  };
  syncBuiltinESMExports();
  t.after(() => {
    workerThreads.Worker = Original;
    syncBuiltinESMExports();
  });
  return started;
}

const graph = resnetE({
  version: 1,
  layers: [1, 1, 1, 1],
  inputShape: [1, 3, 64, 64],
  initialLayers: "imagenet",
  classes: 7,
  channels: [32, 32, 64, 128, 256],
});
const model = { graph, weights: randomWeights(graph, 7) };

function image(shape: Shape = graph.inputShape, seed = 0): Tensor {
  return { shape, data: Float32Array.from({ length: elementCount(shape) }, (_, i) => Math.sin(seed + i * 0.7)) };
}

function refusal(code: string, pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof XnorkitError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, pattern);
    return true;
  };
}

test("a session says how many threads it has, and refuses what is no number of them", async () => {
  for (const [threads, expected] of [
    [undefined, 1],
    [1, 1],
    [3, 3],
  ] as const) {
    const session = await createSession(model, { threads });
    assert.equal(session.threads, expected);
    session.dispose();
  }
  const auto = await createSession(model, { threads: "auto" });
  assert.ok(auto.threads >= 1 && auto.threads <= 8);
  auto.dispose();
  for (const threads of [0, -1, 1.5, 65, Number.NaN, "2", "all", null, true]) {
    await assert.rejects(
      createSession(model, { threads } as unknown as SessionOptions),
      refusal("bad-option", /the option threads of createSession must be an integer from 1 to 64, or "auto"/),
    );
  }
});

test("a caller's own build runs with threads if it is the shared one, and alone if it is another", async () => {
  const input = image();
  const expected = (await createSession(model)).run(input).data;
  const shared = (await sharedModule()) as WebAssembly.Module;
  for (const [wasm, threads, found] of [
    [shared, 2, 2],
    [shared, 1, 1],
    [await kernelModule(), 2, 1],
  ] as const) {
    const session = await createSession(model, { wasm, threads });
    assert.equal(session.threads, found);
    assert.deepEqual(session.run(input).data, expected);
    assert.deepEqual((await session.runAsync(input)).data, expected);
    session.dispose();
  }
});

test("measured kernels, profiles, taps and shapes that come later work as with one thread", async () => {
  const options = { taps: ["features.4"], kernel: "auto", plans: 2 } as const;
  const one = await createSession(model, options);
  const two = await createSession(model, { ...options, threads: 2 });
  const tuned = await createSession(model, { ...options, threads: 2, tune: true });
  assert.throws(() => two.tap("features.4"), refusal("bad-option", /no value before the first run/));
  for (const size of [64, 96, 64, 33, 200, 96, 64]) {
    const input = image([1 + (size % 2), 3, size, size + 3], size);
    const expected = one.run(input);
    assert.deepEqual(two.run(input), expected);
    assert.deepEqual(await tuned.runAsync(input), expected);
    assert.deepEqual(two.tap("features.4"), one.tap("features.4"));
    assert.deepEqual(tuned.tap("features.4"), one.tap("features.4"));
  }
  const names = (session: typeof one) => session.profile(3).map(({ name }) => name);
  assert.deepEqual(names(two), names(one));
  assert.ok(two.profile(3).some(({ milliseconds }) => milliseconds > 0));
  assert.ok(two.memoryBytes > 0);
  for (const session of [one, two, tuned]) session.dispose();
  assert.equal(two.memoryBytes, 0);
});

test("memory that only older plans needed is given back with threads too", async () => {
  const session = await createSession(model, { threads: 2, plans: 1 });
  const expected = (await createSession(model)).run(image()).data;
  session.run(image([1, 3, 800, 800]));
  const large = session.memoryBytes;
  for (let round = 0; round < 3; round++) {
    assert.deepEqual(session.run(image()).data, expected);
    assert.ok(session.memoryBytes < large);
    session.run(image([1, 3, 800, 800]));
  }
  session.dispose();
});

test("limits count the scratch of every thread", async () => {
  const alone = await createSession(model);
  const limits = { memoryBytes: alone.memoryBytes };
  await assert.rejects(
    createSession(model, { threads: 4, limits }),
    refusal("out-of-memory", /limits.memoryBytes|cannot grow/),
  );
  const limited = await createSession(model, { threads: 2, limits: { memoryBytes: 2 ** 24 } });
  assert.deepEqual(limited.run(image()).data, alone.run(image()).data);
  assert.throws(() => limited.run(image([1, 3, 900, 900])), refusal("out-of-memory", /limits.memoryBytes/));
  assert.deepEqual(limited.run(image()).data, alone.run(image()).data);
  limited.dispose();
});

test("calls of runAsync take turns; run, tap and profile are refused meanwhile", async () => {
  for (const threads of [1, 2, 3]) {
    const session = await createSession(model, { threads, taps: ["features.4"] });
    const inputs = [1, 2, 3, 4].map((seed) => image([seed, 3, 64, 64], seed));
    const expected = inputs.map((input) => session.run(input));
    const turns = inputs.map((input) => session.runAsync(input));
    for (const use of [() => session.run(inputs[0]), () => session.tap("features.4"), () => session.profile()]) {
      assert.throws(use, refusal("bad-option", /runAsync of \w+ is not finished: await it/));
    }
    assert.deepEqual(await Promise.all(turns), expected);
    const wrong = session.runAsync({ shape: [1, 4, 64, 64], data: new Float32Array(4 * 64 * 64) });
    const right = session.runAsync(inputs[1]);
    await assert.rejects(wrong, refusal("bad-shape", /3 channels/));
    assert.deepEqual(await right, expected[1]);
    assert.deepEqual(session.run(inputs[0]), expected[0]);
    session.dispose();
    await assert.rejects(session.runAsync(inputs[0]), refusal("bad-option", /was disposed/));
  }
});

test("dispose ends a runAsync that is under way, those that wait, and all workers", async (t) => {
  const workers = startedWorkers(t);
  for (let round = 0; round < 6; round++) {
    workers.length = 0;
    const session = await createSession(model, { threads: 3 });
    const ends = workers.map((worker) => new Promise((resolve) => worker.once("exit", resolve)));
    assert.equal(ends.length, 2);
    const turns = [image([4, 3, 160, 160]), image(), image()].map((input) => session.runAsync(input));
    const outcomes = Promise.allSettled(turns);
    for (let tick = 0; tick < round; tick++) await new Promise((resolve) => setImmediate(resolve));
    session.dispose();
    for (const outcome of await outcomes) {
      if (outcome.status === "rejected") assert.ok(outcome.reason instanceof XnorkitError, String(outcome.reason));
    }
    // The workers hold nothing up, this test's process neither.
    const alive = setInterval(() => {}, 1000);
    await Promise.all(ends);
    clearInterval(alive);
  }
});

test("a worker that is killed ends the run, and later ones, with a sentence", async (t) => {
  const workers = startedWorkers(t);
  const gone = refusal("worker-failed", /a worker thread is gone \(.*\): create another session/);
  for (let round = 0; round < 8; round++) {
    workers.length = 0;
    const session = await createSession(model, { threads: 3 });
    const input = image([2, 3, 160, 160]);
    session.run(input);
    const [victim] = workers;
    setTimeout(() => void victim.terminate(), 3 * round);
    await assert.rejects(async () => {
      for (;;) await session.runAsync(input);
    }, gone);
    assert.throws(() => session.run(input), gone);
    await assert.rejects(session.runAsync(input), gone);
    session.dispose();
  }
});

/** A step whose every task copies bytes, from and to where a function of its number says. */
function copies(tasks: number, bytes: number, at: (task: number) => { src: number; dst: number }): LinkedStep {
  const kernel: KernelName = "copyBytes";
  const phase = Array.from({ length: tasks }, (_, task) => {
    const { src, dst } = at(task);
    return Array.from({ length: 200 }, () => ({ kernel, args: [dst, src, bytes], scratch: 0 }));
  });
  return { phases: [phase], flag: -1, alternative: [] };
}

async function smallTeam(threads: number, patience?: number) {
  const module = await sharedModule();
  assert.ok(module !== null);
  const host = hostMemory(2 ** 26, true);
  const regions = host.allocate(regionBytes(threads));
  const team: Team = await openTeam({ module, memory: host.memory, threads, regions, patience });
  const area = host.allocate(2 ** 24);
  return { team, host, area };
}

test("a trap in a kernel of any thread ends the run with what it says; the next run is as before", async () => {
  const { team, host, area } = await smallTeam(3);
  const outside = host.memory.buffer.byteLength;
  const fill = (value: number) => new Uint8Array(host.memory.buffer, area, 1024).fill(value);
  const good = team.prepare([copies(9, 1024, (task) => ({ src: area, dst: area + 1024 * (1 + task) }))], 0, 0);
  for (let round = 0; round < 40; round++) {
    const bad = team.prepare(
      [copies(9, 1024, (task) => ({ src: area, dst: task === round % 9 ? outside : area }))],
      0,
      0,
    );
    const trapped = (error: unknown) => {
      assert.match(String(error), /memory access out of bounds/);
      return error instanceof WebAssembly.RuntimeError || refusal("worker-failed", /failed in a worker thread/)(error);
    };
    assert.throws(() => team.run(bad), trapped);
    await assert.rejects(team.runAsync(bad), trapped);
    team.forget(bad);
    fill(round + 1);
    if (round % 2 === 0) team.run(good);
    else await team.runAsync(good);
    const copied = new Uint8Array(host.memory.buffer, area + 1024, 9 * 1024);
    assert.ok(copied.every((byte) => byte === round + 1));
  }
  team.dispose();
});

test("a task that a killed worker had begun is given up by a run that hears no events", async (t) => {
  const workers = startedWorkers(t);
  const { team, area } = await smallTeam(2, 300);
  // Long tasks, so that the worker is in the middle of one when it ends.
  const bytes = 2 ** 22;
  const long = team.prepare([copies(4, bytes, (task) => ({ src: area, dst: area + bytes * (task % 4) }))], 0, 0);
  const short = team.prepare([copies(4, 16, (task) => ({ src: area, dst: area + 64 * (1 + task) }))], 0, 0);
  team.run(short);
  const turn = team.runAsync(long);
  void workers[0].terminate();
  const gone = refusal("worker-failed", /a worker thread is gone/);
  await assert.rejects(turn, gone).catch(() => turn);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.throws(() => team.run(short), gone);
  team.dispose();
});

test("phases longer than a range of the shared words, and alternatives, run to the last task", async () => {
  const { team, host, area } = await smallTeam(2);
  const tasks = 70_000;
  const bytes = 16;
  const kernel: KernelName = "copyBytes";
  const task = (src: number, i: number) => [{ kernel, args: [area + 64 + bytes * i, src, bytes], scratch: 0 }];
  const phase = (src: number) => Array.from({ length: tasks }, (_, i) => task(src, i));
  const step: LinkedStep = { phases: [phase(area)], flag: (area + 48) / 4, alternative: [phase(area + 16)] };
  const steps = team.prepare([step], 0, 0);
  const words = new Int32Array(host.memory.buffer);
  for (const [flag, value] of [
    [0, 5],
    [1, 9],
    [0, 6],
  ]) {
    new Uint8Array(host.memory.buffer, area, 32).fill(99);
    new Uint8Array(host.memory.buffer, area + 16 * flag, 16).fill(value);
    words[(area + 48) / 4] = flag;
    await team.runAsync(steps);
    assert.ok(new Uint8Array(host.memory.buffer, area + 64, tasks * bytes).every((byte) => byte === value));
  }
  team.dispose();
});

test("each thread's kernels have scratch and tables of their own", async () => {
  const { team, host, area } = await smallTeam(4);
  assert.ok(area >= RESERVED_BYTES + regionBytes(4));
  assert.equal(scratchStride(1), 64);
  // Tasks that copy through the worker's scratch: a shared one would mix what they carry.
  const kernel: KernelName = "copyBytes";
  const bytes = 4096;
  const scratch = host.allocate(4 * bytes);
  const phase = Array.from({ length: 64 }, (_, i) => [
    { kernel, args: [0, area + bytes * i, bytes], scratch: 0b01 },
    { kernel, args: [area + bytes * (64 + i), 0, bytes], scratch: 0b10 },
  ]);
  const steps = team.prepare([{ phases: [phase], flag: -1, alternative: [] }], scratch, bytes);
  const source = new Uint8Array(host.memory.buffer, area, 64 * bytes);
  const target = new Uint8Array(host.memory.buffer, area + 64 * bytes, 64 * bytes);
  for (let round = 0; round < 50; round++) {
    for (let i = 0; i < 64; i++) source.fill(i + round, i * bytes, (i + 1) * bytes);
    team.run(steps);
    assert.deepEqual(target, source);
  }
  team.dispose();
});

test("workers see memory that grew while they joined", async () => {
  for (let round = 0; round < 20; round++) {
    const { team, host, area } = await smallTeam(4);
    const bytes = 2 ** 16;
    const grown = host.allocate(40 * bytes);
    const step = copies(40, bytes, (task) => ({ src: area, dst: grown + bytes * task }));
    const steps = team.prepare([step], 0, 0);
    new Uint8Array(host.memory.buffer, area, bytes).fill(round + 1);
    await team.runAsync(steps);
    assert.ok(new Uint8Array(host.memory.buffer, grown, 40 * bytes).every((byte) => byte === round + 1));
    team.dispose();
  }
});

test("Node's threads under the name of the web's workers are no workers of the web", async () => {
  const name = "Worker";
  const before = Object.getOwnPropertyDescriptor(globalThis, name);
  try {
    Object.defineProperty(globalThis, name, { value: workerThreads.Worker, configurable: true });
    const session = await createSession(model, { threads: 2 });
    assert.equal(session.threads, 2);
    session.dispose();
  } finally {
    if (before === undefined) Reflect.deleteProperty(globalThis, name);
    else Object.defineProperty(globalThis, name, before);
  }
});

test("many sessions with threads at once, one after the other", async () => {
  const expected = (await createSession(model)).run(image()).data;
  for (let round = 0; round < 3; round++) {
    const sessions = await Promise.all(Array.from({ length: 6 }, () => createSession(model, { threads: 3 })));
    const outputs = await Promise.all(sessions.map((session) => session.runAsync(image())));
    for (const { data } of outputs) assert.deepEqual(data, expected);
    for (const session of sessions) assert.deepEqual(session.run(image()).data, expected);
    for (const session of sessions) session.dispose();
  }
});

test("a process ends by itself with a session that was never disposed of, and not in the middle of a runAsync", () => {
  const code = `
    const { createSession } = await import(${JSON.stringify(new URL("../../src/runtime/session.ts", import.meta.url))});
    const { resnetE } = await import(${JSON.stringify(new URL("../../src/models/resnet_e.ts", import.meta.url))});
    const { randomWeights } = await import(
      ${JSON.stringify(new URL("../../src/models/random_weights.ts", import.meta.url))}
    );
    const channels = [64, 64, 128, 256, 512];
    const graph = resnetE({ version: 1, layers: [1, 1, 1, 1], inputShape: [1, 3, 64, 64], channels });
    const session = await createSession({ graph, weights: randomWeights(graph, 1) }, { threads: 3 });
    const input = { shape: [4, 3, 64, 64], data: new Float32Array(4 * 3 * 64 * 64) };
    session.run(input);
    session.runAsync(input).then(({ shape }) => console.log(session.threads, shape.join()));
  `;
  const args = ["--import", "tsx", "--input-type=module", "--eval", code];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 120_000 });
  assert.equal(status, 0, stderr);
  assert.equal(stdout.trim(), "3 4,1000", stderr);
});
