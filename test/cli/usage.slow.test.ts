/** Usage, exit codes and the process around the command line. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { xnorkit } from "./support.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const commands = ["classify", "run", "evaluate", "summary", "convert", "bench"];

describe("usage of the command line", () => {
  const mistakes: readonly (readonly [argv: readonly string[], says: RegExp])[] = [
    [[], /a command is missing: one of classify, run/],
    [["clasify"], /no command "clasify": the closest are "classify"/],
    [["run", "--modle", "x"], /Unknown option '--modle'/],
    [["run", "--model"], /--model.*argument missing/],
    [["run"], /--model is missing/],
    [["run", "--model", "digits"], /--input is missing/],
    [["run", "--model", "digits", "--input", "a"], /--output is missing/],
    [["run", "surplus", "--model", "digits"], /"surplus" is one argument too many/],
    [["run", "--model", "resnet18_e1", "--input", "a", "--output", "b"], /without weights: .*--weights F/],
    [["run", "--model", "digits", "--input", "a", "--output", "b", "--taps", "a,,b"], /--taps is "a,,b"/],
    [
      ["run", "--model", "digits", "--weights", "w", "--random-weights", "1", "--input", "a", "--output", "b"],
      /exclude each other/,
    ],
    [["run", "--model", "digits", "--random-weights", "-1", "--input", "a", "--output", "b"], /random-weights/],
    [["classify"], /expected IMAGE\.\.\./],
    [["classify", "a.png", "--top", "0"], /--top is "0"/],
    [["classify", "a.png", "--top", "two"], /--top is "two"/],
    [["classify", "a.png", "--mean", "1,b"], /--mean is "1,b", expected numbers/],
    [["classify", "a.png", "--mean", "1,2"], /--mean has 2 numbers, expected 1 or 1/],
    [["classify", "a.png", "--std", "0"], /--std is "0", expected numbers above 0/],
    [["classify", "a.png", "--weights", "w"], /--weights is given without --model/],
    [["classify", "a.png", "--model", "resnet18_e1"], /without weights/],
    [["evaluate"], /--data is missing/],
    [["evaluate", "--data", "d", "--split", "all"], /--split is "all", expected test or train/],
    [["evaluate", "--data", "d", "--limit", "1.5"], /--limit is "1.5"/],
    [["summary", "digits", "--input-shape", "1,0,3"], /--input-shape is "1,0,3"/],
    [["summary", "digits", "more"], /one argument too many/],
    [["convert", "digits"], /expected IN OUT/],
    [["convert", "resnet18_e1", "out"], /without weights/],
    [["bench"], /expected kernels\|models\|peers/],
    [["bench", "all"], /no benchmark "all"/],
    [["bench", "kernels", "--shape", "56x56x64"], /--shape is "56x56x64"/],
  ];

  for (const [argv, says] of mistakes) {
    it(`refuses "${argv.join(" ")}" with exit code 2 and one line`, async () => {
      const { code, stdout, stderr } = await xnorkit(...argv);
      assert.equal(code, 2);
      assert.equal(stdout, "");
      assert.match(stderr, /^xnorkit: [^\n]+\n$/);
      assert.match(stderr, says);
    });
  }

  it("prints an overview that names every command", async () => {
    const { code, stdout } = await xnorkit("--help");
    assert.equal(code, 0);
    for (const command of commands) assert.match(stdout, new RegExp(`^ {2}${command} `, "m"));
  });

  for (const command of commands) {
    it(`prints the usage of ${command}, with --json`, async () => {
      const { code, stdout, stderr } = await xnorkit(command, "--help");
      assert.equal(code, 0);
      assert.equal(stderr, "");
      assert.match(stdout, new RegExp(`^usage: xnorkit ${command} `));
      assert.match(stdout, /--json/);
    });
  }

  it("prints the package's version", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    assert.equal((await xnorkit("--version")).stdout, `${version}\n`);
  });

  it("prints a stack trace only with --verbose", async () => {
    const quiet = await xnorkit("summary", "no_such_model");
    const verbose = await xnorkit("summary", "no_such_model", "--verbose");
    assert.doesNotMatch(quiet.stderr, /\n {4}at /);
    assert.match(verbose.stderr, /\n {4}at /);
    assert.equal(verbose.code, 1);
  });
});

describe("the process of the command line", () => {
  const node = ["--import", "tsx", "test/cli/process.ts"];

  it("exits with the command's code", async () => {
    const exit = async (...argv: readonly string[]) =>
      promisify(execFile)(process.execPath, [...node, ...argv], { cwd: root }).then(
        () => 0,
        ({ code }) => code,
      );
    assert.deepEqual(await Promise.all([exit("summary"), exit("summary", "no_such_model"), exit("sumary")]), [0, 1, 2]);
  });

  it("ends quietly where its reader closes the pipe", async () => {
    const child = spawn(process.execPath, [...node, "summary", "resnet152_e1"], { cwd: root });
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    child.stdout.destroy();
    const code = await new Promise((resolve) => child.on("close", resolve));
    assert.equal(stderr, "");
    assert.equal(code, 0);
  });

  const built = existsSync(new URL("../../dist/cli/main.js", import.meta.url));
  it("runs as the package's binary", { skip: !built && "dist is not built (npm run build)" }, async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ["bin/xnorkit.js", "summary"], { cwd: root });
    assert.match(stdout, /^name .*\ndigits .*\nresnet18_e1 /);
  });
});
