/**
 * The worker and the server of the examples under pictures made to hurt: bounded memory, and others answered meanwhile.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { deflateSync } from "node:zlib";
import { MAX_SCANS } from "../../src/decode/index.js";
import { readJpegHeader } from "../../src/image/jpeg_header.js";
import { chunk, headerBody, pngOf } from "../decode/png_files.js";
import { sharedPath, skipWithout } from "../support/shared.js";
import { post } from "./digit_service.js";
import { blankPng, importExample, samples, skipWithoutRuntime, startServer, toJpeg } from "./support.js";

interface Worker {
  buildWorker(name: "digits", outdir: string): Promise<{ readonly config: string }>;
  serveWorker(config: string): Promise<{ readonly url: string; readonly pid: number; stop(): Promise<void> }>;
  residentBytes(pid: number): number;
  cpuMilliseconds(pid: number): number;
}

const { buildWorker } = await importExample<Worker>("worker/build.mjs");
const { serveWorker, residentBytes, cpuMilliseconds } = await importExample<Worker>("worker/workerd.mjs");

const MAX_GROWTH = 128e6;
const ROUNDS = 3;

const folder = mkdtempSync(join(tmpdir(), "xnorkit-hostile-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** As large as the worker takes them. */
const png = (width: number, height: number, kind: readonly [number, number, number?], rows: Uint8Array) =>
  pngOf(chunk("IHDR", headerBody(width, height, kind)), chunk("IDAT", deflateSync(rows)));

/** A progressive JPEG with as many scans as are taken, most of them without a byte of data. */
async function manyScans(): Promise<Uint8Array> {
  const jpeg = await toJpeg(blankPng(700, 128));
  const empty = Uint8Array.of(0xff, 0xda, 0, 8, 1, 1, 0, 1, 63, 0);
  const count = MAX_SCANS - readJpegHeader(jpeg, "x").scans;
  const end = jpeg.length - 2;
  const scans = Array.from({ length: count }, () => empty);
  return Uint8Array.from(Buffer.concat([jpeg.subarray(0, end), ...scans, jpeg.subarray(end)]));
}

/** The body of each file; what is not in shared/cases is made here. */
async function hostilePictures(): Promise<ReadonlyMap<string, Uint8Array>> {
  const shared = ["two_ihdr_6000.png", "hidden_6000x6000.jpg", "scans_1MiB.jpg"];
  const read = (name: string) => new Uint8Array(readFileSync(sharedPath(`cases/20_hostile/${name}`)));
  const paeth = Uint8Array.from({ length: 700 * (1 + 700 * 8) }, (_, i) => (i % 5601 === 0 ? 4 : i % 7));
  return new Map([
    ...shared.map((name): [string, Uint8Array] => [name, read(name)]),
    ["100 scans", await manyScans()],
    ["inflates to 256 MB", png(8, 8, [8, 0, 1], new Uint8Array(2 ** 28))],
    ["1x500000", png(1, 500_000, [8, 0], new Uint8Array(1_000_000))],
    ["500000x1", png(500_000, 1, [8, 0], new Uint8Array(500_001))],
    ["16 bits of four colours, filtered", png(700, 700, [16, 6], paeth)],
    ["a chunk a byte", pngOf(...Array.from({ length: 80_000 }, () => chunk("tEXt", Uint8Array.of(0x61))))],
  ]);
}

const skip = skipWithoutRuntime("workerd") || skipWithout("cases/20_hostile");

test("the worker under hostile pictures answers others right, in 128 MB above its idle memory", { skip }, async (t) => {
  const { config } = await buildWorker("digits", join(folder, "digits"));
  const worker = await serveWorker(config);
  try {
    for (const sample of samples) await post(worker.url, sample, "image/png");
    const idle = residentBytes(worker.pid);
    const pictures = await hostilePictures();
    for (const [name, bytes] of pictures) {
      const before = cpuMilliseconds(worker.pid);
      const answer = await post(worker.url, bytes);
      const spent = cpuMilliseconds(worker.pid) - before;
      const text = await answer.text();
      assert.ok([200, 413, 422].includes(answer.status), `${name}: ${answer.status} ${text}`);
      t.diagnostic(`${name}: ${answer.status}, ${Math.round(spent)} ms of CPU`);
    }
    for (let round = 0; round < ROUNDS; round++) {
      const attacks = [...pictures.values()].map((bytes) => post(worker.url, bytes));
      const honest = samples.map(async (sample) => (await post(worker.url, sample, "image/png")).json());
      const labels = (await Promise.all(honest)) as readonly { readonly label: string }[];
      assert.deepEqual(
        labels.map(({ label }) => label),
        samples.map((_, digit) => String(digit)),
      );
      for (const { status } of await Promise.all(attacks)) assert.ok([200, 413, 422].includes(status));
    }
    const growth = residentBytes(worker.pid) - idle;
    t.diagnostic(`${Math.round(growth / 1e6)} MB above ${Math.round(idle / 1e6)} MB`);
    assert.ok(growth <= MAX_GROWTH, `${growth} bytes above ${idle}`);
  } finally {
    await worker.stop();
  }
});

test("the Node server under hostile pictures answers others right", {
  skip: skipWithout("cases/20_hostile"),
}, async () => {
  const { url, child } = await startServer("examples/node/server.js");
  try {
    const attacks = [...(await hostilePictures()).values()].map((bytes) => post(url, bytes));
    const honest = samples.map(async (sample) => (await post(url, sample, "image/png")).json());
    const labels = (await Promise.all(honest)) as readonly { readonly label: string }[];
    assert.deepEqual(
      labels.map(({ label }) => label),
      samples.map((_, digit) => String(digit)),
    );
    for (const { status } of await Promise.all(attacks)) assert.ok([200, 413, 422].includes(status), `${status}`);
  } finally {
    child.kill("SIGKILL");
  }
});
