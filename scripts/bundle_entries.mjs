// Bundles and minifies every entry of the built package into build/size, for size-limit (.size-limit.json). What is imported only
// where a network or an option asks for it is left out of the core, as a bundler makes files of their own of it; each such part is
// measured without the modules that it shares with the core.
import { resolve } from "node:path";
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

const parts = {
  relaxed: "dist/src/generated/relaxed_wasm.js",
  planes: "dist/src/compiler/lower_planes.js",
  unary: "dist/src/compiler/lower_unary.js",
  byte_stem: "dist/src/compiler/lower_byte_stem.js",
  tune: "dist/src/runtime/tune.js",
};

/** Leaves out modules by their path. */
function without(paths) {
  const left = new Set(paths.map((path) => resolve(path)));
  return {
    name: "without",
    setup({ onResolve }) {
      onResolve({ filter: /^\.{1,2}\// }, ({ path, resolveDir, kind }) => {
        const external = kind !== "entry-point" && left.has(resolve(resolveDir, path));
        return external ? { path, external } : undefined;
      });
    },
  };
}

const options = {
  outdir: "build/size",
  bundle: true,
  minify: true,
  format: "esm",
  external: ["*.wasm"],
  metafile: true,
  logLevel: "warning",
};

const { metafile } = await build({ ...options, entryPoints: entries, plugins: [without(Object.values(parts))] });
const core = Object.keys(metafile.outputs["build/size/core.js"].inputs);
for (const [name, part] of Object.entries(parts)) {
  await build({ ...options, entryPoints: { [name]: part }, plugins: [without(core)] });
}
