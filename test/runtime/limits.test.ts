/** What a session may cost, and how many plans it keeps. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { countWork, summarize } from "../../src/graph/cost.js";
import { randomWeights } from "../../src/models/random_weights.js";
import { resnetE } from "../../src/models/resnet_e.js";
import { hostMemory } from "../../src/runtime/memory.js";
import { createSession } from "../../src/runtime/session.js";
import { elementCount, type Shape, type Tensor } from "../../src/tensor.js";
import { rejectsError, throwsError } from "../formats/support.js";

const graph = resnetE({
  version: 1,
  layers: [1, 1],
  inputShape: [1, 3, 16, 16],
  initialLayers: "thumbnail",
  classes: 7,
  channels: [9, 9, 16],
});
const model = { graph, weights: randomWeights(graph, 7) };

function image(shape: Shape): Tensor {
  return { shape, data: Float32Array.from({ length: elementCount(shape) }, (_, i) => Math.sin(i * 0.7)) };
}

describe("limits of a session", () => {
  it("count every multiply-accumulate and every number", () => {
    const { binaryMacs, floatMacs, denseMacs } = summarize(graph).totals;
    const work = countWork(graph, graph.inputShape);
    assert.ok(work > binaryMacs + floatMacs + denseMacs);
    assert.equal(countWork(graph, [3, 3, 16, 16]), 3 * work);
  });

  it("refuse a network that takes longer", async () => {
    const macs = countWork(graph, graph.inputShape);
    await rejectsError(
      createSession(model, { limits: { macs: macs - 1 } }),
      "unsupported",
      /on an input of 1x3x16x16 takes [\d.e+]+ multiply-accumulates, more than the [\d.e+]+ of limits\.macs/,
    );
    const session = await createSession(model, { limits: { macs } });
    const output = session.run(image([1, 3, 16, 16]));
    throwsError(() => session.run(image([2, 3, 16, 16])), "unsupported", /limits\.macs/);
    assert.deepEqual(session.run(image([1, 3, 16, 16])), output);
    session.dispose();
  });

  it("refuse a network that takes more memory, before it is asked for", async () => {
    await rejectsError(
      createSession(model, { limits: { memoryBytes: 100_000 } }),
      "out-of-memory",
      /limits\.memoryBytes|cannot grow/,
    );
    const session = await createSession(model);
    const memoryBytes = session.memoryBytes;
    const bounded = await createSession(model, { limits: { memoryBytes } });
    const output = bounded.run(image([1, 3, 16, 16]));
    throwsError(() => bounded.run(image([64, 3, 32, 32])), "out-of-memory", /limits\.memoryBytes|cannot grow/);
    assert.equal(bounded.memoryBytes, memoryBytes);
    assert.deepEqual(bounded.run(image([1, 3, 16, 16])), output);
    for (const value of [0, -1, Number.NaN, "1", 1n]) {
      const limits = { macs: value } as never;
      await rejectsError(createSession(model, { limits }), "bad-option", /limits\.macs of createSession must be/);
    }
    await rejectsError(
      createSession(model, { limits: { memory: 1 } as never }),
      "bad-option",
      /the option limits has no option "memory": the closest are "memoryBytes"/,
    );
  });

  it("hold for an elementwise network too", async () => {
    const nodes = Array.from({ length: 2000 }, (_, i) => ({
      kind: "relu" as const,
      name: `r${i}`,
      inputs: [i === 0 ? "x" : `r${i - 1}`],
      module: "",
    }));
    const relu = {
      name: "relus",
      inputShape: [1, 1, 1000, 1000],
      nodes: [{ kind: "input" as const, name: "x", inputs: [], module: "" }, ...nodes],
      output: "r1999",
      modules: [],
    };
    await rejectsError(
      createSession({ graph: relu, weights: new Map() }, { limits: { macs: 1e9 } }),
      "unsupported",
      /takes 2\.00e\+9 multiply-accumulates/,
    );
  });
});

describe("plans of a session", () => {
  it("are bounded, and so is the memory", async () => {
    const session = await createSession(model, { plans: 3 });
    const sizes = Array.from({ length: 40 }, (_, i): Shape => [1, 3, 16 + (i % 20), 16 + Math.floor(i / 2)]);
    const first = session.run(image(sizes[0]));
    const fresh = await createSession(model, { inputShape: sizes[39] });
    fresh.run(image(sizes[39]));
    let most = 0;
    for (const size of sizes) {
      session.run(image(size));
      most = Math.max(most, session.memoryBytes);
    }
    assert.deepEqual(session.run(image(sizes[0])), first);
    // Three plans, and as much again and 16 MB before any of it is given back.
    assert.ok(most <= 3 * 2 * fresh.memoryBytes + 2 ** 25, `${most} and ${fresh.memoryBytes}`);
    fresh.dispose();
    session.dispose();
  });

  it("give the memory back when most of it is nobody's", async () => {
    const session = await createSession(model, { plans: 2 });
    const small = session.run(image([1, 3, 16, 16]));
    session.run(image([160, 3, 64, 64]));
    const large = session.memoryBytes;
    assert.ok(large > 2 ** 25, `${large}`);
    for (const side of [17, 18, 19]) session.run(image([1, 3, side, side]));
    assert.ok(session.memoryBytes < large / 4, `${session.memoryBytes} after ${large}`);
    assert.deepEqual(session.run(image([1, 3, 16, 16])), small);
    session.dispose();
  });

  it("taps are of the last run after memory was given back", async () => {
    const taps = [graph.modules[1].path];
    const session = await createSession(model, { plans: 1, taps });
    const input = image([1, 3, 16, 16]);
    session.run(input);
    const tapped = session.tap(taps[0]);
    session.run(image([160, 3, 64, 64]));
    session.run(image([1, 3, 20, 20]));
    session.run(input);
    assert.deepEqual(session.tap(taps[0]), tapped);
    session.dispose();
  });

  it("their number is an option", async () => {
    for (const plans of [0, 1.5, "2", -1]) {
      await rejectsError(
        createSession(model, { plans: plans as number }),
        "bad-option",
        /option plans of createSession/,
      );
    }
  });
});

it("a WebAssembly memory that cannot be made is a sentence", () => {
  const { Memory } = WebAssembly;
  try {
    WebAssembly.Memory = class {
      constructor() {
        throw new RangeError("WebAssembly.Memory(): could not allocate memory");
      }
    } as never;
    throwsError(() => hostMemory(), "out-of-memory", /this runtime gives no WebAssembly memory \(.*could not allocate/);
  } finally {
    WebAssembly.Memory = Memory;
  }
});

it("a runtime without WebAssembly is a sentence, with relaxed or without", async () => {
  const real = globalThis.WebAssembly;
  try {
    Object.assign(globalThis, { WebAssembly: undefined });
    for (const relaxed of [true, false]) {
      await rejectsError(createSession(model, { relaxed }), "unsupported", /no WebAssembly/);
    }
  } finally {
    Object.assign(globalThis, { WebAssembly: real });
  }
});
