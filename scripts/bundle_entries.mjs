// Bundles and minifies every entry of the built package into build/size, for size-limit (.size-limit.json). The relaxed build is left
// out of the core, as a bundler makes it a file of its own: it is imported only where `relaxed: true` asks for it.
import { build } from "esbuild";

await build({
  entryPoints: {
    core: "dist/src/index.js",
    "core.workerd": "dist/src/index.workerd.js",
    kernels: "dist/src/kernels.js",
    mxnet: "dist/src/mxnet.js",
    torch: "dist/src/torch.js",
    awnas: "dist/src/awnas.js",
    reference: "dist/src/reference/index.js",
    image: "dist/src/image/index.js",
    digits: "dist/src/models/digits.js",
    relaxed: "dist/src/generated/relaxed_wasm.js",
  },
  outdir: "build/size",
  bundle: true,
  minify: true,
  format: "esm",
  external: ["*/relaxed_wasm.js", "*.wasm"],
  logLevel: "warning",
});
