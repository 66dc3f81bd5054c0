/** Usage, exit codes and the process around the command line. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { xnorkit, xnorkitOn } from "./support.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const commands = [
  "classify",
  "run",
  "evaluate",
  "summary",
  "compare",
  "explain",
  "convert",
  "compile",
  "bench",
  "completion",
];

describe("usage of the command line", () => {
  const mistakes: readonly (readonly [argv: readonly string[], says: RegExp])[] = [
    [[], /a command is missing: one of classify, run/],
    [["clasify"], /no command "clasify": the closest are "classify"/],
    [["run", "--modle", "x"], /Unknown option '--modle': did you mean --model\?/],
    [["run", "--inputshape=1,3"], /Unknown option '--inputshape': did you mean --input-shape\?/],
    [["run", "--jsn"], /Unknown option '--jsn': did you mean --json\?/],
    [["run", "-x"], /Unknown option '-x' \(--help/],
    [["run", "--zzzzzzzz"], /Unknown option '--zzzzzzzz' \(--help/],
    [["help", "clasify"], /no command "clasify": the closest are "classify"/],
    [["completion"], /expected bash\|zsh\|fish/],
    [["completion", "tcsh"], /no shell "tcsh": expected bash, zsh, fish/],
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
    [["classify", "a.png", "--std", "0"], /--std is 0, expected numbers above 0/],
    [["classify", "a.png", "--weights", "w"], /--weights is given without --model/],
    [["classify", "a.png", "--model", "resnet18_e1"], /without weights/],
    [["evaluate"], /--data is missing/],
    [["evaluate", "--data", "d", "--split", "all"], /--split is "all", expected test or train/],
    [["evaluate", "--data", "d", "--limit", "1.5"], /--limit is "1.5"/],
    [["summary", "digits", "--input-shape", "1,0,3"], /--input-shape is "1,0,3"/],
    [["summary", "digits", "more"], /one argument too many/],
    [["convert", "digits"], /expected IN OUT/],
    [["convert", "resnet18_e1", "out"], /without weights/],
    [["compile"], /expected IN OUT/],
    [["compile", "digits"], /the file to write is missing/],
    [["compile", "digits", "out", "--type", "i8"], /--type is "i8", expected one of f32, u8/],
    [["compile", "digits", "out", "--kernel", "fast"], /--kernel is "fast", expected one of table, popcount, auto/],
    [["compile", "digits", "out", "--host", "workerd"], /--host is given without --module/],
    [["compile", "digits", "--module", "out", "--host", "moon"], /--host is "moon", expected any or workerd/],
    [["compile", "digits", "more", "--module", "out"], /"more" is one argument too many/],
    [["compile", "resnet18_e1", "out"], /without weights/],
    [["bench"], /expected kernels\|models\|start\|answer\|peers/],
    [["bench", "all"], /no benchmark "all"/],
    [["bench", "kernels", "--shape", "56x56x64"], /--shape is "56x56x64"/],
    [["bench", "kernels", "--gemm", "56x56"], /--gemm is "56x56", expected MxNxK/],
    [["bench", "kernels", "--gemm", "100000x100000x100000"], /MiB as floats: at most 1024/],
    [["bench", "kernels", "--gemm", "1x1x1", "--shape", "1x1x1x1"], /exclude each other/],
    [["bench", "answer"], /expected answer PICTURE\.\.\., but got answer/],
    [["bench", "models", "--weights", "w"], /go with --model/],
    [["run", "--model", "m", "-i", "a", "-o", "b", "--profile", "--reference"], /exclude each other/],
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
      if (command !== "completion") assert.match(stdout, /--json/);
      assert.equal((await xnorkit("help", command)).stdout, stdout);
    });
  }

  it("answers a failure under --json with one JSON object on stdout, and its line on stderr", async () => {
    const failures = [
      [["summary", "no_such_model", "--json"], 1, "unknown-name", /no model or file named "no_such_model"/],
      [["run", "--json", "--modle", "x"], 2, "bad-usage", /did you mean --model/],
      [["--json"], 2, "bad-usage", /no command "--json"/],
    ] as const;
    for (const [argv, exit, expected, says] of failures) {
      const { code, stdout, stderr } = await xnorkit(...argv);
      const { error, ...others } = JSON.parse(stdout);
      assert.deepEqual([code, Object.keys(error), others], [exit, ["code", "message"], {}]);
      assert.equal(error.code, expected);
      assert.match(error.message, says);
      assert.equal(stderr, `xnorkit: ${error.message}\n`);
    }
    assert.equal((await xnorkit("classify", "--", "--json")).stdout, "", "after -- it is a file's name");
  });

  it("cuts the texts of tables on a narrow terminal, and nothing elsewhere", async () => {
    const whole = await xnorkit("summary");
    for (const columns of [60, 100, 300]) {
      const { stdout } = await xnorkitOn(columns, "summary", "digits");
      const lines = stdout.split("\n");
      assert.ok(
        lines.every((line) => line.length <= Math.max(columns, 79)),
        `${columns}`,
      );
      assert.equal(stdout.includes("..."), columns < 100, `${columns}`);
    }
    assert.doesNotMatch(whole.stdout, /\.\.\./);
  });

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
