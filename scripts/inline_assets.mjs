// Writes what the library carries inside itself as TypeScript modules: the compiled kernels (packed, in base64) and the embedded model
// (in base64; its bits do not compress). They are generated (src/generated is not in the repository) so that one import needs no file
// access on any runtime. Copies the kernels to dist/wasm too, for the hosts that import them as files.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { partKernels } from "../src/runtime/part_kernels.ts";
import { unpack } from "../src/runtime/unpack.ts";
import { withoutKernels } from "./core_kernels.mjs";
import { packWasm } from "./pack_wasm.mjs";

const root = new URL("../", import.meta.url);
const generated = new URL("src/generated/", root);
const wasm = new URL("dist/wasm/", root);

/** The bytes of a built file, null where it was not built. */
function read(path) {
  const file = new URL(path, root);
  return existsSync(file) ? readFileSync(file) : null;
}

function write(file, name, what, bytes) {
  // Typed as a string: the type of a constant would be its text once more, in the declarations that the package carries.
  const base64 = Buffer.from(bytes).toString("base64");
  const text = `/** ${what}, in base64. */\nexport const ${name}: string = "${base64}";\n`;
  writeFileSync(new URL(file, generated), text);
}

function packed(module, known) {
  const bytes = packWasm(module, known);
  if (!module.equals(unpack(bytes, known))) throw new Error("a packed module does not unpack to itself");
  return bytes;
}

rmSync(generated, { recursive: true, force: true });
mkdirSync(generated, { recursive: true });
mkdirSync(wasm, { recursive: true });
for (const name of ["simd", "relaxed"]) {
  const file = new URL(`build/${name}.wasm`, root);
  if (existsSync(file)) copyFileSync(file, new URL(`${name}.wasm`, wasm));
}

const simd = read("build/simd.wasm");
if (simd !== null) {
  const core = withoutKernels(simd, partKernels);
  write(
    "core_wasm.ts",
    "coreWasm",
    "simd.wasm without the kernels that only parts of the compiler call, packed",
    packed(core),
  );
  write("all_wasm.ts", "allWasm", "simd.wasm, packed to copy from the module of core_wasm.ts", packed(simd, core));
}
const relaxed = read("build/relaxed.wasm");
if (relaxed !== null) write("relaxed_wasm.ts", "relaxedWasm", "relaxed.wasm, packed", packed(relaxed));
const digits = read("models/digits.xnorkit");
if (digits !== null) write("digits_model.ts", "digitsModel", "models/digits.xnorkit", digits);
