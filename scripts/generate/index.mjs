// Writes the files that are made from others and committed all the same. `--check` writes nothing and exits 1 when one of them is not what
// this script would write.
import { readFileSync, writeFileSync } from "node:fs";
import { signatures } from "./signatures.mjs";
import { tableConvRows } from "./table_conv.mjs";

const files = {
  "assembly/table_conv_rows.ts": tableConvRows,
  "src/abi/signatures.ts": signatures,
};

function read(url) {
  try {
    return readFileSync(url, "utf8");
  } catch {
    return "";
  }
}

const check = process.argv.includes("--check");
for (const [path, generate] of Object.entries(files)) {
  const url = new URL(`../../${path}`, import.meta.url);
  const text = await generate();
  if (!check) {
    writeFileSync(url, text);
  } else if (read(url) !== text) {
    console.error(`${path} is not current: run npm run generate`);
    process.exitCode = 1;
  }
}
