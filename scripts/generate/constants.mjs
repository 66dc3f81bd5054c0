// Makes src/abi/constants.ts: the numbers of assembly/ that the host must know.
import { readConstants } from "./assembly.mjs";
import { docComment } from "./text.mjs";

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
    return [...docComment(`${doc} (${file})`), `export const ${name} = ${literal(value)};`].join("\n");
  });
  return `${[head, ...entries].join("\n\n")}\n`;
}
