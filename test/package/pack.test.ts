/**
 * What `npm pack` puts in the tarball: all that is needed, nothing else; and what the ecosystem's checkers say of it.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { build } from "esbuild";
import { noSkip, notBuilt, root, run, temporaryFolder } from "../support/installed_package.js";

interface Packed {
  readonly filename: string;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

const wanted = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
  /^bin\/xnorkit\.js$/,
  /^dist\/lib\/[^/]*\.js$/,
  /^dist\/types\/.*\.d\.ts$/,
  /^dist\/cli\/([^/]*\.js|LICENSES\.txt)$/,
  /^dist\/wasm\/(simd|relaxed|shared)\.wasm$/,
  /^models\/(README\.md|training\/[^/]*\.py)$/,
];

/** Every path that package.json's exports and bin name. */
function targets(value: unknown): string[] {
  if (typeof value === "string") return [value.replace(/^\.\//, "")];
  return Object.values(value as object).flatMap(targets);
}

/** Names of the packages that the built modules import, statically or not. */
async function packagesOf(paths: readonly string[]): Promise<Set<string>> {
  const { metafile } = await build({
    entryPoints: paths.map((path) => join(root, path)),
    outdir: root,
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    packages: "external",
    external: ["*.wasm", "*.wasm?module", "#*"],
    logLevel: "error",
  });
  const imports = Object.values(metafile.inputs).flatMap(({ imports }) => imports.filter((found) => found.external));
  const bare = imports.map(({ path }) => path).filter((path) => !/^[.#]/.test(path) && !isBuiltin(path));
  return new Set(bare.map((name) => name.split("/", name.startsWith("@") ? 2 : 1).join("/")));
}

/** What the command line imports and nothing bundles: Graphviz, with its WebAssembly, is as large as all else. */
const DRAWN_BY = ["@hpcc-js/wasm-graphviz"];

describe("the packed package", { skip: noSkip ? false : notBuilt }, () => {
  const { folder, remove } = temporaryFolder();
  let packed: Packed;

  before(() => {
    const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
    [packed] = JSON.parse(run("npm", args, root));
  });
  after(remove);

  test("holds only what is needed", () => {
    const surplus = packed.files
      .map(({ path }) => path)
      .filter((path) => !wanted.some((pattern) => pattern.test(path)));
    assert.deepEqual(surplus, []);
    assert.ok(packed.files.length <= 165, `${packed.files.length} files`);
    assert.ok(packed.unpackedSize <= 2.65e6, `${packed.unpackedSize} bytes unpacked`);
    // Three of the core, and one each of onnx, tflite, decode and the drawings of the command line.
    assert.ok(Object.keys(manifest.dependencies).length <= 7);
  });

  test("holds every file that its entries name", () => {
    const paths = new Set(packed.files.map(({ path }) => path));
    const missing = targets([manifest.exports, manifest.bin]).filter((path) => !paths.has(path));
    assert.deepEqual(missing, []);
  });

  test("holds the declarations that its entries lead to, and no other", () => {
    const declarations = packed.files.map(({ path }) => path).filter((path) => path.endsWith(".d.ts"));
    const targets = Object.values(manifest.exports as Record<string, { types?: string }>);
    const reached = new Set(targets.flatMap(({ types }) => types?.replace("./", "") ?? []));
    assert.ok(reached.size > 15);
    for (const path of reached) {
      for (const [, imported] of readFileSync(join(root, path), "utf8").matchAll(
        /(?:from |import |import\()"(\.[^"]+)\.js"/g,
      )) {
        reached.add(join(dirname(path), `${imported}.d.ts`));
      }
    }
    assert.deepEqual(declarations.sort(), [...reached].sort());
  });

  test("lists the licence of every package that is bundled", () => {
    const text = readFileSync(join(root, "dist/cli/LICENSES.txt"), "utf8");
    for (const name of ["benchmark", "cli-progress", "cli-table3", "lodash", "emoji-regex"]) {
      assert.match(text, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\([^)]+\\)$`, "m"));
    }
  });

  test("depends on every package that it imports and on no other", async () => {
    const paths = packed.files.map(({ path }) => path);
    const modules = (folder: string) => paths.filter((path) => path.startsWith(folder) && path.endsWith(".js"));
    const dependencies = Object.keys(manifest.dependencies);
    const imported = new Set([...(await packagesOf(modules("dist/lib/"))), ...DRAWN_BY]);
    assert.deepEqual([...imported].sort(), dependencies.sort());
    // Other libraries and the prototypes' compiler are measured where the user has them; the commands say where not.
    const peers = /^(onnxruntime-|@tensorflow\/|assemblyscript$)/;
    const own = [...(await packagesOf(modules("dist/cli/")))].filter((name) => !peers.test(name));
    assert.deepEqual(
      own.filter((name) => !dependencies.includes(name)),
      [],
    );
    assert.equal(manifest.sideEffects, false);
  });

  test("publint and attw find nothing", () => {
    const tarball = join(folder, packed.filename);
    run("npx", ["publint", "run", tarball, "--strict"], root);
    const exclude = ["--exclude-entrypoints", "simd.wasm", "relaxed.wasm", "shared.wasm", "worker_main.js"];
    run("npx", ["attw", tarball, "--profile", "esm-only", ...exclude], root);
  });
});

test("deno.json and jsr.json mirror the entries, their version and licence", () => {
  const entries = Object.entries(manifest.exports as Record<string, { types?: string }>)
    .filter(([, target]) => target.types !== undefined)
    .map(([name, { types: path }]) => [name, path!.replace("./dist/types/", "./src/").replace(/\.d\.ts$/, ".ts")]);
  for (const file of ["deno.json", "jsr.json"]) {
    const mirror = JSON.parse(readFileSync(join(root, file), "utf8"));
    assert.deepEqual(mirror.exports, Object.fromEntries(entries), file);
    assert.equal(mirror.version, manifest.version, file);
    assert.equal(mirror.license, manifest.license, file);
    for (const path of Object.values<string>(mirror.exports)) assert.ok(existsSync(join(root, path)), path);
  }
});

const deno = join(root, "node_modules/.bin/deno");
test("the sources can be published to JSR", {
  skip: noSkip || existsSync(deno) ? false : "deno is not installed",
}, () => {
  const args = ["publish", "--dry-run", "--allow-dirty", "--no-check", "--allow-slow-types"];
  run(deno, args, root);
});

test("what is for one host has its twin for all hosts", () => {
  assert.deepEqual(manifest.imports, {
    "#builds": {
      workerd: "./dist/lib/builds.workerd.js",
      "edge-light": "./dist/lib/builds.edge.js",
      default: "./dist/lib/builds.js",
    },
    "#unpack": {
      node: "./dist/lib/unpack.node.js",
      default: "./dist/lib/unpack.js",
    },
  });
  const names = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" });
  const variants = names.filter((name) => /\.(workerd|edge|node)\.ts$/.test(name)).sort();
  // The twin of a worker's script on Node is worker_main.ts, which a page takes by its name.
  assert.deepEqual(variants, [
    "runtime/builds.edge.ts",
    "runtime/builds.workerd.ts",
    "runtime/unpack.node.ts",
    "worker_thread.node.ts",
  ]);
});
