// Writes what the library carries inside itself as TypeScript modules: the compiled kernels (packed, in base64) and the embedded model
// (in base64; its bits do not compress). They are generated (src/generated is not in the repository) so that one import needs no file
// access on any runtime. Copies the kernels to dist/wasm too, for the hosts that import them as files.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { unpack } from "../src/runtime/unpack.ts";
import { packWasm } from "./pack_wasm.mjs";

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
  const inlined = copy === undefined ? bytes : packWasm(bytes);
  const form = copy === undefined ? "in base64" : "packed, in base64";
  if (copy !== undefined && !bytes.equals(unpack(inlined)))
    throw new Error(`${from} is not what its packed form gives back`);
  writeFileSync(
    new URL(to, generated),
    `/** ${from} ${form}. */\nexport const ${name} = "${Buffer.from(inlined).toString("base64")}";\n`,
  );
  if (copy !== undefined) {
    const target = new URL(copy, root);
    mkdirSync(new URL(".", target), { recursive: true });
    copyFileSync(source, target);
  }
}
