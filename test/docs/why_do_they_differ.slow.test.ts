/** The commands of docs/why-do-they-differ.md print what it says they print. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder, xnorkit } from "../cli/support.js";

const guide = readFileSync(fileURLToPath(new URL("../../docs/why-do-they-differ.md", import.meta.url)), "utf8");
const folder = temporaryFolder();

interface Block {
  readonly language: string;
  readonly lines: readonly string[];
}

const blocks: readonly Block[] = [...guide.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({
  language,
  lines: text.trimEnd().split("\n"),
}));

/** The arguments of a command line: words, and phrases in quotes. */
function words(command: string): readonly string[] {
  return [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, phrase, word]) => phrase ?? word);
}

const outputs = new Map<string, string>();

async function run(command: string): Promise<string> {
  const known = outputs.get(command);
  if (known !== undefined) return known;
  const [npx, name, ...argv] = words(command);
  assert.deepEqual([npx, name], ["npx", "xnorkit"]);
  const { code, stdout, stderr } = await xnorkit(
    ...argv.map((word) => (word === "out.html" ? join(folder, word) : word)),
  );
  assert.equal(code, 0, stderr);
  outputs.set(command, stdout);
  return stdout;
}

test("the guide has a command and an output for each question", () => {
  const questions = guide.match(/^## .*\?$/gm) ?? [];
  assert.equal(questions.length, 12);
  assert.ok(blocks.filter(({ language }) => language === "sh").length >= questions.length);
  assert.ok(blocks.every(({ language }) => language === "sh" || language === "text"));
});

let command = "";
for (const [index, { language, lines }] of blocks.entries()) {
  if (language === "sh") {
    [command] = lines;
    continue;
  }
  const asked = command;
  test(`output ${index}: ${asked}`, async () => {
    const printed = (await run(asked)).split("\n");
    for (const line of lines) {
      assert.ok(
        printed.some((own) => own.startsWith(line)),
        `${asked} does not print:\n${line}`,
      );
    }
  });
}

test("the page is written", async () => {
  await run('npx xnorkit compare "resnet18_e1 useFp" awnas_resnet18 --html out.html');
  assert.match(readFileSync(join(folder, "out.html"), "utf8"), /^<!doctype html>/);
});
