/**
 * Changes of torch checkpoints: opcodes of the pickle (marks, memos, calls, numbers of many digits), entries of the
 * zip, storages, and the bytes of the container.
 */
import { unzipSync, zipSync } from "fflate";
import type { Random } from "../random.js";
import type { Mutate } from "../target.js";
import { changeBytes, mutateBytes } from "./bytes.js";

const isZip = (bytes: Uint8Array) => bytes[0] === 0x50 && bytes[1] === 0x4b;
const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** A zip holds times, and an input is the same whenever it is made. */
const MTIME = "2024-01-01";

/** Opcodes, alone and with what they read. */
const OPCODES = [
  ...["(", ".", "0", "1", "2", "N", "R", "Q", "a", "b", "d", "e", "l", "o", "s", "t", "u", "}", "]", ")", "\x81"],
  ...["\x85", "\x86", "\x87", "\x88", "\x89", "\x94", "\x93", "\x90", "\x91", "\x8f", "\x80\x02", "\x80\x09", "\x97"],
  ...["h\x00", "h\xff", "q\x01", "j\xff\xff\xff\xff", "r\xff\xff\xff\x7f", "K\x05", "M\xff\xff", "J\xff\xff\xff\xff"],
  ...["I12\n", "L123L\n", "F1e999\n", "S'a'\n", "cos\nsystem\n", "ctorch._utils\n_rebuild_tensor_v2\n", "\x82\x01"],
  ...["\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", "\x8b\xff\xff\xff\x7f", "X\xff\xff\xff\x7f", "\x8c\x03abc", "U\x01a"],
  ...[
    "\x8d\xff\xff\xff\xff\xff\xff\xff\xff",
    "\x8e\x01\x00\x00\x00\x00\x00\x00\x00a",
    "G\x7f\xf0\x00\x00\x00\x00\x00\x00",
  ],
  ...["ccollections\nOrderedDict\n", "ctorch\nFloatStorage\n", "ctorch\nSize\n", "}q\x00", "P1\n", "V\\u0041\n"],
];

/** A pickle with opcodes put in, repeated or replaced. */
function changePickle(given: Uint8Array, random: Random): Uint8Array {
  let bytes = Uint8Array.from(given);
  for (let change = 1 + random.below(4); change > 0; change--) {
    const at = random.below(bytes.length + 1);
    const one = random.pick(OPCODES);
    const times = random.chance(0.9) ? 1 : Math.min(random.pick([10, 1000, 20_000]), Math.ceil(40_000 / one.length));
    const opcode = latin1(one.repeat(times));
    const kept = random.chance(0.5) ? bytes.subarray(at) : bytes.subarray(at + random.below(8));
    if (random.chance(0.6)) bytes = Uint8Array.from(Buffer.concat([bytes.subarray(0, at), opcode, kept]));
    else bytes = Uint8Array.from(changeBytes(bytes, random));
  }
  return bytes;
}

export const mutateTorch: Mutate = (victim, random, others) => {
  const { bytes } = victim;
  if (!isZip(bytes)) return random.chance(0.5) ? changePickle(bytes, random) : mutateBytes(victim, random, others);
  if (random.chance(0.3)) return mutateBytes(victim, random, others);
  const entries = Object.entries(unzipSync(bytes));
  const changed = entries.flatMap(([name, content]): [string, Uint8Array][] => {
    if (name.endsWith("data.pkl")) return [[name, changePickle(content, random)]];
    if (random.chance(0.05)) return [];
    if (random.chance(0.05)) return [[name, content.subarray(0, random.below(content.length + 1))]];
    if (random.chance(0.05)) return [[`${name}${random.pick(["", "/", "\u0000", "x", "../"])}`, content]];
    return [[name, content]];
  });
  const zip = zipSync(Object.fromEntries(changed), { level: random.chance(0.8) ? 0 : 6, mtime: MTIME });
  return random.chance(0.2) ? changeBytes(zip, random) : zip;
};
