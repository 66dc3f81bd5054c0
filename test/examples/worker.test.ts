/** The example workers under workerd, within the limits of its platforms. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { post, testDigitService } from "./digit_service.js";
import { importExample, samples, skipWithoutRuntime, startServer, stopServer, toJpeg } from "./support.js";

type WorkerName = "digits" | "resnet";
interface Build {
  buildWorker(name: WorkerName, outdir: string): Promise<{ readonly config: string; readonly compressedBytes: number }>;
}
interface Workerd {
  serveWorker(config: string): Promise<{ readonly url: string; readonly pid: number; stop(): Promise<void> }>;
  residentBytes(pid: number): number;
}
interface Load {
  loadTest(
    requests: number,
    outdir: string,
  ): Promise<{
    readonly requests: number;
    readonly answered: number;
    readonly errors: number;
    readonly residentMB: { readonly before: number; readonly after: number };
  }>;
}

const skip = skipWithoutRuntime("workerd");
const { buildWorker } = await importExample<Build>("worker/build.mjs");
const { serveWorker, residentBytes } = await importExample<Workerd>("worker/workerd.mjs");
const { loadTest } = await importExample<Load>("worker/load.mjs");

/** What the best-known edge platform gives a worker: 3 MB compressed on its free plan, 128 MB of memory. */
const MAX_COMPRESSED_BYTES = 3e6;
const MAX_RESIDENT_BYTES = 128e6;

const folder = mkdtempSync(join(tmpdir(), "xnorkit-worker-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("examples/worker builds, serves digits in workerd and stops on a signal", { skip }, async (t) => {
  const { url, child } = await startServer("examples/worker/start.mjs");
  try {
    await testDigitService(t, url, 2 ** 20);
    assert.equal(await stopServer(child), 0);
    await assert.rejects(fetch(url));
  } finally {
    child.kill("SIGTERM");
  }
});

/** 224x224 pixels in three planes. */
const planes = Uint8Array.from({ length: 3 * 224 * 224 }, (_, i) => 127 + 100 * Math.sin(0.01 * i));

test("examples/worker runs ResNetE18 in workerd within 3 MB and 128 MB", { skip }, async () => {
  const { config, compressedBytes } = await buildWorker("resnet", join(folder, "resnet"));
  assert.ok(compressedBytes < MAX_COMPRESSED_BYTES, `${compressedBytes} bytes compressed`);
  const worker = await serveWorker(config);
  try {
    const answers = [];
    for (const [body, type] of [
      [planes, "application/octet-stream"],
      [planes, "application/octet-stream"],
      [samples[5], "image/png"],
      [await toJpeg(samples[5]), "image/jpeg"],
    ] as const) {
      const response = await post(worker.url, body, type);
      assert.equal(response.status, 200);
      answers.push((await response.json()) as { readonly label: string; readonly probabilities: readonly number[] });
    }
    for (const { label, probabilities } of answers) {
      assert.equal(probabilities.length, 1000);
      assert.equal(Number(label), probabilities.indexOf(Math.max(...probabilities)));
    }
    assert.deepEqual(answers[0].probabilities, answers[1].probabilities);
    assert.notDeepEqual(answers[0].probabilities, answers[2].probabilities);
    assert.equal((await post(worker.url, planes.subarray(1), "application/octet-stream")).status, 415);
    const resident = residentBytes(worker.pid);
    assert.ok(resident < MAX_RESIDENT_BYTES, `workerd holds ${resident} bytes`);
  } finally {
    await worker.stop();
  }
});

test("the load test answers every request in bounded memory", { skip }, async () => {
  const { requests, answered, errors, residentMB } = await loadTest(200, join(folder, "load"));
  assert.deepEqual({ requests, answered, errors }, { requests: 200, answered: 200, errors: 0 });
  assert.ok(1e6 * residentMB.after < MAX_RESIDENT_BYTES, `workerd holds ${residentMB.after} MB`);
});
