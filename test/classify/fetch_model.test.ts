/** Models from a server: progress, bounds, hashes, caches, and every way in which a transfer fails. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createClassifier, type FetchModelOptions, fetchModel } from "../../src/classify.js";
import { saveModel } from "../../src/index.js";
import { digitsModel } from "../../src/models/digits.js";
import { xnorkit, xnorkitJson } from "../cli/support.js";
import { rejectsError } from "../formats/support.js";
import { type FileServer, serveFiles } from "../support/file_server.js";
import { sharedPath, skipWithout } from "../support/shared.js";

const packed = saveModel(digitsModel());
const hashOf = (algorithm: string, bytes: Uint8Array) =>
  `${algorithm}-${createHash(algorithm).update(bytes).digest("base64")}`;
const digit = readFileSync(new URL("../../examples/digits/7.png", import.meta.url));

describe("fetchModel", () => {
  const folder = mkdtempSync(join(tmpdir(), "xnorkit-fetch-"));
  let server: FileServer;
  before(async () => {
    const files = new Map<string, Uint8Array | string>([
      ["digits.xnorkit", packed],
      ["page.html", "<!doctype html><title>login</title>"],
      ["7.png", digit],
    ]);
    server = await serveFiles(files);
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const url = (path: string) => `${server.origin}/${path}`;
  const cacheFolder = (name: string) => join(folder, name);

  it("gives the model, telling how many bytes came", async () => {
    const seen: [number, number | null][] = [];
    const { graph, weights, notes } = await fetchModel(url("digits.xnorkit"), {
      onProgress: (received, total) => seen.push([received, total]),
    });
    assert.deepEqual(graph, digitsModel().graph);
    assert.deepEqual(weights, digitsModel().weights);
    assert.deepEqual(notes, []);
    assert.deepEqual(seen.at(-1), [packed.length, packed.length]);
    assert.deepEqual(
      seen.map(([received]) => received),
      seen.map(([received]) => received).toSorted((a, b) => a - b),
    );
  });

  it("knows no total where the server states none, and follows redirections", async () => {
    const totals = new Set<number | null>();
    await fetchModel(new URL(url("chunked/digits.xnorkit")), { onProgress: (_, total) => totals.add(total) });
    assert.deepEqual([...totals], [null]);
    assert.deepEqual((await fetchModel(url("moved/digits.xnorkit"))).graph, digitsModel().graph);
  });

  it("checks hashes, the strongest of several", async () => {
    for (const algorithm of ["sha256", "sha384", "sha512"]) {
      await fetchModel(url("digits.xnorkit"), { integrity: hashOf(algorithm, packed) });
      await rejectsError(
        fetchModel(url("digits.xnorkit"), { integrity: hashOf(algorithm, digit) }),
        "bad-file",
        /digits\.xnorkit: its \d+ bytes are not those expected: their hash is sha/,
      );
    }
    const wrong256 = hashOf("sha256", digit);
    await fetchModel(url("digits.xnorkit"), { integrity: `${wrong256}  ${hashOf("sha512", packed)}` });
    await fetchModel(url("digits.xnorkit"), { integrity: `${wrong256} ${hashOf("sha256", packed)}` });
    await rejectsError(
      fetchModel(url("digits.xnorkit"), { integrity: `${hashOf("sha256", packed)} ${hashOf("sha512", digit)}` }),
      "bad-file",
    );
    for (const integrity of ["", "md5-abc=", "sha256-", "sha256-AAAA", "sha1-AAAAAAAAAAAAAAAAAAAAAAAAAAA="]) {
      await rejectsError(fetchModel(url("digits.xnorkit"), { integrity }), "bad-option", /integrity/);
    }
  });

  it("says what failed", async () => {
    await rejectsError(fetchModel(url("none")), "bad-file", /none: the server answers 404 Not Found/);
    await rejectsError(fetchModel(url("cut/digits.xnorkit")), "interrupted", /ended after \d+ .*: try again/);
    await rejectsError(fetchModel(url("page.html")), "bad-file", /this is a web page/);
    await rejectsError(fetchModel("http://127.0.0.1:1/x"), "interrupted", /before an answer came/);
    await rejectsError(fetchModel(url("digits.xnorkit"), { maxBytes: 1000 }), "bad-file", /expected 1000 at most/);
    await rejectsError(fetchModel(url("chunked/digits.xnorkit"), { maxBytes: 1000 }), "bad-file", /1000 at most/);
    await rejectsError(fetchModel(pathToFileURL(folder)), "bad-file", /it is no file/);
    await rejectsError(fetchModel("nowhere/digits.xnorkit"), "bad-file", /file:.*nowhere.*cannot be read/);
    await rejectsError(fetchModel(""), "bad-option", /is "", which is no URL/);
    await rejectsError(fetchModel(undefined as never), "bad-option", /url of fetchModel must be a URL/);
    const wrong = (options: object) => fetchModel(url("digits.xnorkit"), options as FetchModelOptions);
    await rejectsError(wrong({ cashe: {} }), "bad-option", /"cashe": the closest are "cache"/);
    await rejectsError(wrong({ cache: {} }), "bad-option", /cache of fetchModel must be a cache of the Cache API or/);
    await rejectsError(wrong({ onProgress: 1 }), "bad-option", /onProgress/);
    await rejectsError(wrong({ signal: {} }), "bad-option", /signal/);
  });

  it("goes on with what a callback throws", async () => {
    const options = {
      onProgress: () => {
        throw new TypeError("mine");
      },
    };
    await assert.rejects(fetchModel(url("digits.xnorkit"), options), /^TypeError: mine$/);
  });

  it("is aborted before and during the transfer, with the signal's reason, and keeps nothing", async () => {
    const cache = { folder: cacheFolder("aborted") };
    await assert.rejects(fetchModel(url("digits.xnorkit"), { signal: AbortSignal.abort("no"), cache }), (reason) => {
      assert.equal(reason, "no");
      return true;
    });
    const controller = new AbortController();
    const onProgress = () => controller.abort(new RangeError("enough"));
    await assert.rejects(
      fetchModel(url("slow/digits.xnorkit"), { signal: controller.signal, onProgress, cache }),
      /^RangeError: enough$/,
    );
    await assert.rejects(fetchModel(url("slow/digits.xnorkit"), { signal: AbortSignal.timeout(50), cache }), {
      name: "TimeoutError",
    });
    await rejectsError(fetchModel(url("cut/digits.xnorkit"), { cache }), "interrupted");
    await rejectsError(
      fetchModel(url("digits.xnorkit"), { cache, integrity: hashOf("sha256", digit) }),
      "bad-file",
      /not those expected/,
    );
    assert.throws(() => readdirSync(cache.folder), /ENOENT/);
  });

  it("keeps files in a folder, once each, and fetches what was damaged again", async () => {
    const cache = { folder: cacheFolder("kept") };
    const address = url("digits.xnorkit?kept");
    const count = () => server.asked.filter((path) => path.endsWith("?kept")).length;
    const progress: number[] = [];
    await fetchModel(address, { cache });
    const { graph } = await fetchModel(address, { cache, onProgress: (received) => progress.push(received) });
    assert.deepEqual(graph, digitsModel().graph);
    assert.deepEqual(progress, [packed.length]);
    assert.equal(count(), 1);
    await fetchModel(address, { cache: { folder: pathToFileURL(cache.folder) }, integrity: hashOf("sha384", packed) });
    assert.equal(count(), 1);

    const [name, ...others] = readdirSync(cache.folder);
    assert.deepEqual(others, []);
    assert.ok(name.includes(createHash("sha256").update(packed).digest("hex")));
    writeFileSync(join(cache.folder, name), packed.subarray(0, 5000));
    await fetchModel(address, { cache });
    assert.equal(count(), 2);
    assert.deepEqual(new Uint8Array(readFileSync(join(cache.folder, name))), new Uint8Array(packed));
    // A hash that what is kept has not: the server is asked again.
    await rejectsError(fetchModel(address, { cache, integrity: hashOf("sha256", digit) }), "bad-file");
    assert.equal(count(), 3);
    assert.deepEqual(readdirSync(cache.folder), [name]);
  });

  it("says where a folder cannot be written", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    await rejectsError(
      fetchModel(url("digits.xnorkit"), { cache: { folder: join(file, "cache") } }),
      "bad-file",
      /the folder .*cache of the option cache cannot be written/,
    );
  });

  it("keeps files in a cache of the Cache API", async () => {
    const kept = new Map<string, Response>();
    const cache = {
      match: async (key: string) => kept.get(key)?.clone(),
      put: async (key: string, response: Response) => void kept.set(key, response),
    };
    const address = url("digits.xnorkit?browser");
    const count = () => server.asked.filter((path) => path.endsWith("?browser")).length;
    await fetchModel(address, { cache });
    assert.deepEqual((await fetchModel(address, { cache })).graph, digitsModel().graph);
    assert.equal(count(), 1);
    const [[key, response]] = kept;
    kept.set(key, new Response(packed.slice(0, 4000), { headers: response.headers }));
    await fetchModel(address, { cache });
    assert.equal(count(), 2);
    // A cache without room is no reason to fail.
    const full = { ...cache, put: () => Promise.reject(new Error("QuotaExceededError")) };
    assert.deepEqual((await fetchModel(url("digits.xnorkit"), { cache: full })).graph, digitsModel().graph);
  });

  it("is what a classifier does with a URL, of models and of pictures", async () => {
    const classify = await createClassifier(url("digits.xnorkit"));
    assert.equal((await classify(new URL(url("7.png"))))[0].label, "7");
    assert.equal((await classify(await fetch(url("chunked/7.png"))))[0].label, "7");
    await rejectsError(classify(new URL(url("no.png"))), "bad-file", /no\.png: the server answers 404/);
    classify.dispose();
    await rejectsError(createClassifier(url("none")), "bad-file", /404/);
  });

  it("is what the command line does with URLs", async () => {
    const [{ file, top }] = await xnorkitJson<{ file: string; top: { label: string }[] }[]>(
      "classify",
      url("7.png"),
      `--model=${url("digits.xnorkit")}`,
    );
    assert.deepEqual([file, top[0].label], [url("7.png"), "7"]);
    const { totals } = await xnorkitJson<{ totals: { parameters: number } }>("summary", url("digits.xnorkit"));
    assert.ok(totals.parameters > 1000);
    const missing = await xnorkit("classify", url("7.png"), "--model", url("none"));
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /^xnorkit: http:.*none: the server answers 404 Not Found\n$/);
    const out = join(folder, "digits.packed");
    assert.equal((await xnorkit("convert", url("moved/digits.xnorkit"), out)).code, 0);
    assert.deepEqual(new Uint8Array(readFileSync(out)), new Uint8Array(packed));
  });
});

const LENET = "data/bmxnet/binarized_mnist_64bit";
describe("a model of two files", { skip: skipWithout(`${LENET}-symbol.json`, `${LENET}-0001.params`) }, () => {
  it("is fetched from both", async () => {
    const read = (name: string) => readFileSync(sharedPath(`${LENET}${name}`));
    const server = await serveFiles(
      new Map([
        ["lenet-symbol.json", read("-symbol.json")],
        ["lenet.params", read("-0001.params")],
      ]),
    );
    try {
      const [symbol, weights] = [`${server.origin}/lenet-symbol.json`, `${server.origin}/lenet.params`];
      const { graph, notes } = await fetchModel(symbol, { weights: new URL(weights) });
      assert.equal(graph.name, "lenet");
      assert.match(notes.join(), /LeNet of BMXNet v1/);
      await rejectsError(fetchModel(symbol), "bad-option", /give that as the option weights/);
      const picture = fileURLToPath(new URL("../../examples/digits/7.png", import.meta.url));
      const [{ top }] = await xnorkitJson<{ top: { label: string }[] }[]>(
        "classify",
        picture,
        "--model",
        symbol,
        "--weights",
        weights,
      );
      assert.equal(top[0].label, "7");
      const alone = await xnorkit("summary", symbol);
      assert.match(alone.stderr, /name the parameters with --weights F/);
    } finally {
      await server.stop();
    }
  });
});
