/** Completion of the command line: what bash makes of the script, and what the scripts of the others hold. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { modelNames } from "../../src/index.js";
import { xnorkit } from "./support.js";

const script = async (shell: string) => (await xnorkit("completion", shell)).stdout;

/** What bash offers for the last of the words, which it has split as it does. */
async function completed(...words: readonly string[]): Promise<readonly string[]> {
  const set = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))`;
  const commands = `${await script("bash")}\n${set}; _xnorkit; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await promisify(execFile)("bash", ["--norc", "-uc", commands]);
  return stdout.split("\n").filter((line) => line !== "");
}

describe("completion in bash", () => {
  it("offers commands", async () => {
    assert.deepEqual(await completed("xnorkit", "c"), ["classify", "compare", "convert", "compile", "completion"]);
    assert.ok((await completed("xnorkit", "")).includes("help"));
    assert.deepEqual(await completed("xnorkit", "help", "ev"), ["evaluate"]);
  });

  it("offers the options of a command", async () => {
    assert.deepEqual(await completed("xnorkit", "run", "--in"), ["--input-shape", "--input"]);
    assert.ok(!(await completed("xnorkit", "compare", "--")).includes("--taps"));
    assert.deepEqual(await completed("xnorkit", "run", "--js"), ["--json"]);
  });

  it("offers names of models, as values and as arguments", async () => {
    const names = modelNames().filter((name) => name.startsWith("resnet18_e"));
    assert.ok(names.length > 0);
    assert.deepEqual(await completed("xnorkit", "run", "--model", "resnet18_e"), names);
    assert.deepEqual(await completed("xnorkit", "run", "--model", "=", "resnet18_e"), names);
    assert.deepEqual(await completed("xnorkit", "run", "--model", "=", "resnet18_e1", "-m", "resnet18_e"), names);
    assert.deepEqual(await completed("xnorkit", "summary", "dig"), ["digits"]);
  });

  it("offers values of options that have few, and leaves files to the shell", async () => {
    assert.deepEqual(await completed("xnorkit", "bench", "models", "--kernel", "t"), ["table"]);
    assert.deepEqual(await completed("xnorkit", "bench", ""), ["kernels", "models", "start", "answer", "peers"]);
    assert.deepEqual(await completed("xnorkit", "classify", "--weights", ""), []);
    assert.deepEqual(await completed("xnorkit", "classify", "pict"), []);
    assert.match(await script("bash"), /^complete -o default -F _xnorkit xnorkit$/m);
  });
});

it("zsh runs bash's function", async () => {
  const [bash, zsh] = await Promise.all(["bash", "zsh"].map(script));
  const own = bash.slice(bash.indexOf("_xnorkit() {"));
  assert.ok(zsh.endsWith(own));
  assert.match(zsh, /bashcompinit/);
});

it("fish has a line for each command and option", async () => {
  const fish = await script("fish");
  assert.match(fish, /^complete -c xnorkit -n __fish_use_subcommand -f -a classify -d 'say what pictures show'$/m);
  const run = "complete -c xnorkit -n '__fish_seen_subcommand_from run'";
  assert.ok(fish.includes(`\n${run} -l model -s m -r -a 'digits resnet18_e1`));
  assert.ok(fish.includes(`\n${run} -l input -s i -r\n`));
  assert.ok(fish.includes(`\n${run} -l json\n`));
});
