/**
 * The types of the packed package, checked whole (`skipLibCheck: false`) by an old TypeScript and by this repository's,
 * for a user who loads no dom library: they name neither its types nor WebAssembly's, which are kept there, nor typed
 * arrays with a type argument.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { installPackage, noSkip, notBuilt, root, temporaryFolder } from "../support/installed_package.js";

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const entries = Object.entries(manifest.exports as Record<string, { types?: string }>)
  .filter(([, target]) => target.types !== undefined)
  .map(([name]) => name.replace(/^\./, "xnorkit"));

const consumer = `
${entries.map((name, i) => `import * as entry${i} from "${name}";`).join("\n")}
import { createSession, loadModel, type Model, saveModel, type Session, type Tensor, XnorkitError } from "xnorkit";
import { instantiate, type KernelInstance } from "xnorkit/kernels";
import { type Block, buildGraph, conv2d, defineGraph, dense, type NodeDraft, sequential, torch } from "xnorkit/nn";

export const entries = [${entries.map((_, i) => `entry${i}`).join(", ")}];

export async function classify(bytes: Uint8Array, pixels: Uint8Array, wasm: ArrayBuffer): Promise<Float32Array> {
  const model: Model = loadModel(bytes);
  const session: Session = await createSession(model, { taps: ["features.3"], wasm });
  const output: Tensor = session.run({ shape: [1, 1, 32, 32], data: pixels });
  if (output.data instanceof Uint8Array) throw new XnorkitError("bad-value", "logits are floats");
  return output.data;
}

export function networks(channels: number): readonly string[] {
  const own: Block = { type: "Own", forward: (scope, x) => scope.add({ kind: "relu" }, [x]) };
  const blocks = [conv2d({ channels, kernelSize: [3, 1] }), own, torch.hardtanh(), dense({ units: 2 })];
  const nodes: readonly NodeDraft[] = [
    { kind: "conv2d", channels, kernel: 3, padding: "same" },
    { kind: "crop", left: 1 },
    { kind: "flatten" },
    // @ts-expect-error a dense layer without units
    { kind: "dense", bias: null },
  ];
  // @ts-expect-error a layer without its channels
  conv2d({ kernelSize: 3 });
  return [buildGraph("net", [1, 3, 8, 8], sequential(blocks)).output, defineGraph({ inputShape: [1, 3], nodes }).name];
}

export async function put(bytes: Uint8Array): Promise<number> {
  const { exports, memory, allocate }: KernelInstance = await instantiate();
  const address: number = allocate(bytes.length);
  new Uint8Array(memory.buffer).set(bytes, address);
  exports.copyBytes(allocate(bytes.length), address, bytes.length);
  return memory.grow(1) + saveModel(loadModel(bytes)).length;
}
`;

/** For who has the symbol of `using`. */
const scoped = `
import { createSession, type Model, type Tensor } from "xnorkit";

export async function runOnce(model: Model, input: Tensor): Promise<Tensor> {
  using session = await createSession(model);
  const held: Disposable = session;
  void held;
  return session.run(input);
}
`;

const config = {
  compilerOptions: {
    target: "ES2022",
    lib: ["ES2022"],
    types: [],
    module: "NodeNext",
    moduleResolution: "NodeNext",
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
  },
  files: ["consumer.ts"],
};

describe("the types of the package", { skip: noSkip ? false : notBuilt }, () => {
  const { folder, remove } = temporaryFolder();

  before(() => {
    installPackage(folder);
    writeFileSync(join(folder, "consumer.ts"), consumer);
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    writeFileSync(join(folder, "scoped.ts"), scoped);
    const { lib, ...others } = config.compilerOptions;
    const compilerOptions = { ...others, lib: [...lib, "ESNext.Disposable"] };
    writeFileSync(join(folder, "tsconfig.scoped.json"), JSON.stringify({ compilerOptions, files: ["scoped.ts"] }));
  });
  after(remove);

  function compile(typescript: string, project = "tsconfig.json"): string {
    const tsc = join(root, typescript, "bin/tsc");
    const argv = [tsc, "-p", join(folder, project)];
    const { stdout, stderr } = spawnSync(process.execPath, argv, { encoding: "utf8", timeout: 120_000 });
    return stdout + stderr;
  }

  for (const [version, typescript] of [
    ["5.6", "scripts/tools/node_modules/typescript-5.6"],
    ["7", "node_modules/typescript"],
  ]) {
    const missing = existsSync(join(root, typescript)) ? false : "run npm run tools first";
    test(`TypeScript ${version} compiles a user of every entry`, { skip: noSkip ? false : missing }, () => {
      const found = JSON.parse(readFileSync(join(root, typescript, "package.json"), "utf8")).version;
      assert.ok(found.startsWith(`${version}.`), found);
      assert.equal(compile(typescript), "");
      assert.equal(compile(typescript, "tsconfig.scoped.json"), "");
      // The compiler has seen the package's types: a wrong use is an error.
      writeFileSync(join(folder, "consumer.ts"), `${consumer}\nexport const wrong: string = createSession;\n`);
      assert.match(compile(typescript), /error TS2322/);
      writeFileSync(join(folder, "consumer.ts"), consumer);
    });
  }
});
