/** The conformance script as each host takes it: bundled under that host's conditions, from the installed package. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";

/** Turns `x.wasm?module` into the global that the edge platform puts there; hosts/edge_runtime.mjs provides it. */
const edgeWasm: Plugin = {
  name: "edge-wasm",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\.wasm\?module$/ }, ({ path }) => ({ path, namespace: "edge-wasm", sideEffects: false }));
    onLoad({ filter: /.*/, namespace: "edge-wasm" }, () => ({ contents: "export default globalThis.simdModule;" }));
  },
};

/** Bundles for edge-runtime: a classic script. */
export async function bundleForEdge(folder: string): Promise<string> {
  const outfile = join(folder, "edge/bundle.js");
  await build({
    entryPoints: [join(folder, "hosts/listener.mjs")],
    outfile,
    bundle: true,
    format: "iife",
    conditions: ["edge-light", "worker"],
    plugins: [edgeWasm],
    logLevel: "error",
  });
  return outfile;
}

/** Puts the program module with kernels and program beside it in the place of the one that holds them. */
function workerdModule(folder: string): Plugin {
  return {
    name: "workerd-module",
    setup({ onResolve }) {
      onResolve({ filter: /\/digits_module\.mjs$/ }, () => ({ path: join(folder, "digits_workerd.mjs") }));
    },
  };
}

/**
 * Bundles as workerd's own build tool does: .wasm files are copied beside the script. Returns a configuration that
 * serves it.
 */
export async function bundleForWorkerd(folder: string): Promise<{ outdir: string; config: string }> {
  const outdir = join(folder, "workerd");
  await build({
    entryPoints: [join(folder, "hosts/workerd.mjs")],
    outdir,
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy", ".bin": "copy" },
    plugins: [workerdModule(folder)],
    logLevel: "error",
  });
  const beside = (ending: string, kind: string) =>
    readdirSync(outdir)
      .filter((name) => name.endsWith(ending))
      .map((name) => `(name = "${name}", ${kind} = embed "${name}")`);
  const modules = [
    '(name = "workerd.js", esModule = embed "workerd.js")',
    ...beside(".wasm", "wasm"),
    ...beside(".bin", "data"),
  ];
  const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [${modules.join(", ")}],
  compatibilityDate = "2025-01-01",
);
`;
  return { outdir, config };
}

/** Bundles the page, its module worker and its service worker. */
export async function bundleForBrowser(folder: string): Promise<string> {
  const outdir = join(folder, "browser");
  await build({
    entryPoints: ["page", "module_worker", "listener"].map((name) => join(folder, `hosts/${name}.mjs`)),
    outdir,
    bundle: true,
    format: "esm",
    logLevel: "error",
  });
  return outdir;
}
