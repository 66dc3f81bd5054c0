/** `bench answer`: classify, decode and run of every picture, and their ratio. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runAnswerBench } from "../../bench/answer.js";
import { rejectsError } from "../formats/support.js";
import { checkReport } from "./support.js";

const digit = (name: number) => fileURLToPath(new URL(`../../examples/digits/${name}.png`, import.meta.url));

test("pictures are in the report with what their answers are made of", async () => {
  const pictures = [digit(7), digit(8)];
  const report = checkReport(await runAnswerBench({ runs: 2, model: "digits", pictures }), "answer");
  assert.deepEqual(
    report.results.map(({ name, variant }) => `${name} ${variant}`),
    ["7.png", "8.png"].flatMap((name) => ["classify", "decode", "run"].map((part) => `${name} ${part}`)),
  );
  const [{ title, head, rows }] = report.tables!;
  assert.match(title, /^classify over decode and run, digits 1x32x32$/);
  assert.deepEqual(
    rows.map(([name, pixels]) => [name, pixels]),
    [
      ["7.png", "64x72"],
      ["8.png", "256x256"],
      ["all", ""],
    ],
  );
  const best = (name: string) => report.results.filter((each) => each.name === name).map(({ bestMs }) => bestMs);
  for (const [name, , classify, decode, run, ratio] of rows.slice(0, 2)) {
    const [all, decoding, running] = best(String(name));
    assert.deepEqual(
      [classify, decode, run],
      [all, decoding, running].map((ms) => Number(ms.toFixed(2))),
    );
    assert.equal(ratio, Number((all / (decoding + running)).toFixed(3)));
  }
  assert.deepEqual(head.slice(-2), ["ratio of best", "of median"]);
});

test("a picture that cannot be read is named", () =>
  rejectsError(runAnswerBench({ runs: 1, model: "digits", pictures: ["nowhere.png"] }), "bad-file", /^nowhere\.png: /));
