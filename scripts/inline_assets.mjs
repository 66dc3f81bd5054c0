// Writes what the library carries inside itself as TypeScript modules, in base64: the compiled kernels and the JPEG
// decoder, gzip-compressed; the kernels' hash; the embedded model as it is, since it is had at once. They are generated
// (src/generated is not in the repository) so that one import needs no file access on any runtime. Copies the kernels
// to dist/wasm too, for the hosts that import them as files. The code of worker threads is one more text:
// host_workers.ts says why. So is the script of xnorkit/worker, for bundlers that leave the file behind.
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { bundleWorker } from "./bundle_worker.mjs";

const root = new URL("../", import.meta.url);
const generated = new URL("src/generated/", root);
const wasm = new URL("dist/wasm/", root);

function write(file, name, what, bytes) {
  // Typed as a string: the type of a constant would be its text once more, in the declarations that the package
  // carries.
  const base64 = Buffer.from(bytes).toString("base64");
  const text = `/** ${what}, in base64. */\nexport const ${name}: string = "${base64}";\n`;
  writeFileSync(new URL(file, generated), text);
}

function writeWasm(file, name, what) {
  write(`${name}_wasm.ts`, `${name}Wasm`, `${what}, gzip-compressed`, gzipSync(readFileSync(file), { level: 9 }));
}

rmSync(generated, { recursive: true, force: true });
mkdirSync(generated, { recursive: true });
mkdirSync(wasm, { recursive: true });
for (const name of ["simd", "relaxed", "shared"]) {
  const file = new URL(`build/${name}.wasm`, root);
  if (!existsSync(file)) continue;
  copyFileSync(file, new URL(`${name}.wasm`, wasm));
  writeWasm(file, name, `${name}.wasm`);
}
// Not compressed: it is compiled where nothing waits, and is hardly larger.
const picture = new URL("build/picture.wasm", root);
if (existsSync(picture)) write("picture_wasm.ts", "pictureWasm", "picture.wasm", readFileSync(picture));
const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL("src/runtime/team_worker.ts", root))],
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  write: false,
});
const worker = JSON.stringify(outputFiles[0].text.trimEnd());
const head = "/** The code of a worker thread: src/runtime/team_worker.ts and what it imports. */";
writeFileSync(new URL("team_worker.ts", generated), `${head}\nexport const teamWorker: string = ${worker};\n`);
// A program file holds weights in the kernels' order: it runs on the kernels that it was compiled for.
const baseline = new URL("build/simd.wasm", root);
if (existsSync(baseline)) {
  const id = createHash("sha256").update(readFileSync(baseline)).digest("hex").slice(0, 16);
  const { version } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
  const text = `/** What a program file states of the package that it was compiled by. */

/** The first 16 digits of the SHA-256 of simd.wasm. */
export const KERNELS_ID: string = "${id}";
export const VERSION: string = "${version}";
`;
  writeFileSync(new URL("provenance.ts", generated), text);
}
const digits = new URL("models/digits.xnorkit", root);
if (existsSync(digits)) write("digits_model.ts", "digitsModel", "models/digits.xnorkit", readFileSync(digits));
const decoder = new URL("node_modules/@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm", root);
writeWasm(decoder, "jpeg", "mozjpeg_dec.wasm of @jsquash/jpeg");
const script = gzipSync(await bundleWorker(), { level: 9 });
write("worker_main.ts", "workerMain", "worker_main.js, gzip-compressed", script);
