/** What every server of the examples must answer. */
import assert from "node:assert/strict";
import { request } from "node:http";
import type { TestContext } from "node:test";
import { blankPng, samples, toJpeg } from "./support.js";

interface Answer {
  readonly label: string;
  readonly probabilities: readonly number[];
  readonly ms: number;
}

export function post(url: string, body: Uint8Array, type?: string): Promise<Response> {
  return fetch(url, { method: "POST", body: Uint8Array.from(body), headers: type ? { "content-type": type } : {} });
}

async function assertRefused(response: Response, status: number, message: RegExp): Promise<void> {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.match(JSON.parse(text).error, message);
}

/** A body in chunks, whose length no header tells; gives the status. */
function postChunked(url: string, bytes: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const posted = request(url, { method: "POST", headers: { "content-type": "image/png" } }, (response) => {
      response.resume();
      resolve(response.statusCode);
      posted.destroy();
    });
    let answered = false;
    posted.on("response", () => {
      answered = true;
    });
    posted.on("error", (error) => {
      if (!answered) reject(error);
    });
    for (let sent = 0; sent < bytes; sent += 65536) posted.write(new Uint8Array(65536));
    posted.end();
  });
}

/** Tests a running digits service. @param maxBytes the largest body that it takes. */
export async function testDigitService(t: TestContext, url: string, maxBytes: number): Promise<void> {
  await t.test("reads the sample digits as PNG", async () => {
    for (const [digit, png] of samples.entries()) {
      const response = await post(url, png, "image/png");
      assert.equal(response.status, 200);
      const { label, probabilities, ms } = (await response.json()) as Answer;
      assert.equal(label, String(digit));
      assert.equal(probabilities.length, 10);
      assert.ok(Math.abs(probabilities.reduce((a, b) => a + b) - 1) < 1e-5);
      assert.ok(probabilities[digit] > 0.9);
      assert.ok(ms >= 0);
    }
  });

  await t.test("reads JPEG, without a content type too, and many at once", async () => {
    const jpegs = await Promise.all(samples.map(toJpeg));
    const responses = await Promise.all(
      jpegs.map((jpeg, i) => post(url, jpeg, i % 2 === 0 ? "image/jpeg" : undefined)),
    );
    const answers = await Promise.all(responses.map((response) => response.json() as Promise<Answer>));
    assert.deepEqual(
      answers.map(({ label }) => label),
      samples.map((_, digit) => String(digit)),
    );
  });

  await t.test("GET explains, HEAD and others", async () => {
    const get = await fetch(url);
    assert.equal(get.status, 200);
    assert.match(await get.text(), /POST a PNG or JPEG/);
    assert.equal((await fetch(url, { method: "HEAD" })).status, 200);
    const put = await fetch(url, { method: "PUT", body: "x" });
    assert.equal(put.headers.get("allow"), "GET, HEAD, POST");
    await assertRefused(put, 405, /PUT/);
  });

  await t.test("413: a body over the limit, with its length told or not", async () => {
    await assertRefused(await post(url, new Uint8Array(maxBytes + 1), "image/png"), 413, /larger than/);
    assert.equal(await postChunked(url, maxBytes + 65536), 413);
    assert.notEqual((await post(url, new Uint8Array(maxBytes), "image/png")).status, 413);
  });

  await t.test("415: another type, or no picture in it", async () => {
    await assertRefused(await post(url, samples[0], "text/plain"), 415, /found text\/plain/);
    await assertRefused(await post(url, new TextEncoder().encode("GIF89a"), "image/png"), 415, /other bytes/);
    const empty = await post(url, new Uint8Array(), "image/png");
    assert.equal(empty.headers.get("accept-post"), "image/png, image/jpeg");
    await assertRefused(empty, 415, /other bytes/);
  });

  await t.test("422: damaged, cut short, too large, blank; and the next picture is read again", async () => {
    const png = samples[3];
    const damaged = Uint8Array.from(png, (byte, i) => (i === png.length >> 1 ? byte ^ 1 : byte));
    await assertRefused(await post(url, damaged, "image/png"), 422, /checksum/);
    await assertRefused(
      await post(url, png.subarray(0, png.length >> 1), "image/png"),
      422,
      /cut short|more than the file/,
    );
    const jpeg = await toJpeg(png);
    const hollow = Uint8Array.from([...jpeg.subarray(0, jpeg.length >> 1), 0xff, 0xd9]);
    await assertRefused(await post(url, hollow, "image/jpeg"), 422, /JPEG that cannot be decoded/);
    await assertRefused(await post(url, jpeg.subarray(0, 40), "image/jpeg"), 422, /JPEG/);
    await assertRefused(await post(url, blankPng(64, 200), "image/png"), 422, /no digit/);
    await assertRefused(await post(url, blankPng(4500, 0), "image/png"), 422, /4500x4500 pixels/);
    assert.equal(((await (await post(url, jpeg, "image/jpeg")).json()) as Answer).label, "3");
    assert.equal(((await (await post(url, png, "image/png")).json()) as Answer).label, "3");
  });
}
