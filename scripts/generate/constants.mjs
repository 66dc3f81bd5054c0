// Makes src/abi/constants.ts: the numbers of assembly/ that the host must know.
import { readConstants } from "./assembly.mjs";

/** A number, or an object of numbers, as TypeScript. */
function literal(value) {
  if (typeof value === "number") return `${value}`;
  return ["{", ...Object.entries(value).map(([key, number]) => `  ${key}: ${number},`), "} as const"].join("\n");
}

/** The text of src/abi/constants.ts. */
export function constants() {
  const head =
    "/** Generated from assembly/ by `npm run generate`: the numbers of the kernels that the host must know. */";
  const entries = readConstants().map(({ file, name, doc, value }) => {
    return `/** ${doc} (${file}) */\nexport const ${name} = ${literal(value)};`;
  });
  return `${[head, ...entries].join("\n\n")}\n`;
}
