/** Requests made to hurt a picture server, and what it may answer to each. */
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { crc32, deflateSync } from "node:zlib";

/**
 * @typedef {object} HostileRequest
 * @property {string} name
 * @property {readonly number[]} statuses what may come back
 * @property {string} [type]
 * @property {Uint8Array} body
 */

/** Refused as what it is; or refused because there is no time for it. */
const REFUSED = [413, 415, 422, 503];

/** @param {string} name @param {Uint8Array} body */
function chunk(name, body) {
  const typed = Buffer.concat([Buffer.from(name, "latin1"), body]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length);
  check.writeUInt32BE(crc32(typed));
  return Buffer.concat([length, typed, check]);
}

/** A grey PNG that says this size, with these rows in it. @param {number} side @param {Uint8Array} rows */
function png(side, rows) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 8;
  const parts = [chunk("IHDR", header), chunk("IDAT", deflateSync(rows)), chunk("IEND", new Uint8Array())];
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), ...parts]);
}

const digit = readFileSync(new URL("../digits/3.png", import.meta.url));
const photo = readFileSync(new URL("../photos/cat.jpg", import.meta.url));

/** A photo with empty scans at its end: each is a pass over all its pixels. @param {number} scans */
function jpegOfScans(scans) {
  const empty = Buffer.from([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]);
  return Buffer.concat([photo.subarray(0, -2), ...Array.from({ length: scans }, () => empty), photo.subarray(-2)]);
}

/** @type {readonly HostileRequest[]} */
export const hostileRequests = [
  {
    name: "a byte changed",
    statuses: REFUSED,
    body: digit.map((byte, i) => (i === digit.length >> 1 ? byte ^ 1 : byte)),
  },
  { name: "cut short", statuses: REFUSED, body: digit.subarray(0, digit.length >> 1) },
  { name: "another type", statuses: [415], type: "text/html", body: digit },
  { name: "no picture", statuses: REFUSED, body: Buffer.from("GIF89a") },
  { name: "nothing", statuses: REFUSED, body: new Uint8Array() },
  { name: "9 MB", statuses: [413], body: new Uint8Array(9e6) },
  { name: "says 30000x30000", statuses: REFUSED, body: png(30_000, new Uint8Array(30_001)) },
  { name: "inflates to 64 MB", statuses: REFUSED, body: png(8, new Uint8Array(2 ** 26)) },
  { name: "400 scans", statuses: REFUSED, body: jpegOfScans(400) },
  { name: "16 megapixels of nothing", statuses: REFUSED, body: png(3999, new Uint8Array(3999 * 4000)) },
];

/**
 * A connection that goes no further than it must: nothing, half a head, or half a body. Resolves when the server has
 * closed it.
 * @param {URL} url
 * @param {number} kind
 */
export function stall({ hostname, port }, kind) {
  const said = ["", "POST / HTTP/1.1\r\nhost: x\r\n", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9999\r\n\r\nab"];
  return /** @type {Promise<void>} */ (
    new Promise((closed) => {
      const socket = connect(Number(port), hostname, () => socket.write(said[kind % said.length]));
      socket.resume();
      socket.on("error", () => undefined);
      socket.on("close", () => closed());
    })
  );
}
