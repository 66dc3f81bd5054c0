// Joins the modules of the package into few files: those of the library's entries in dist/lib, those of the command
// line and the benchmarks in dist/cli. What entries share is there once; what is imported on demand stays so. The
// packages that the library imports stay imports; those that only the command line needs are bundled, with their
// licences in dist/cli/LICENSES.txt.
//
// A module costs a fresh process about as much to find and link as to read, so the library is not cut by who shares
// what, but in few layers, none of which imports one that comes after: what the main entry shares with the builds of
// the kernels (`host`), with entries that know no graph (`base`), with programs (`runner`), with readers (`graph`) and
// the classifier (`core`), the rest of it (`models`); then what the classifier shares with pictures (`pixels`) and with
// workers (`pictures`), and what each other entry has beyond.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { rolldown } from "rolldown";
import { bundleWorker } from "./bundle_worker.mjs";
import { withoutWhiteSpace } from "./white_space.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const dependencies = Object.keys(manifest.dependencies);
/** Other libraries, and the prototypes' compiler, are measured where the user has them. */
const peers = ["onnxruntime-web", "onnxruntime-node", "@tensorflow/*", "assemblyscript"];

const common = { absWorkingDir: root, bundle: true, splitting: true, format: "esm", target: "es2022" };

/** Entries in layers: each holds what the entry `of` shares with these others, and no layer before has. */
const layers = [
  { name: "host", of: "index", others: ["builds", "unpack"] },
  { name: "base", of: "index", others: ["kernels", "image", "decode", "reference"] },
  { name: "runner", of: "index", others: ["program"] },
  { name: "graph", of: "index", others: ["mxnet", "torch", "onnx", "tflite"] },
  { name: "core", of: "index", others: ["classify"] },
  { name: "models", of: "index", others: ["index"] },
  { name: "pixels", of: "classify", others: ["image"] },
  { name: "pictures", of: "classify", others: ["worker"] },
];

/** The source of each entry, and its name in dist/lib. */
const entries = new Map(
  Object.values(manifest.exports)
    .filter((target) => typeof target === "object")
    .map((target) => [sourceOf(target.types), basename(target.default, ".js")]),
);

/** The same of what the user's conditions choose among: the builds of the kernels, and what unpacks them. */
const chosen = new Map(
  Object.values(manifest.imports)
    .flatMap((variants) => Object.values(variants))
    .map((file) => basename(file, ".js"))
    .map((name) => [join(root, `src/runtime/${name}.ts`), name]),
);

/** What dist/lib holds by name, and its source. */
const inputs = {
  ...Object.fromEntries([...entries, ...chosen].map(([source, name]) => [name, source])),
  "worker_thread.node": join(root, "src/worker_thread.node.ts"),
};

/** dist/types/NAME.d.ts describes src/NAME.ts. */
function sourceOf(types) {
  return join(root, types.replace("dist/types/", "src/").replace(/\.d\.ts$/, ".ts"));
}

/**
 * Sources of the library that the command line imports and that are no entries: dist/lib/internals.js exports what they
 * do.
 */
const shared = new Set();

/** The command line imports the library from its files. */
const fromLibrary = {
  name: "from the library",
  setup({ onResolve }) {
    onResolve({ filter: /^\.{1,2}\// }, ({ path, importer }) => {
      if (importer.includes("node_modules")) return null;
      const source = resolve(dirname(importer), path.replace(/\.js$/, ".ts"));
      if (!relative(join(root, "src"), source).match(/^(?!\.\.|cli\b)/)) return null;
      if (!entries.has(source)) shared.add(source);
      return { path: `../lib/${entries.get(source) ?? "internals"}.js`, external: true };
    });
  },
};

async function bundleCommands() {
  const { metafile } = await build({
    ...common,
    minify: true,
    entryPoints: [
      { in: "src/cli/main.ts", out: "main" },
      { in: "bench/support/cold_start.ts", out: "cold_start" },
    ],
    outdir: "dist/cli",
    platform: "node",
    external: [...dependencies, ...peers],
    plugins: [fromLibrary],
    // CommonJS packages require modules of Node.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    metafile: true,
  });
  const licences = bundledPackages(metafile).map(licenceOf);
  const head = "The files beside this one contain the packages listed here.";
  writeFileSync(join(root, "dist/cli/LICENSES.txt"), `${[head, ...licences].join(`\n\n${"-".repeat(80)}\n\n`)}\n`);
}

/** The folders of the packages that a build has taken files from. */
function bundledPackages({ inputs }) {
  const folders = Object.keys(inputs).map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  return [...new Set(folders.filter((folder) => folder !== undefined))].sort();
}

function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
  const files = readdirSync(join(root, folder), { recursive: true })
    .filter((file) => /^(licen[cs]e|notice|copying)/i.test(basename(file)) && !file.includes("node_modules"))
    .sort();
  if (files.length === 0) throw new Error(`${name} is bundled, but has no licence file`);
  const texts = files.map((file) => readFileSync(join(root, folder, file), "utf8").trim());
  return [`${name} ${version} (${license})`, ...texts].join("\n\n");
}

/** Sources import NAME.js where the package imports `#NAME`, which the conditions of its user choose. */
const byCondition = {
  name: "by condition",
  resolveId(id) {
    const name = id.replace(/^\.{1,2}\/(?:.*\/)?(.*)\.js$/, "#$1");
    return name in manifest.imports ? { id: name, external: true } : null;
  },
};

/** The module of dist/lib/internals.js. */
const internals = {
  name: "internals",
  resolveId: (id) => (id === "internals" ? id : null),
  load: (id) =>
    id === "internals" ? [...shared].map((source) => `export * from ${JSON.stringify(source)};`).join("\n") : null,
};

function isExternal(id) {
  return (
    /^#|^node:|\.wasm(\?module)?$/.test(id) || dependencies.some((name) => id === name || id.startsWith(`${name}/`))
  );
}

/** The sources that entries import, directly or by others, on demand apart. */
async function reachable(names) {
  const sources = names.map((name) => inputs[name]);
  const external = [...dependencies, "*.wasm", "*.wasm?module", "*/builds.js", "*/unpack.js", "node:*"];
  const options = { ...common, outdir: "unused", external, write: false, metafile: true };
  const { metafile } = await build({ ...options, entryPoints: sources });
  const found = new Set(sources);
  for (const source of found)
    for (const { path, kind, external } of metafile.inputs[relative(root, source)].imports)
      if (kind === "import-statement" && !external) found.add(join(root, path));
  return found;
}

async function bundleLibrary() {
  const bundle = await rolldown({
    cwd: root,
    input: { ...inputs, internals: "internals" },
    external: isExternal,
    plugins: [byCondition, internals],
    treeshake: { moduleSideEffects: false },
    // The command line imports at once what the library imports on demand.
    checks: { ineffectiveDynamicImport: false },
  });
  const named = new Set(Object.values(inputs));
  const groups = await Promise.all(
    layers.map(async ({ name, of, others }, index) => {
      const [own, sources] = await Promise.all([reachable([of]), reachable(others)]);
      const isHost = (id) => name === "host" && !named.has(id) && !id.includes("generated");
      return { name, priority: layers.length - index, test: (id) => sources.has(id) && (own.has(id) || isHost(id)) };
    }),
  );
  const { output } = await bundle.generate({
    format: "esm",
    codeSplitting: { groups },
    paths: (id) => id.replace(/^.*\/wasm\//, "../wasm/"),
  });
  const surplus = output.flatMap(({ moduleIds = [] }) => moduleIds).find((id) => id.includes("node_modules"));
  if (surplus !== undefined) throw new Error(`the library bundles ${surplus}: name it in dependencies of package.json`);
  mkdirSync(join(root, "dist/lib"));
  for (const { fileName, code } of output) {
    writeFileSync(join(root, "dist/lib", fileName), await withoutWhiteSpace(code));
  }
}

/** One script that defines `xnorkit`, for the modules that `xnorkit compile --module` writes. */
async function bundleRunner() {
  await build({
    absWorkingDir: root,
    bundle: true,
    format: "iife",
    globalName: "xnorkit",
    target: "es2022",
    minify: true,
    entryPoints: [{ in: "src/runtime/standalone.ts", out: "runner" }],
    outdir: "dist/lib",
    plugins: [
      {
        name: "no kernels and no workers",
        setup({ onResolve }) {
          onResolve({ filter: /^\.\/(builds|team_open)\.js$/ }, ({ path }) => ({
            path: join(root, "src/runtime", path.replace(/\.js$/, ".none.ts")),
          }));
        },
      },
    ],
  });
}

for (const folder of ["lib", "cli"]) rmSync(join(root, "dist", folder), { recursive: true, force: true });
await bundleCommands();
await bundleLibrary();
await bundleRunner();
writeFileSync(join(root, "dist/lib/worker_main.js"), await bundleWorker());
