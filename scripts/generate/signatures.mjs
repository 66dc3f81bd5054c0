// Makes src/abi/signatures.ts: what the host knows of each kernel's arguments, from assembly/.
import { readAbi } from "./assembly.mjs";
import { docComment, fill, WIDTH } from "./text.mjs";

const HEADER = "// biome-ignore-all format: generated from assembly/ by `npm run generate`, lines are filled";

/** `open`, the items with commas, `close`: in one line if it fits. */
function list(open, items, close) {
  const single = `  ${open}${items.join(", ")}${close}`;
  if (single.length <= WIDTH) return [single];
  return [
    `  ${open}`,
    ...fill(
      items.map((item) => `${item},`),
      "    ",
    ),
    `  ${close}`,
  ];
}

/** The text of src/abi/signatures.ts. */
export function signatures() {
  const { comment, kernels } = readAbi();
  const methods = kernels.flatMap(({ file, name, doc, parameters }, i) => [
    ...(file === kernels[i - 1]?.file ? [] : [`  // assembly/${file}.ts`]),
    ...docComment(doc, "  "),
    ...list(
      `${name}(`,
      parameters.map((parameter) => `${parameter}: number`),
      "): void;",
    ),
  ]);
  const names = kernels.flatMap(({ name, parameters }) =>
    list(
      `${name}: [`,
      parameters.map((parameter) => JSON.stringify(parameter)),
      "],",
    ),
  );
  return [
    HEADER,
    comment,
    "export interface KernelExports {",
    ...methods,
    "}",
    "",
    "/** The names of each kernel's arguments, in their order. */",
    "export const argumentNames = {",
    ...names,
    "} as const;",
    "",
  ].join("\n");
}
