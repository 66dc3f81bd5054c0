/** Random graphs as programs: every kind of node, kernel, type and layout, with and without taps, bit for bit. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { randomWeights } from "../../src/models/random_weights.js";
import { compileProgram } from "../../src/runtime/compile_program.js";
import { loadProgram } from "../../src/runtime/program.js";
import { createSession } from "../../src/runtime/session.js";
import { specification } from "../compiler/random_choices.js";
import { buildRandomGraph } from "../compiler/random_graph.js";
import { seededRandom } from "../formats/support.js";
import { bitsOf, inputOf, outcome, withChangedSteps } from "./program_support.js";

test("random graphs give the session's bits", async () => {
  const kernel = fc.constantFrom("table" as const, "popcount" as const, "auto" as const);
  await fc.assert(
    fc.asyncProperty(specification, kernel, fc.boolean(), async (specified, kernel, tapped) => {
      const graph = buildRandomGraph(specified);
      const model = { graph, weights: randomWeights(graph, specified.seed) };
      const type = specified.bytes ? "u8" : "f32";
      const taps = tapped ? graph.nodes.slice(1).map(({ name }) => name) : [];
      const session = await createSession(model, { kernel, taps });
      const program = await loadProgram(await compileProgram(model, { kernel, taps, inputType: type }));
      const input = inputOf(graph.inputShape, type, specified.seed);
      assert.deepEqual(bitsOf(program.run(input)), bitsOf(session.run(input)));
      for (const name of taps) assert.deepEqual(bitsOf(program.tap(name)), bitsOf(session.tap(name)), name);
      program.dispose();
      session.dispose();
    }),
    { numRuns: 300 },
  );
});

test("random graphs with words of their steps changed are refused or run, and end", async () => {
  const random = seededRandom(2);
  await fc.assert(
    fc.asyncProperty(
      specification,
      fc.constantFrom("table" as const, "popcount" as const),
      async (specified, kernel) => {
        const graph = buildRandomGraph(specified);
        const model = { graph, weights: randomWeights(graph, specified.seed) };
        const file = await compileProgram(model, { kernel, inputType: specified.bytes ? "u8" : "f32" });
        for (let round = 0; round < 50; round++)
          await outcome(withChangedSteps(file, random, { changes: 1, work: 2e7 }));
      },
    ),
    { numRuns: 400 },
  );
});
