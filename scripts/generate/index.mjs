// Writes the files that are made from others and committed all the same. `--check` writes nothing and exits 1 when one
// of them is not what this script would write.
import { readFileSync, writeFileSync } from "node:fs";
import { constants } from "./constants.mjs";
import { roles } from "./roles.mjs";
import { signatures } from "./signatures.mjs";
import { tableConvRows } from "./table_conv.mjs";

const files = {
  "assembly/table_conv_rows.ts": tableConvRows,
  "src/abi/constants.ts": constants,
  "src/abi/roles.ts": roles,
  "src/abi/signatures.ts": signatures,
};

function read(url) {
  try {
    return readFileSync(url, "utf8");
  } catch {
    return "";
  }
}

/**
 * The text of a file; a mistake in what it is made from is a line without a trace, which would print the compiler's own
 * source.
 */
async function textOf(path, generate) {
  try {
    return await generate();
  } catch (error) {
    console.error(`${path}: ${error.message}`);
    process.exit(1);
  }
}

const check = process.argv.includes("--check");
for (const [path, generate] of Object.entries(files)) {
  const url = new URL(`../../${path}`, import.meta.url);
  const text = await textOf(path, generate);
  if (!check) {
    writeFileSync(url, text);
  } else if (read(url) !== text) {
    console.error(`${path} is not current: run npm run generate`);
    process.exitCode = 1;
  }
}
