// Bundles and minifies every entry of the built package into build/size, for size-limit (.size-limit.json). Bundlers make files of
// their own of what is imported only where a network or an option asks for it; so are they measured here: a bundle is the file of its
// entry and all that this one imports at once, each part imported on demand is one beside it.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { build } from "esbuild";

const entries = {
  core: "dist/src/index.js",
  "core.workerd": "dist/src/index.workerd.js",
  kernels: "dist/src/kernels.js",
  mxnet: "dist/src/mxnet.js",
  torch: "dist/src/torch.js",
  awnas: "dist/src/awnas.js",
  reference: "dist/src/reference/index.js",
  image: "dist/src/image/index.js",
  digits: "dist/src/models/digits.js",
};

/** What `file` imports statically, what that imports, and `file` itself: in the order in which a single file would hold them. */
function closure(outputs, file, found = new Set()) {
  for (const { path, kind, external } of outputs[file].imports) {
    if (kind === "import-statement" && !external && !found.has(path)) closure(outputs, path, found);
  }
  return found.add(file);
}

function write(name, files) {
  writeFileSync(`build/size/${name}.js`, files.map((file) => readFileSync(file, "utf8")).join(""));
}

rmSync("build/size", { recursive: true, force: true });
mkdirSync("build/size", { recursive: true });
for (const [name, entry] of Object.entries(entries)) {
  const { metafile } = await build({
    entryPoints: [entry],
    outdir: `build/size/${name}`,
    entryNames: "[name]",
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    external: ["*.wasm"],
    metafile: true,
    logLevel: "warning",
  });
  const { outputs } = metafile;
  const files = closure(outputs, `build/size/${name}/${basename(entry)}`);
  write(name, [...files]);
  if (name !== "core") continue;
  for (const [file, { entryPoint }] of Object.entries(outputs)) {
    if (entryPoint === undefined || entryPoint === entry) continue;
    write(
      basename(entryPoint, ".js"),
      [...closure(outputs, file)].filter((part) => !files.has(part)),
    );
  }
}
