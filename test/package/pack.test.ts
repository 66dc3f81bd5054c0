/** What `npm pack` puts in the tarball: all that is needed, nothing else; and what the ecosystem's checkers say of it. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { build } from "esbuild";
import { noSkip, notBuilt, root, run, temporaryFolder } from "../support/installed_package.js";

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

const wanted = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
  /^bin\/xnorkit\.js$/,
  /^dist\/src\/cli\/.*\.js$/,
  /^dist\/src\/(?!cli\/).*\.(js|d\.ts)$/,
  /^dist\/bench\/.*\.js$/,
  /^dist\/lib\/[^/]*\.js$/,
  /^dist\/wasm\/(simd|relaxed)\.wasm$/,
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
    external: ["*.wasm", "*.wasm?module"],
  });
  // Other libraries and the prototypes' compiler are measured where the user has them; the commands say where not.
  const inputs = Object.entries(metafile.inputs).filter(([path]) => !/bench\/(peers|support\/prototype)/.test(path));
  const external = inputs.flatMap(([, { imports }]) => imports.filter((found) => found.external));
  const bare = external.map(({ path }) => path).filter((path) => !/^(node:|\.)/.test(path));
  return new Set(bare.map((name) => name.split("/", name.startsWith("@") ? 2 : 1).join("/")));
}

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
    assert.ok(packed.size < 800_000, `${packed.size} bytes packed`);
  });

  test("holds every file that its entries name", () => {
    const paths = new Set(packed.files.map(({ path }) => path));
    const missing = targets([manifest.exports, manifest.bin]).filter((path) => !paths.has(path));
    assert.deepEqual(missing, []);
  });

  test("holds no file whose source is gone", () => {
    const built = packed.files.map(({ path }) => path).filter((path) => /^dist\/(src|bench)\/.*\.js$/.test(path));
    assert.ok(built.length > 100);
    const stale = built.filter((path) => !existsSync(join(root, path.slice("dist/".length).replace(/\.js$/, ".ts"))));
    assert.deepEqual(stale, [], "npm run clean && npm run build");
  });

  test("depends on every package that it imports and on no other", async () => {
    const paths = packed.files.map(({ path }) => path);
    const modules = paths.filter((path) => path.endsWith(".js"));
    assert.deepEqual([...(await packagesOf(modules))].sort(), Object.keys(manifest.dependencies).sort());
    assert.equal(manifest.sideEffects, false);
  });

  test("publint and attw find nothing", () => {
    const tarball = join(folder, packed.filename);
    run("npx", ["publint", "run", tarball, "--strict"], root);
    const exclude = ["--exclude-entrypoints", "simd.wasm", "relaxed.wasm"];
    run("npx", ["attw", tarball, "--profile", "esm-only", ...exclude], root);
  });
});

test("deno.json and jsr.json mirror the entries, their version and licence", () => {
  const entries = Object.entries(manifest.exports as Record<string, { types?: string }>)
    .filter(([, target]) => target.types !== undefined)
    .map(([name, { types: path }]) => [name, path!.replace("./dist/", "./").replace(/\.d\.ts$/, ".ts")]);
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

test("every entry for one host has its twin for all hosts", () => {
  for (const name of readdirSync(join(root, "src")).filter((file) => /\.(workerd|edge)\.ts$/.test(file))) {
    const condition = name.includes(".workerd.") ? "workerd" : "edge-light";
    const entry = name.slice(0, name.indexOf("."));
    const target = manifest.exports[entry === "index" ? "." : `./${entry}`];
    assert.equal(target[condition], `./dist/lib/${name.replace(/\.ts$/, ".js")}`);
    assert.equal(target.default, `./dist/lib/${entry}.js`);
  }
});
