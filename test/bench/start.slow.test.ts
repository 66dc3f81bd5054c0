/** `bench start`: fresh processes of each kind reach a first result, and its parts are told. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { runStartBench } from "../../bench/start.js";
import { startOnce } from "../../bench/support/start_cold.js";
import { checkReport } from "./support.js";

const isBuilt = existsSync(new URL("../../dist/cli/cold_start.js", import.meta.url));

test("session, program and onnxruntime-web start in processes of their own", {
  skip: isBuilt ? false : "dist is not built",
}, async () => {
  const report = checkReport(await runStartBench({ runs: 1, filter: "32x32, thumbnail, float" }), "start");
  const [session, program, float] = report.results;
  assert.deepEqual([session.variant, program.variant], ["session", "program"]);
  assert.equal(session.name, "resnet18_e1 32x32: process start to first result");
  assert.ok("session" in program.ratios || session.bestMs === 0 || program.bestMs === 0);
  if (float !== undefined) assert.equal(float.variant, "onnxruntime-web");
  else assert.ok(report.notes!.some((note) => note.startsWith("onnxruntime-web is not measured")));
  const [best, median, files] = report.tables!;
  for (const { rows, head } of [best, median]) {
    assert.deepEqual(head, ["start of", "import", "read", "load", "create", "first run", "load + create"]);
    assert.equal(rows.length, report.results.length);
    assert.equal(rows[1][head.indexOf("load")], 0);
  }
  assert.ok(files.rows.every(([, megabytes]) => Number(megabytes) > 0));
  assert.ok(report.notes!.some((note) => /^an empty process takes [\d.]+ ms/.test(note)));
});

test("a process whose file is none says why", { skip: isBuilt ? false : "dist is not built" }, async () => {
  await assert.rejects(startOnce("program", "/nowhere/none.xnorprog", "f32"), /ended with code 1: .*ENOENT/s);
});
