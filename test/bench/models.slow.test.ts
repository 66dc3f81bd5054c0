/** `bench models`: sessions, steps, sizes and the cold start are in its report. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { runModelBench } from "../../bench/models.js";
import { binaryNetwork } from "../../bench/support/inputs.js";
import { startCold } from "../../bench/support/start_cold.js";
import { randomWeights } from "../../src/index.js";
import { checkReport } from "./support.js";

test("networks are in the report with their sessions, memory and steps", async () => {
  const filter = "32x32, thumbnail, float";
  const report = checkReport(await runModelBench({ runs: 1, filter, profile: true }), "models");
  const names = report.results.map(({ name }) => name);
  assert.deepEqual(names, ["resnet18_e1 32x32", "resnet18_e1 32x32: packed bytes to session"]);
  const [memory, steps] = report.tables!;
  assert.equal(memory.rows.length, 1);
  assert.ok(Number(memory.rows[0][2]) > 0);
  assert.match(steps.title, /^steps of resnet18_e1 32x32, thumbnail, float input: /);
  assert.ok(steps.rows.some(([, kind]) => String(kind).startsWith("binaryConv2d")));
});

test("networks are measured with each number of threads, their kinds of steps side by side", async () => {
  const options = { runs: 1, filter: "none of these", model: "digits", threads: [1, 2], profile: true };
  const report = checkReport(await runModelBench(options), "models");
  const names = report.results.map(({ name, variant, ratios }) => [`${name}, ${variant}`, Object.keys(ratios)]);
  for (const input of ["float input", "byte input"]) {
    assert.deepEqual(
      names.filter(([name]) => String(name).startsWith(`digits 1x32x32, ${input}`)),
      [
        [`digits 1x32x32, ${input}, 1 thread`, []],
        [`digits 1x32x32, ${input}, 2 threads`, ["1 thread"]],
      ],
    );
  }
  const scaling = report.tables!.filter(({ title }) => title.startsWith("kinds of steps of digits"));
  assert.equal(scaling.length, 2);
  assert.deepEqual(scaling[0].head, ["kind", "1 thread ms", "2 threads ms", "x"]);
  assert.ok(scaling[0].rows.some(([kind]) => String(kind).startsWith("binaryConv2d")));
});

test("scale lists sizes and batches, smallest first", async () => {
  const report = checkReport(await runModelBench({ scale: true, runs: 1, filter: "32x32 batch 1" }), "scale");
  assert.deepEqual(
    report.results.map(({ variant }) => variant),
    ["32x32 batch 1", "32x32 batch 16"],
  );
  assert.equal(report.tables![0].rows.length, 2);
});

test("a fresh process reaches its first result", async (t) => {
  if (!existsSync(new URL("../../dist/cli/cold_start.js", import.meta.url))) {
    t.skip("dist is not built");
    return;
  }
  const graph = binaryNetwork({ initialLayers: "thumbnail", inputShape: [1, 3, 32, 32], classes: 10 });
  const { timing, rssBytes, fileBytes } = await startCold({ graph, weights: randomWeights(graph, 1) }, "u8", 1);
  assert.equal(timing.samples.length, 1);
  assert.ok(rssBytes > 0 && fileBytes > 1e6);
});

test("bench models --model measures a network beside the others", async () => {
  const options = { runs: 1, filter: "thumbnail, useFp", model: "digits" };
  const { results } = checkReport(await runModelBench(options), "models");
  const names = results.map(({ name, variant }) => `${name}, ${variant}`);
  assert.ok(names.includes("digits 1x32x32, float input"), names.join("; "));
  assert.ok(names.includes("digits 1x32x32, byte input"), names.join("; "));
  const alone = { runs: 1, model: "resnet18_e1 initialLayers=thumbnail", "input-shape": "1,3,16,16" };
  const own = checkReport(await runModelBench(alone), "models").results.map(({ name }) => name);
  assert.deepEqual(
    own.filter((name) => !name.includes("packed bytes") && !name.includes("first result")),
    ["resnet18_e1 224x224", "resnet18_e1 initialLayers=thumbnail 3x16x16"],
    "the yardstick and one's own",
  );
  await assert.rejects(runModelBench({ runs: 1, filter: "none", model: "digit" }), /there is no model or file named/);
});
