// Writes what the library carries inside itself as TypeScript modules: the compiled kernels and the embedded model, in base64.
// They are generated (src/generated is not in the repository) so that one import needs no file access on any runtime.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";

const root = new URL("../", import.meta.url);
const generated = new URL("src/generated/", root);
const assets = [
  { from: "build/simd.wasm", to: "simd_wasm.ts", name: "simdWasm", copy: "dist/wasm/simd.wasm" },
  { from: "build/relaxed.wasm", to: "relaxed_wasm.ts", name: "relaxedWasm", copy: "dist/wasm/relaxed.wasm" },
  { from: "models/digits.xnorkit", to: "digits_model.ts", name: "digitsModel" },
];

mkdirSync(generated, { recursive: true });
for (const { from, to, name, copy } of assets) {
  const source = new URL(from, root);
  if (!existsSync(source)) continue;
  const base64 = readFileSync(source).toString("base64");
  writeFileSync(new URL(to, generated), `/** ${from} in base64. */\nexport const ${name} = "${base64}";\n`);
  if (copy !== undefined) {
    const target = new URL(copy, root);
    mkdirSync(new URL(".", target), { recursive: true });
    copyFileSync(source, target);
  }
}
