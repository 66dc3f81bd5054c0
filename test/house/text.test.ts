/**
 * What holds for every text of the repository: width, opening comments, places that it never names; and what test files
 * that share a process leave alone.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The files that are tracked; git quotes no name under -z. */
function repositoryFiles(): readonly string[] {
  const { status, stdout } = spawnSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" });
  return status === 0 ? stdout.split("\0").filter((path) => path !== "") : [];
}

const files = repositoryFiles();
const noCheckout = files.length === 0 && process.env.XNORKIT_NO_SKIP !== "1";

/** A text that people write: no data, no picture, no lock file. */
const written = files.filter((path) => {
  const place =
    /^(?:src|assembly|test|bench|scripts|examples|docs|models)\//.test(path) || /^[^/]+\.(?:md|js)$/.test(path);
  return place && /\.(?:ts|mjs|js|py|md|css|html)$/.test(path);
});

const BINARY = /\.(?:png|jpg|pt|xnorkit|wasm)$/;

/** Lines of `paths` that break a rule, as file:line and the line. */
function offences(paths: readonly string[], breaks: (line: string) => boolean): readonly string[] {
  return paths.flatMap((path) =>
    readText(path)
      .split("\n")
      .flatMap((line, i) => (breaks(line) ? [`${path}:${i + 1}: ${line.trim().slice(0, 160)}`] : [])),
  );
}

/** "" for a file that is tracked and was just deleted. */
function readText(path: string): string {
  try {
    return readFileSync(join(root, path), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

const COLUMNS = 120;

/** A comment at the head, under lines that speak to a tool; a doc comment where the compiler and editors read them. */
function opens(path: string): boolean {
  const text = readText(path).replace(/^(?:#!.*\n|\/\/ biome-ignore.*\n)+/, "");
  const [, doc, line] = /^(?:\/\*\*([\s\S]*?)\*\/|\/\/ (.*))/.exec(text) ?? [];
  const comment = doc ?? (/^(?:src|assembly|bench|test)\//.test(path) ? "" : (line ?? ""));
  return (comment.match(/[A-Za-z]{2,}/g) ?? []).length >= 3;
}

/** Places that a text of the product has no reason to name: a person's folders, the hosts of package registries. */
const PLACES = [
  /(?<![\w./$})-])\/(?:home|root|Users|work|workspace|mnt|tmp)\/\w/,
  /\bregistry\.[a-z]+\.(?:org|com|io|dev)\b|\bnpmjs\b/,
];

describe("the repository's text", { skip: noCheckout ? "this is no checkout of git" : false }, () => {
  test("is seen", () => {
    for (const part of ["src", "assembly", "test", "bench", "scripts", "examples", "docs"]) {
      assert.ok(
        written.some((path) => path.startsWith(`${part}/`)),
        `no text in ${part}`,
      );
    }
  });

  test(`has no line over ${COLUMNS} columns`, () => {
    assert.deepEqual(
      offences(written, (line) => [...line].length > COLUMNS),
      [],
    );
  });

  test("says at the head of every source what the file is", () => {
    const sources = written.filter((path) => /\.(?:ts|mjs|js)$/.test(path));
    assert.deepEqual(
      sources.filter((path) => readText(path) !== "" && !opens(path)),
      [],
    );
  });

  test("names no machine's folders and no registry's host", () => {
    const texts = files.filter((path) => !BINARY.test(path));
    assert.deepEqual(
      offences(texts, (line) => PLACES.some((place) => place.test(line))),
      [],
    );
  });

  test("keeps what is of the whole process out of test files that share one", () => {
    const fast = files.filter((path) => /^test\/.*\.test\.ts$/.test(path) && !path.endsWith(".slow.test.ts"));
    assert.ok(fast.length > 100);
    // A hook outside a describe runs around every file's tests, and memory is counted of all of them.
    const isOfProcess = /^(?:before|beforeEach|afterEach)\(|process\.(?:memoryUsage|resourceUsage)\(/;
    assert.deepEqual(
      offences(fast, (line) => isOfProcess.test(line)),
      [],
    );
  });
});
