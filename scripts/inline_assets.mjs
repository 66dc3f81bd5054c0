// Writes what the library carries inside itself as TypeScript modules: the compiled kernels (zlib, in base64) and the embedded model (in
// base64; its bits do not compress). They are generated (src/generated is not in the repository) so that one import needs no file
// access on any runtime. Copies the kernels to dist/wasm too, for the hosts that import them as files.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { deflateSync } from "node:zlib";

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
  const bytes = readFileSync(source);
  const inlined = copy === undefined ? bytes : deflateSync(bytes, { level: 9 });
  const form = copy === undefined ? "in base64" : "as zlib data in base64";
  writeFileSync(
    new URL(to, generated),
    `/** ${from} ${form}. */\nexport const ${name} = "${inlined.toString("base64")}";\n`,
  );
  if (copy !== undefined) {
    const target = new URL(copy, root);
    mkdirSync(new URL(".", target), { recursive: true });
    copyFileSync(source, target);
  }
}
