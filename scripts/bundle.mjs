// Joins the modules of the package into few files: those of the library's entries in dist/lib, those of the command
// line and the benchmarks in dist/cli. What entries share is there once; what is imported on demand stays so. The
// packages that the library imports stay imports; those that only the command line needs are bundled, with their
// licences in dist/cli/LICENSES.txt.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../", import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const dependencies = Object.keys(manifest.dependencies);
/** Other libraries, and the prototypes' compiler, are measured where the user has them. */
const peers = ["onnxruntime-web", "onnxruntime-node", "@tensorflow/*", "assemblyscript"];

const common = { absWorkingDir: root, bundle: true, splitting: true, format: "esm", target: "es2022" };

/** The library keeps names and lines: a stack trace shows the line that threw, and bundlers minify for themselves. */
const readable = { minifySyntax: true };

/** The source of each entry, and its name in dist/lib. */
const entries = new Map(
  Object.values(manifest.exports)
    .filter((target) => typeof target === "object")
    .map((target) => [sourceOf(target.types), basename(target.default, ".js")]),
);

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

/**
 * Sources import the builds for hosts that compile bytes; in the package the conditions of its user choose among them.
 */
const chosenBuilds = {
  name: "chosen builds",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/builds\.js$/ }, () => ({ path: "#builds", external: true }));
  },
};

/** The module of dist/lib/internals.js. */
const internals = {
  name: "internals",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^internals$/ }, ({ path }) => ({ path, namespace: "internals" }));
    onLoad({ filter: /.*/, namespace: "internals" }, () => ({
      contents: [...shared].map((source) => `export * from ${JSON.stringify(source)};`).join("\n"),
      resolveDir: root,
    }));
  },
};

async function bundleLibrary() {
  const builds = Object.values(manifest.imports["#builds"])
    .map((file) => basename(file, ".js"))
    .map((name) => ({ in: `src/runtime/${name}.ts`, out: name }));
  const { metafile, outputFiles } = await build({
    ...common,
    ...readable,
    entryPoints: [
      ...Array.from(entries, ([source, name]) => ({ in: source, out: name })),
      ...builds,
      { in: "internals", out: "internals" },
    ],
    outdir: "dist/lib",
    external: [...dependencies, "*.wasm", "*.wasm?module"],
    plugins: [chosenBuilds, internals],
    metafile: true,
    write: false,
  });
  const [surplus] = bundledPackages(metafile);
  if (surplus !== undefined) throw new Error(`the library imports ${surplus}: name it in dependencies of package.json`);
  mkdirSync(join(root, "dist/lib"), { recursive: true });
  // Without the imports that are there for side effects alone: the package has none, and bundlers would warn of each.
  for (const { path, text } of outputFiles) writeFileSync(path, text.replaceAll(/^import "\.\/[^"]+";\n/gm, ""));
}

for (const folder of ["lib", "cli"]) rmSync(join(root, "dist", folder), { recursive: true, force: true });
await bundleCommands();
await bundleLibrary();
