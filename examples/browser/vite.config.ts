/** How vite serves and builds the page. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { guides } from "./guides_plugin.js";
import { offline } from "./offline_plugin.js";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** A page that is isolated from other origins gets a clock of 5 µs in place of 100 µs. */
const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

/** The race is run by onnxruntime-web too, which adds 14 MB to the built page. */
const withOnnxruntime = process.env.XNORKIT_PAGE_ONNXRUNTIME === "1";

// biome-ignore lint/style/noDefaultExport: vite reads its configuration from the default export
export default defineConfig({
  root: path("."),
  // Relative addresses: the built page works in any folder of a host.
  base: "./",
  define: { WITH_ONNXRUNTIME: JSON.stringify(withOnnxruntime) },
  resolve: {
    // In the repository the package is its sources; a page of your own installs it and needs no alias.
    alias: [
      { find: /^xnorkit$/, replacement: path("../../src/index.ts") },
      { find: /^xnorkit\/kernels$/, replacement: path("../../src/kernels.ts") },
      { find: /^xnorkit\/models\/digits$/, replacement: path("../../src/models/digits.ts") },
    ],
  },
  // The worker loads its parts when they are asked for.
  worker: { format: "es" },
  build: {
    outDir: path("../../build/browser"),
    emptyOutDir: true,
    target: "es2022",
    // Files of their own for small pictures too: the page's policy allows no data addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { main: path("index.html"), service_worker: path("service_worker.ts") },
      output: {
        entryFileNames: ({ name }) => (name === "service_worker" ? "service_worker.js" : "assets/[name]-[hash].js"),
      },
    },
  },
  plugins: [guides(), offline()],
  server: { headers, fs: { allow: [path("../..")] } },
  preview: { headers },
});
