/**
 * Builds a worker into one folder: a script, the .wasm files and the program as modules of their own (edge runtimes
 * compile no bytes at run time), and a configuration for workerd. Networks are compiled here, ahead of time; the
 * workers whose names end in -session have the packed model in the program's place.
 *
 *     node examples/worker/build.mjs [digits | resnet | digits-session | resnet-session]
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { argv } from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { getModel, loadModel, randomWeights, saveModel } from "xnorkit";
import { compileProgram } from "xnorkit/compile";
import { digitsModel } from "xnorkit/models/digits";

const here = fileURLToPath(new URL(".", import.meta.url));

const WORKERS = {
  digits: "digits.js",
  resnet: "resnet.js",
  "digits-session": "digits_session.js",
  "resnet-session": "resnet_session.js",
};

/** @typedef {keyof typeof WORKERS} WorkerName */

/** For JavaScript objects; models, pictures and wasm memory lie outside. */
const MAX_HEAP_MB = 32;

/** What workerd calls the kinds of modules. */
const MODULE_KINDS = new Map([
  [".js", "esModule"],
  [".wasm", "wasm"],
  [".xnorkit", "data"],
  [".xnorprog", "data"],
]);

/**
 * @param {WorkerName} name
 * @param {string} [outdir] is made anew
 * @returns {Promise<{ config: string, bytes: number, compressedBytes: number, codeBytes: number }>} workerd's
 *   configuration, the worker's size, that of its modules in gzip, and that of the script alone
 */
export async function buildWorker(name, outdir = join(here, "build", name)) {
  const entry = WORKERS[name];
  await writeNetwork(name);
  rmSync(outdir, { recursive: true, force: true });
  await build({
    entryPoints: { worker: join(here, entry) },
    outdir,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker"],
    loader: { ".wasm": "copy", ".xnorkit": "copy", ".xnorprog": "copy" },
    assetNames: "[name]",
    logLevel: "warning",
  });
  const files = readdirSync(outdir).toSorted((a, b) => Number(b === "worker.js") - Number(a === "worker.js"));
  const contents = files.map((file) => readFileSync(join(outdir, file)));
  const config = join(outdir, "worker.capnp");
  writeFileSync(config, configuration(files));
  return {
    config,
    bytes: contents.reduce((sum, { length }) => sum + length, 0),
    compressedBytes: contents.reduce((sum, content) => sum + gzipSync(content, { level: 9 }).length, 0),
    codeBytes: gzipSync(contents[0], { level: 9 }).length,
  };
}

/** The first file is the worker, the others are what it imports. @param {readonly string[]} files */
function configuration(files) {
  const modules = files.map((file) => `    (name = "${file}", ${MODULE_KINDS.get(extname(file))} = embed "${file}"),`);
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  # Edge platforms bound the memory of a worker to 128 MB; by itself V8 lets garbage pile up before it collects.
  v8Flags = ["--max-heap-size=${MAX_HEAP_MB}"],
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:8787", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  modules = [
${modules.join("\n")}
  ],
  compatibilityDate = "2026-01-01",
);
`;
}

/** ResNetE18 with random weights, float ones of 16 bits, and the preprocessing of ImageNet, as a packed model. */
function packedResnet() {
  const preprocess = { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] };
  const graph = { ...getModel("resnet18_e1", { inputShape: [1, 3, 224, 224] }), preprocess };
  return saveModel({ graph, weights: randomWeights(graph, 1) }, { f16: true });
}

/**
 * Writes what the worker imports: a program that reads pixels, or a packed model.
 * @param {WorkerName} name
 */
async function writeNetwork(name) {
  mkdirSync(join(here, "build"), { recursive: true });
  const write = (/** @type {string} */ file, /** @type {Uint8Array} */ bytes) =>
    writeFileSync(join(here, "build", file), bytes);
  if (name === "digits") write("digits.xnorprog", await compileProgram(digitsModel(), { inputType: "u8" }));
  if (name === "resnet")
    write("resnet18_e1.xnorprog", await compileProgram(loadModel(packedResnet()), { inputType: "u8" }));
  if (name === "resnet-session") write("resnet18_e1.xnorkit", packedResnet());
}

/** @param {string} name @returns {WorkerName} */
export function workerName(name) {
  if (name in WORKERS) return /** @type {WorkerName} */ (name);
  throw new Error(`there is no worker ${name}: choose ${Object.keys(WORKERS).join(", ")}`);
}

if (import.meta.url === pathToFileURL(argv[1]).href) {
  const { config, bytes, compressedBytes, codeBytes } = await buildWorker(workerName(argv[2] ?? "digits"));
  console.log(`${config}: ${bytes} bytes, ${compressedBytes} compressed, of which the script has ${codeBytes}`);
}
