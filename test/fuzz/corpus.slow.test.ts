/** The corpus, read again; and that what is violated is seen. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { XnorkitError } from "../../src/errors.js";
import { corpusOf } from "./corpus.js";
import { damagedOf } from "./damaged.js";
import { runInput } from "./run_input.js";
import type { Target } from "./target.js";
import { targets } from "./targets.js";

/** Time is none of a test's: the machine may be busy. */
const isOfTime = (violation: string) => /^\d+ ms: /.test(violation);

for (const target of targets) {
  test(`${target.name}: whole files are read, those of the corpus end in one sentence or are read`, async () => {
    const victims = await target.victims();
    let accepted = 0;
    for (const { name, bytes } of [...victims, ...corpusOf(target.name)]) {
      const outcome = await runInput(target, bytes);
      assert.ok(outcome.violation === null || isOfTime(outcome.violation), `${name}: ${outcome.violation}`);
      if (outcome.accepted) accepted++;
    }
    assert.ok(accepted > 0, "none is read");
  });

  test(`${target.name}: an input is the same in every run, and others differ`, async () => {
    const files = [...(await target.victims()), ...corpusOf(target.name)];
    const inputs = (seed: number) => Array.from({ length: 20 }, (_, index) => damagedOf(target, files, seed, index));
    assert.deepEqual(inputs(1), inputs(1));
    assert.notDeepEqual(inputs(1), inputs(2));
  });
}

test("the corpus in a process of its own, with its memory watched", () => {
  const script = fileURLToPath(new URL("../../scripts/fuzz.mjs", import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, [script, "--corpus", "--json"], { encoding: "utf8" });
  assert.notEqual(stdout, "", stderr);
  const { inputs, rows } = JSON.parse(stdout) as {
    inputs: number;
    rows: readonly { readonly target: string; readonly violations: readonly { readonly what: string }[] }[];
  };
  assert.deepEqual(
    rows.map(({ target }) => target),
    targets.map(({ name }) => name),
  );
  assert.equal(
    inputs,
    targets.reduce((sum, { name }) => sum + corpusOf(name).length, 0),
  );
  assert.deepEqual(
    rows.flatMap(({ violations }) => violations).filter(({ what }) => !isOfTime(what)),
    [],
  );
});

describe("what is promised and not kept", () => {
  const of = (read: Target["read"]) =>
    runInput({ name: "t", victims: () => [], mutate: () => new Uint8Array(), read }, new Uint8Array(8));
  const violation = async (read: Target["read"]) => (await of(read)).violation ?? "";

  test("an error of xnorkit's is a refusal", async () => {
    const refused = await of(() => {
      throw new XnorkitError("bad-file", "the file is damaged");
    });
    assert.deepEqual([refused.accepted, refused.violation], [false, null]);
    assert.deepEqual([(await of(() => 1)).accepted, (await of(() => 1)).violation], [true, null]);
  });

  test("another error, at once or later", async () => {
    assert.match(await violation(() => (undefined as unknown as string).length), /no XnorkitError: TypeError/);
    assert.match(await violation(() => Promise.reject(new RangeError("late"))), /no XnorkitError: RangeError: late/);
  });

  test("messages that are too long, or reach a terminal as they are", async () => {
    const says = (message: string) => () => {
      // Its constructor makes a message short and printable.
      throw Object.assign(new XnorkitError("bad-file", "x"), { message });
    };
    assert.match(await violation(says("x".repeat(501))), /501 characters/);
    assert.match(await violation(says("")), /0 characters/);
    assert.match(await violation(says("a\nb")), /unprintable/);
    assert.match(await violation(says("a\u202eb")), /unprintable/);
  });

  test("time and memory", async () => {
    const spin = () => {
      const { user } = process.cpuUsage();
      const spent = new Float64Array(1e5);
      while (process.cpuUsage().user - user < 2.1e6) spent.sort();
    };
    assert.match(await violation(spin), /^\d{4,} ms/);
    assert.match(await violation(() => new Uint8Array(100 * 2 ** 20).fill(1).length), /MB of 64: $/);
  });
});
