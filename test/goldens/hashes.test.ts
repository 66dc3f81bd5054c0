/** The bits of every golden's logits are those on record. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { skipWithout } from "../support/shared.js";
import { digitsHash, goldenHash, HASHED_GOLDENS, HASHES_FILE } from "./hashes.js";
import { DIGITS_FILES, goldenFiles } from "./support.js";

const recorded: Readonly<Record<string, string>> = JSON.parse(readFileSync(HASHES_FILE, "utf8"));

for (const name of HASHED_GOLDENS) {
  test(`the logits of ${name} are the recorded bits`, { skip: skipWithout(...goldenFiles(name)) }, async () => {
    assert.equal(await goldenHash(name), recorded[name], "run test/goldens/hashes.ts if the change is meant");
  });
}

test("the logits of the sample digits are the recorded bits", { skip: skipWithout(...DIGITS_FILES) }, async () => {
  assert.equal(await digitsHash(), recorded.digits);
});
