/** Zip archives: whole, damaged, and made to exhaust memory. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Zippable, zipSync } from "fflate";
import { crc32 } from "../../src/formats/crc32.js";
import { openZip } from "../../src/formats/torch/zip.js";
import { throwsError } from "./support.js";

const text = new TextEncoder().encode("a text that repeats, a text that repeats, a text that repeats");
const files: Zippable = {
  "a/stored": [text, { level: 0 }],
  "a/deflated": [text, { level: 9 }],
  empty: new Uint8Array(0),
};

/** Offsets of the entries of the directory, which lies at the end. */
function directory(archive: Uint8Array): readonly number[] {
  const buffer = Buffer.from(archive);
  const places: number[] = [];
  const signature = Buffer.from("PK\x01\x02");
  for (let at = buffer.indexOf(signature); at >= 0; at = buffer.indexOf(signature, at + 1)) places.push(at);
  return places;
}

function changed(archive: Uint8Array, change: (view: DataView, entries: readonly number[]) => void): Uint8Array {
  const copy = archive.slice();
  change(new DataView(copy.buffer), directory(copy));
  return copy;
}

describe("zip archives", () => {
  const archive = zipSync({ ...files });

  it("reads stored and deflated files", () => {
    const zip = openZip(archive);
    assert.deepEqual(zip.names, ["a/stored", "a/deflated", "empty"]);
    for (const name of ["a/stored", "a/deflated"]) assert.deepEqual(Uint8Array.from(zip.read(name)), text);
    assert.equal(zip.read("empty").length, 0);
    throwsError(() => zip.read("none"), "bad-file", /holds no file "none"/);
  });

  it("reads an archive with a comment", () => {
    const comment = new TextEncoder().encode("saved by somebody PK\x05\x06");
    const end = archive.length - 22;
    const commented = Uint8Array.of(...archive, ...comment);
    new DataView(commented.buffer).setUint16(end + 20, comment.length, true);
    assert.equal(openZip(commented).names.length, 3);
  });

  it("reads zip64", () => {
    const zip = openZip(zip64(archive));
    assert.deepEqual(Uint8Array.from(zip.read("a/deflated")), text);
  });

  it("is refused where it is cut at any byte", () => {
    for (let cut = 0; cut < archive.length; cut++) {
      throwsError(() => openZip(archive.subarray(0, cut)), "bad-file", /cut short|damaged/);
    }
  });

  it("names what is damaged", () => {
    const read = (name: string, change: (view: DataView, entries: readonly number[]) => void) => () =>
      openZip(changed(archive, change)).read(name);
    throwsError(
      read("a/stored", (view) => view.setUint8(30 + 8 + 3, 0)),
      "bad-file",
      /entry a\/stored at byte 0 has CRC [0-9a-f]{8}, but states [0-9a-f]{8}/,
    );
    throwsError(
      read("a/deflated", (view, [, entry]) => view.setUint8(view.getUint32(entry + 42, true) + 30 + 10, 0xff)),
      "bad-file",
      /entry a\/deflated at byte \d+ cannot be unpacked \(.*\): the archive is damaged/,
    );
    throwsError(
      read("a/stored", (view, [entry]) => view.setUint32(entry + 42, 5, true)),
      "bad-file",
      /entry a\/stored has no header at byte 5/,
    );
    throwsError(
      read("a/deflated", (view, [, entry]) => {
        view.setUint16(entry + 10, 12, true);
        view.setUint16(view.getUint32(entry + 42, true) + 8, 12, true);
      }),
      "unsupported",
      /packed with method 12, expected 0 \(stored\) or 8/,
    );
    throwsError(
      read("a/stored", (view, [entry]) => view.setUint16(entry + 8, 1, true)),
      "unsupported",
      /a\/stored in the directory at byte \d+ is encrypted/,
    );
    throwsError(
      read("a/stored", (view, [entry]) => view.setUint8(entry + 46, 10)),
      "bad-file",
      /a name that no file has/,
    );
  });

  it("refuses a name twice", () => {
    const twice = changed(zipSync({ ab: text, ac: text }), (view, [, entry]) => view.setUint8(entry + 47, 0x62));
    throwsError(() => openZip(twice), "bad-file", /holds "ab" twice/);
  });
});

describe("zip bombs", () => {
  const zeros = zipSync({ zeros: new Uint8Array(80 * 2 ** 20) }, { level: 9 });

  it("that unpack to a multiple of their size are refused before anything is unpacked", () => {
    throwsError(
      () => openZip(zeros),
      "bad-file",
      /the zip archive of [\d,]+ bytes takes more than [\d,]+ in memory, 9 times its size and 28 MB/,
    );
    assert.equal(openZip(zipSync({ zeros: new Uint8Array(2 ** 20) })).read("zeros").length, 2 ** 20);
  });

  it("that understate their size give no more than they state", () => {
    const small = changed(zeros, (view, [entry]) => {
      view.setUint32(entry + 24, 1000, true);
      view.setUint32(22, 1000, true);
    });
    throwsError(
      () => openZip(small).read("zeros"),
      "bad-file",
      /zeros at byte 0 cannot be unpacked \(the data unpack to more than the expected 1000 bytes\)/,
    );
  });

  it("that overstate it allocate nothing", () => {
    const archive = zipSync({ a: [text, { level: 9 }], b: [text, { level: 0 }] });
    const large = changed(archive, (view, [entry]) => view.setUint32(entry + 24, 0xfffffff0, true));
    throwsError(() => openZip(large), "bad-file", /entry a at byte 0 states 4,294,967,280 bytes, but has \d+ packed/);
    const stored = changed(archive, (view, [, entry]) => view.setUint32(entry + 24, 62, true));
    throwsError(() => openZip(stored), "bad-file", /entry b at byte \d+ states 62 bytes, but has 61 packed/);
  });

  it("whose entries overlap are refused", () => {
    const many: Zippable = {};
    for (let i = 0; i < 30; i++) many[`f${i}`] = [text, { level: 0 }];
    const overlapping = changed(zipSync(many), (view, entries) => {
      for (const entry of entries) {
        const header = view.getUint32(entry + 42, true);
        for (const place of [entry + 20, entry + 24, header + 18, header + 22]) view.setUint32(place, 500, true);
      }
    });
    throwsError(
      () => openZip(overlapping),
      "bad-file",
      /entry f0 at bytes 0 to 532 and f1 at byte 93 overlap: the archive is damaged or a zip bomb/,
    );
  });

  it("whose last entry runs into the directory are refused", () => {
    const archive = zipSync({ a: [text, { level: 0 }] });
    const overlapping = changed(archive, (view, [entry]) => {
      for (const place of [entry + 20, entry + 24, 18, 22]) view.setUint32(place, text.length + 1, true);
    });
    throwsError(() => openZip(overlapping), "bad-file", /entry a at bytes 0 to \d+ and the directory .* overlap/);
  });
});

describe("archives that are two things at once", () => {
  const archive = zipSync({ ab: [text, { level: 9 }], cd: [text, { level: 9 }] });
  const fields: readonly (readonly [field: string, place: number, bytes: 1 | 2 | 4])[] = [
    ["name", 30, 1],
    ["method", 8, 2],
    ["CRC-32", 14, 4],
    ["packed size", 18, 4],
    ["size", 22, 4],
  ];
  for (const [field, place, bytes] of fields) {
    it(`are refused where the ${field} differs`, () => {
      const second = changed(archive, (view, [, entry]) => {
        const at = view.getUint32(entry + 42, true) + place;
        view.setUint8(at + bytes - 1, view.getUint8(at + bytes - 1) ^ 1);
      });
      throwsError(
        () => openZip(second),
        "bad-file",
        new RegExp(`entry cd at byte \\d+ has the ${field} .* in its own header, but .* in the directory`),
      );
    });
  }

  it("are read where sizes come after the contents", () => {
    const streamed = changed(archive, (view, entries) => {
      for (const entry of entries) {
        const header = view.getUint32(entry + 42, true);
        view.setUint16(header + 6, 8, true);
        for (const field of [14, 18, 22]) view.setUint32(header + field, 0, true);
      }
    });
    assert.deepEqual(Uint8Array.from(openZip(streamed).read("cd")), text);
  });
});

describe("crc32", () => {
  it("is the one of RFC 1952", () => assert.equal(crc32(new TextEncoder().encode("123456789")), 0xcbf43926));
});

/** The same archive with its sizes and places in zip64 records. */
function zip64(archive: Uint8Array): Uint8Array {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.length);
  const end = archive.length - 22;
  const start = view.getUint32(end + 16, true);
  const entries = directory(archive);
  const directoryBytes: number[] = [];
  entries.forEach((entry, i) => {
    const header = archive.slice(entry, entries[i + 1] ?? end);
    const fields = new DataView(header.buffer);
    const extra = new DataView(new ArrayBuffer(4 + 24));
    extra.setUint16(0, 1, true);
    extra.setUint16(2, 24, true);
    [24, 20, 42].forEach((field, index) => {
      extra.setBigUint64(4 + 8 * index, BigInt(fields.getUint32(field, true)), true);
      fields.setUint32(field, 0xffffffff, true);
    });
    fields.setUint16(30, 28, true);
    directoryBytes.push(...header, ...new Uint8Array(extra.buffer));
  });
  const record = new DataView(new ArrayBuffer(56 + 20 + 22));
  record.setUint32(0, 0x06064b50, true);
  record.setBigUint64(4, 44n, true);
  record.setBigUint64(32, BigInt(entries.length), true);
  record.setBigUint64(40, BigInt(directoryBytes.length), true);
  record.setBigUint64(48, BigInt(start), true);
  record.setUint32(56, 0x07064b50, true);
  record.setBigUint64(64, BigInt(start + directoryBytes.length), true);
  record.setUint32(76, 0x06054b50, true);
  record.setUint16(76 + 10, 0xffff, true);
  record.setUint32(76 + 12, 0xffffffff, true);
  record.setUint32(76 + 16, 0xffffffff, true);
  return Uint8Array.of(...archive.subarray(0, start), ...directoryBytes, ...new Uint8Array(record.buffer));
}
