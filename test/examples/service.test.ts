/** The service of the examples: how much it takes at once, and that it gives back what it held. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { importExample, samples } from "./support.js";

interface Service {
  readonly usage: string;
  readonly answer: (bytes: Uint8Array) => unknown;
  readonly maxBytes: number;
  readonly maxInFlight: number;
  readonly maxBodyBytes: number;
}
interface Module {
  pictureService(service: Service): (request: Request) => Promise<Response>;
  readonly Busy: new () => Error;
}

const { pictureService, Busy } = await importExample<Module>("support/service.js");
const [png] = samples;
const limits = { usage: "", maxBytes: 10_000, maxInFlight: 2, maxBodyBytes: 20_000 };

function post(body: BodyInit): Request {
  return new Request("http://localhost/", {
    method: "POST",
    body,
    headers: { "content-type": "image/png" },
    ...{ duplex: "half" },
  });
}

/** A body that comes when it is told to, and then a picture. */
function held(first: Uint8Array) {
  let finish = () => {};
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(first);
      finish = () => controller.close();
    },
  });
  return { request: post(body), finish };
}

async function statusOf(response: Promise<Response>): Promise<number> {
  const { status, headers } = await response;
  assert.equal(headers.get("retry-after"), status === 503 ? "1" : null);
  return status;
}

test("requests beyond those in flight are told to come again, and later ones are answered", async () => {
  const waiting: (() => void)[] = [];
  const answer = () => new Promise((resolve) => waiting.push(() => resolve({ label: "x" })));
  const respond = pictureService({ ...limits, answer });
  const first = [respond(post(png)), respond(post(png))];
  assert.equal(await statusOf(respond(post(png))), 503);
  assert.equal((await respond(new Request("http://localhost/"))).status, 200, "GET costs nothing");
  while (waiting.length < 2) await new Promise(setImmediate);
  for (const finish of waiting) finish();
  assert.deepEqual(await Promise.all(first.map(statusOf)), [200, 200]);
  const after = respond(post(png));
  while (waiting.length < 3) await new Promise(setImmediate);
  waiting[2]();
  assert.equal(await statusOf(after), 200);
});

test("bodies share one bound, and what they held is given back", async () => {
  const respond = pictureService({ ...limits, maxBytes: 15_000, answer: () => ({}) });
  for (let round = 0; round < 3; round++) {
    const slow = held(new Uint8Array(12_000));
    const reading = respond(slow.request);
    await new Promise(setImmediate);
    assert.equal(await statusOf(respond(post(new Uint8Array(9000)))), 503, "there is no room for both");
    slow.finish();
    assert.equal(await statusOf(reading), 415);
    assert.equal(await statusOf(respond(post(png))), 200);
  }
});

test("a body that breaks off gives back what it held", async () => {
  const respond = pictureService({ ...limits, maxInFlight: 1, answer: () => ({}) });
  for (let round = 0; round < 5; round++) {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new Uint8Array(9000));
      },
      pull(controller) {
        controller.error(new Error("gone"));
      },
    });
    await assert.rejects(respond(post(body)), /gone/);
  }
  assert.equal(await statusOf(respond(post(png))), 200);
});

test("an answer without time is 503, another failure stays one", async () => {
  const failing = (error: Error) =>
    pictureService({
      ...limits,
      answer: () => {
        throw error;
      },
    });
  assert.equal(await statusOf(failing(new Busy())(post(png))), 503);
  await assert.rejects(failing(new TypeError("broken"))(post(png)), /broken/);
});
