// Bundles and minifies every entry of the built package into build/size, for size-limit (.size-limit.json), and what an
// app takes of the main one: what a bundler makes of it and of all that it imports at once. What is imported on demand
// would be files of its own, and is none of it here.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

/** What an app imports that runs a model from a file. */
const app = "{ createSession, loadModel }";

const bundles = [
  { name: "app", entry: "index", names: app },
  { name: "app.workerd", entry: "index", names: app, conditions: ["workerd"] },
  { name: "core", entry: "index" },
  { name: "core.classify", entry: ["index", "classify"] },
  { name: "core.workerd", entry: "index", conditions: ["workerd"] },
  // On workerd kernels are a file, so that what is left is the runner alone.
  { name: "program", entry: "program", conditions: ["workerd"] },
  ...[
    "kernels",
    "mxnet",
    "torch",
    "awnas",
    "onnx",
    "tflite",
    "nn",
    "compile",
    "reference",
    "image",
    "decode",
    "classify",
    "worker",
    "digits",
  ].map((entry) => ({
    name: entry,
    entry,
  })),
];

/**
 * What `file` imports statically, what that imports, and `file` itself: in the order in which a single file would hold
 * them.
 */
function closure(outputs, file, found = new Set()) {
  for (const { path, kind, external } of outputs[file].imports) {
    if (kind === "import-statement" && !external && !found.has(path)) closure(outputs, path, found);
  }
  return found.add(file);
}

rmSync("build/size", { recursive: true, force: true });
for (const { name, entry, names = "*", conditions = [] } of bundles) {
  const entries = [entry].flat();
  const { metafile } = await build({
    stdin: {
      contents: entries.map((file) => `export ${names} from "./${file}.js";`).join("\n"),
      resolveDir: "dist/lib",
    },
    outdir: `build/size/${name}`,
    entryNames: "all",
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    conditions,
    external: ["*.wasm"],
    metafile: true,
    logLevel: "warning",
  });
  const files = closure(metafile.outputs, `build/size/${name}/all.js`);
  writeFileSync(`build/size/${name}.js`, [...files].map((file) => readFileSync(file, "utf8")).join(""));
}
