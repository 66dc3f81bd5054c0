// The script of workers in browsers as one module that imports nothing: bundlers that cannot split a worker's code take
// it as well as others do. Browsers decode pictures themselves and have no modules of Node, so that the package's
// decoders and what asks for those stay out of it.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { withoutWhiteSpace } from "./white_space.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Modules that browsers need nothing of, and what stands in their place. */
const replacements = new Map([
  [
    "/decode/index.js",
    `import { XnorkitError } from "../errors.js";
    export function decodePicture(_, { name }) {
      const reason = "this worker is made for browsers, which decode pictures themselves: give pixels";
      throw new XnorkitError("unsupported", \`\${name} cannot be decoded: \${reason}\`);
    }`,
  ],
  ["/host/builtin.js", "export const hostModule = async () => null;"],
]);

const forBrowsers = {
  name: "for browsers",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) => {
      const end = [...replacements.keys()].find((name) => path.endsWith(name));
      return end === undefined ? null : { path: end, namespace: "for-browsers", pluginData: resolveDir };
    });
    onLoad({ filter: /.*/, namespace: "for-browsers" }, ({ path, pluginData }) => ({
      contents: replacements.get(path),
      resolveDir: pluginData,
    }));
  },
};

/** The module's text. */
export async function bundleWorker() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ["src/worker_main.ts"],
    bundle: true,
    // Comments stay that tell bundlers to leave an import alone: esbuild would drop them with the white space.
    minifyIdentifiers: true,
    minifySyntax: true,
    format: "esm",
    target: "es2022",
    write: false,
    plugins: [forBrowsers],
  });
  return withoutWhiteSpace(outputFiles[0].text);
}
