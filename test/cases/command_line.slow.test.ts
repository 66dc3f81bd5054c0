/**
 * The command line's files and terminals: what it writes where, what a full disk does, what names from files look like.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { writeFileWhole } from "../../src/cli/write_file.js";
import { loadModel, saveModel } from "../../src/formats/packed_model.js";
import { writeSafetensors } from "../../src/formats/safetensors.js";
import { readTensors, temporaryFolder, tinyFiles, tinyTensors, waves, xnorkit } from "../cli/support.js";
import { sharedPath, skipWithout } from "../support/shared.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const isWindows = process.platform === "win32" && "no such files";
const text = (contents: string) => new TextEncoder().encode(contents);
const write = (path: string, contents: string) => writeFileWhole(path, (next) => next(text(contents)));

describe("output files", { skip: isWindows }, () => {
  it("keep the mode of the file that they replace", async () => {
    const path = join(temporaryFolder(), "model");
    for (const mode of [0o640, 0o600, 0o755, 0o444]) {
      writeFileSync(path, "old");
      chmodSync(path, mode);
      await write(path, "new");
      assert.equal(statSync(path).mode & 0o7777, mode);
      assert.equal(readFileSync(path, "utf8"), "new");
      chmodSync(path, 0o600);
    }
  });

  it("have the mode that the process gives where they are new", async () => {
    const path = join(temporaryFolder(), "model");
    await write(path, "new");
    assert.equal(statSync(path).mode & 0o777, 0o666 & ~process.umask());
  });

  it("keep their owner", { skip: process.getuid?.() !== 0 && "only root gives files away" }, async () => {
    const path = join(temporaryFolder(), "model");
    writeFileSync(path, "old");
    chownSync(path, 1234, 2345);
    await write(path, "new");
    const { uid, gid } = statSync(path);
    assert.deepEqual([uid, gid], [1234, 2345]);
  });

  it("stay one file where they have several names", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a"), "old");
    linkSync(join(folder, "a"), join(folder, "b"));
    await write(join(folder, "a"), "new");
    assert.equal(readFileSync(join(folder, "b"), "utf8"), "new");
    assert.deepEqual(readdirSync(folder).sort(), ["a", "b"]);
  });

  it("are written where symbolic links lead, be there a file or not", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "far"));
    writeFileSync(join(folder, "far/file"), "old");
    symlinkSync("far/file", join(folder, "one"));
    symlinkSync("one", join(folder, "two"));
    symlinkSync("far/none", join(folder, "dangling"));
    await write(join(folder, "two"), "new");
    await write(join(folder, "dangling"), "newer");
    assert.equal(readlinkSync(join(folder, "two")), "one");
    assert.equal(readFileSync(join(folder, "far/file"), "utf8"), "new");
    assert.equal(readFileSync(join(folder, "far/none"), "utf8"), "newer");
    symlinkSync("loop", join(folder, "loop"));
    await assert.rejects(write(join(folder, "loop"), "x"), /loop: it is a symbolic link that leads/);
  });

  it("go into a pipe, which stays one", async () => {
    const pipe = join(temporaryFolder(), "pipe");
    execFileSync("mkfifo", [pipe]);
    const reader = spawn("cat", [pipe]);
    let read = "";
    reader.stdout.on("data", (chunk) => {
      read += chunk;
    });
    await write(pipe, "through");
    await new Promise((resolve) => reader.on("close", resolve));
    assert.equal(read, "through");
    assert.ok(lstatSync(pipe).isFIFO());
  });

  it("go into a device, whose full disk is one sentence", {
    skip: !existsSync("/dev/full") && "no /dev/full",
  }, async () => {
    const folder = temporaryFolder();
    symlinkSync("/dev/full", join(folder, "full"));
    const { description, weights } = tinyFiles();
    const { code, stderr } = await xnorkit("convert", description, join(folder, "full"), "--weights", weights);
    assert.equal(code, 1);
    assert.match(stderr, /^xnorkit: \S+full: no space is left on the device\n$/);
    assert.ok(statSync("/dev/full").isCharacterDevice());
    assert.ok(lstatSync(join(folder, "full")).isSymbolicLink());
    symlinkSync("/dev/null", join(folder, "null"));
    const done = await xnorkit("convert", description, join(folder, "null"), "--weights", weights, "--f16");
    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stdout, /null: [\d,]+ bytes/);
    assert.match(done.stdout, /not measured \(\S+ is no file that can be read again\)/);
    assert.ok(statSync("/dev/null").isCharacterDevice());
  });

  it("below a file are refused in one sentence", async () => {
    const { folder, description, weights } = tinyFiles();
    writeFileSync(join(folder, "file"), "x");
    const { code, stderr } = await xnorkit("convert", description, join(folder, "file/x"), "--weights", weights);
    assert.equal(code, 1);
    assert.match(stderr, /^xnorkit: \S+x: a part of the path is not a folder\n$/);
  });
});

describe("interrupted writes", { skip: isWindows }, () => {
  const script = `
    import { writeFileWhole } from "./src/cli/write_file.ts";
    await writeFileWhole(process.argv[1], async (write) => {
      await write(new Uint8Array(10));
      console.log("writing");
      await new Promise((done) => setTimeout(done, 30_000));
    });`;
  const interrupt = async (path: string, signal: NodeJS.Signals) => {
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script, path], {
      cwd: root,
    });
    child.stdout.once("data", () => child.kill(signal));
    return new Promise((resolve) => child.on("close", (_code, reason) => resolve(reason)));
  };

  it("leave nothing behind SIGHUP and SIGTERM", async () => {
    const folder = temporaryFolder();
    for (const signal of ["SIGHUP", "SIGTERM"] as const) {
      assert.equal(await interrupt(join(folder, "model"), signal), signal);
      assert.deepEqual(readdirSync(folder), []);
    }
  });

  it("leave a file behind SIGKILL that the next write removes, and no other's", async () => {
    const folder = temporaryFolder();
    assert.equal(await interrupt(join(folder, "model"), "SIGKILL"), "SIGKILL");
    const [left, ...more] = readdirSync(folder);
    assert.match(left, /^\.xnorkit-[0-9a-f]{12}-\d+-\d+\.tmp$/);
    assert.deepEqual(more, []);
    const running = left.replace(/-\d+-(\d+)\.tmp$/, `-${process.ppid}-$1.tmp`);
    writeFileSync(join(folder, running), "of a process that runs");
    await write(join(folder, "another"), "x");
    assert.ok(existsSync(join(folder, left)));
    await write(join(folder, "model"), "x");
    assert.deepEqual(readdirSync(folder).sort(), [running, "another", "model"].sort());
  });
});

describe("a full stdout", { skip: !existsSync("/dev/full") && "no /dev/full" }, () => {
  for (const argv of [["summary", "resnet18_e1"], ["--help"], ["summary", "digits", "--json"]]) {
    it(`is one sentence and exit code 1: ${argv.join(" ")}`, () => {
      const full = openSync("/dev/full", "w");
      const { status, stderr } = spawnSync(process.execPath, ["--import", "tsx", "test/cli/process.ts", ...argv], {
        cwd: root,
        stdio: ["ignore", full, "pipe"],
        encoding: "utf8",
      });
      closeSync(full);
      assert.equal(stderr, "xnorkit: stdout: no space is left on the device\n");
      assert.equal(status, 1);
    });
  }
});

describe("names from files", () => {
  const evil = "\x1b[2J\x1b]0;owned\x07\nxnorkit: all is well \u202e";
  const { folder, description, weights } = tinyFiles();

  /** The tiny network as a packed model with other names in it. */
  async function renamed(change: (graph: ReturnType<typeof loadModel>["graph"]) => object): Promise<string> {
    const plain = join(folder, "plain.xnorkit");
    await xnorkit("convert", description, plain, "--weights", weights);
    const { graph, weights: read } = loadModel(new Uint8Array(readFileSync(plain)));
    const path = join(folder, "evil.xnorkit");
    writeFileSync(path, saveModel({ graph: { ...graph, ...change(graph) }, weights: read }));
    return path;
  }
  const assertPlain = (printed: string) => assert.match(printed, /^[^\p{Cc}\p{Cf}]*$/u, JSON.stringify(printed));

  it("are escaped in tables and lines", async () => {
    const labels = await renamed(() => ({ labels: [evil, `${evil}2`, `${evil}3`] }));
    const picture = fileURLToPath(new URL("../../examples/digits/7.png", import.meta.url));
    const { stdout, code, stderr } = await xnorkit("classify", picture, "--model", labels, "--preprocess", "unit");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /\\u001b\[2J/);
    for (const line of stdout.split("\n")) assertPlain(line);
    const named = await renamed(() => ({ name: evil }));
    const summary = await xnorkit("summary", named);
    for (const line of summary.stdout.split("\n")) assertPlain(line);
    const json = (await xnorkit("summary", named, "--json")).stdout;
    assert.equal((JSON.parse(json) as { readonly name: string }).name, evil);
    for (const line of json.split("\n")) assertPlain(line);
  });

  it("are escaped and cut in messages", async () => {
    const named = await renamed(() => ({ name: `${evil}${"x".repeat(4000)}` }));
    const input = join(folder, "wrong.safetensors");
    writeFileSync(input, writeSafetensors(new Map([["input", waves([1, 4, 16, 16])]])));
    const { code, stderr } = await xnorkit("run", "--model", named, "--input", input, "--output", join(folder, "y"));
    assert.equal(code, 1);
    assert.ok(stderr.length < 600, `${stderr.length} characters`);
    assertPlain(stderr.slice(0, -1));
    const keys = join(folder, "keys.safetensors");
    writeFileSync(keys, writeSafetensors(new Map([[`${evil}${"k".repeat(2e6)}`, waves([1])]])));
    const surplus = await xnorkit("convert", description, join(folder, "y"), "--weights", keys);
    assert.equal(surplus.code, 1);
    assert.ok(surplus.stderr.length < 600, `${surplus.stderr.length} characters`);
  });
});

describe("prefixes before every name", () => {
  const { folder, description } = tinyFiles();
  for (const prefix of ["module.", "_orig_mod.", "model.", "module._orig_mod."]) {
    it(`${prefix} is left out, and that is said`, async () => {
      const plain = tinyTensors();
      const path = join(folder, "wrapped.safetensors");
      writeFileSync(path, writeSafetensors(new Map([...plain].map(([name, tensor]) => [prefix + name, tensor]))));
      const input = join(folder, "input.safetensors");
      const output = join(folder, "output.safetensors");
      const argv = ["run", "--model", description, "--weights", path, "--input", input, "--output", output];
      const { code, stderr } = await xnorkit(...argv);
      assert.equal(code, 0, stderr);
      assert.equal(
        stderr,
        `note: "${prefix}" stands before every name of the weights and was left out: ` +
          `the network's names fit without it\n`,
      );
      const packed = await xnorkit("convert", description, join(folder, "y"), "--weights", path);
      assert.equal(packed.code, 0, packed.stderr);
      assert.match(packed.stderr, /^note: "\S+" stands before every name/);
      await xnorkit("run", "--model", join(folder, "y"), "--input", input, "--output", join(folder, "z"));
      assert.deepEqual(readTensors(join(folder, "z")), readTensors(output));
    });
  }

  it("stays where the names fit no better without", async () => {
    const tensors = new Map([...tinyTensors()].slice(1).map(([name, tensor]) => [`module.${name}`, tensor]));
    const path = join(folder, "wrong.safetensors");
    writeFileSync(path, writeSafetensors(tensors));
    const { code, stderr } = await xnorkit("convert", description, join(folder, "y"), "--weights", path);
    assert.equal(code, 1);
    assert.match(stderr, /is not in the weights, nor are \d+ others; among its surplus names "module\./);
  });
});

const reshape = "cases/07_mxnet_reshape";
describe("run and the input shape of a symbol", { skip: skipWithout(reshape) }, () => {
  const { folder } = tinyFiles();
  const output = join(folder, "output.safetensors");
  const run = (...more: readonly string[]) => {
    const symbol = sharedPath(`${reshape}/rs_m1-symbol.json`);
    const input = sharedPath(`${reshape}/rs_m1.io.safetensors`);
    return xnorkit("run", "--model", symbol, "--input", input, "--output", output, ...more);
  };

  it("comes from its input", async () => {
    const { code, stderr } = await run();
    assert.equal(code, 0, stderr);
    const expected = readTensors(sharedPath(`${reshape}/rs_m1.io.safetensors`)).get("expected")!;
    const found = readTensors(output).get("output")!;
    assert.deepEqual(found.shape, expected.shape);
    for (const [i, value] of found.data.entries()) assert.ok(Math.abs(value - expected.data[i]) < 1e-4);
  });

  it("or from --input-shape", async () => {
    assert.equal((await run("--input-shape", "1,3,8,8")).code, 0);
    const { code, stderr } = await run("--input-shape", "1,3,9,9");
    assert.equal(code, 1);
    assert.match(stderr, /reshapes 1x4x7x7 to \(-1, 144\), which it does not fit/);
    assert.equal((await run("--input-shape", "1,3,a")).code, 2);
  });
});

const pages = "cases/10_html_lowercase";
describe("10 web pages", { skip: skipWithout(pages) }, () => {
  for (const name of ["lower.safetensors", "upper.safetensors"]) {
    it(name, async () => {
      const { code, stderr } = await xnorkit("summary", sharedPath(`${pages}/${name}`));
      assert.equal(code, 1);
      assert.match(stderr, /expected a network or its weights, but this is a web page/);
    });
  }
});

const gzip = "cases/12_gzip_members";
describe("12 gzip files of several members", { skip: skipWithout(gzip) }, () => {
  for (const folder of [gzip, `${gzip}/one_member_works`]) {
    it(folder, async () => {
      const { code, stdout, stderr } = await xnorkit("evaluate", "--data", sharedPath(folder), "--json");
      assert.equal(code, 0, stderr);
      const { correct, total } = JSON.parse(stdout) as { readonly correct: number; readonly total: number };
      assert.deepEqual([correct, total], [6, 6]);
    });
  }
});
