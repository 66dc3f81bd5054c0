/** Pickles that ask for more than a checkpoint needs are refused by name, cut and changed files in one sentence. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { XnorkitError } from "../../src/errors.js";
import { readTorch } from "../../src/torch.js";
import { seededRandom, throwsError } from "./support.js";
import { dictText, fixture, fixtureNames, floatBytes, pickle, tensorText, torchZip } from "./torch_support.js";

const two = { "0": floatBytes(1, 2) };
const weight = tensorText({ elements: 2, shape: [2], strides: [1] });
const ordered = (text: string) => `ccollections\nOrderedDict\n(tR(${text}u`;

/** A module pickled whole, of a class that nobody knows, with an attribute. */
function moduleText(attribute: string): string {
  const state = dictText({
    _parameters: ordered(`S'w'\n${weight}`),
    _buffers: ordered(""),
    _modules: ordered(""),
    attribute,
  });
  return `cmy.networks\nNet\n)\x81${state}b`;
}

const places: Readonly<Record<string, (attack: string) => string>> = {
  alone: (attack) => attack,
  "beside the weights": (attack) => dictText({ w: weight, attack }),
  "inside of a state dict": (attack) => dictText({ state_dict: ordered(`S'w'\n${weight}S'attack'\n${attack}`) }),
  "in a module": moduleText,
};

const attacks: Readonly<Record<string, readonly [text: string, ...says: readonly RegExp[]]>> = {
  "os.system by REDUCE": [
    "cos\nsystem\n(S'echo'\ntR",
    /calls os\.system \(opcode REDUCE at byte \d+ of net\/data\.pkl\)/,
  ],
  "posix.system": ["cposix\nsystem\n(S'echo'\ntR", /calls posix\.system/],
  "os.system by INST": ["(S'echo'\nios\nsystem\n", /calls os\.system \(opcode INST/],
  "os.system by OBJ": ["(cos\nsystem\nS'echo'\no", /calls os\.system \(opcode OBJ/],
  "builtins.eval": ["cbuiltins\neval\n(S'1'\ntR", /calls builtins\.eval/],
  "eval of Python 2": ["c__builtin__\neval\n(S'1'\ntR", /calls builtins\.eval/],
  "a name from the stack": ["S'subprocess'\nS'Popen'\n\x93(S'ls'\ntR", /calls subprocess\.Popen/],
  "REDUCE of REDUCE": ["cbuiltins\n__import__\n(S'os'\ntR(S'echo'\ntR", /calls builtins\.__import__ \(opcode REDUCE/],
  "a call of what is allowed": [
    "ccollections\nOrderedDict\n(tR(S'echo'\ntR",
    /calls an object of collections\.OrderedDict \(opcode REDUCE/,
  ],
  "a call inside of arguments": ["ctorch\ndevice\n(cos\ngetcwd\n(tRtR", /calls os\.getcwd/],
  "an extension": ["\x82\x01", /opcode EXT1/],
  "a buffer outside": ["\x97", /opcode NEXT_BUFFER/],
  "torch.load again": ["ctorch.storage\n_load_from_bytes\n(S'x'\ntR", /calls torch\.storage\._load_from_bytes/],
};

describe("hostile pickles", () => {
  for (const [name, [text, ...says]] of Object.entries(attacks)) {
    for (const [place, put] of Object.entries(places)) {
      it(`${name}, ${place}`, () => {
        throwsError(() => readTorch(torchZip(`${put(text)}.`, two)), "unsupported", ...says);
      });
    }
  }

  it("are refused in the legacy format too", () => {
    const legacy = fixture("state_dict.legacy.pt");
    const magic = legacy.subarray(0, 15);
    assert.equal(legacy[14], 0x2e);
    const header = Uint8Array.of(...magic, ...pickle("\x80\x02M\xe9\x03."));
    const system = pickle("(S'little_endian'\nI01\nd.");
    const attack = (text: string) => Uint8Array.of(...header, ...system, ...pickle(`${text}.(l.`));
    throwsError(() => readTorch(attack("cos\nsystem\n(S'echo'\ntR")), "unsupported", /os\.system .* of the object/);
    const early = Uint8Array.of(...header, ...pickle("cos\nsystem\n(S'echo'\ntR."));
    throwsError(() => readTorch(early), "unsupported", /os\.system .* of the system information/);
    throwsError(() => readTorch(attack("(d")), "bad-file", /no tensors/);
  });

  it("classes are let pass in modules alone", () => {
    const argument = "cmy.options\nOptions\n)\x81(dS'a'\nI1\nsb";
    const namespace = "cargparse\nNamespace\n(tR(dS'lr'\nF0.1\nsb";
    assert.deepEqual([...readTorch(torchZip(`${moduleText(argument)}.`, two)).keys()], ["w"]);
    assert.deepEqual([...readTorch(torchZip(`${dictText({ model: moduleText(argument) })}.`, two)).keys()], ["w"]);
    throwsError(
      () => readTorch(torchZip(`${dictText({ w: weight, argument })}.`, two)),
      "unsupported",
      /makes an object of my\.options\.Options \(opcode NEWOBJ at byte \d+ of net\/data\.pkl\).*save the state_dict/,
    );
    throwsError(() => readTorch(torchZip("cmy.options\nOptions\n)\x81.")), "unsupported", /my\.options\.Options/);
    assert.deepEqual([...readTorch(torchZip(`${dictText({ w: weight, args: namespace })}.`, two)).keys()], ["w"]);
  });

  it("modules and dicts that hold themselves are refused", () => {
    const loop = "(dp0\nS'a'\ng0\ns";
    throwsError(() => readTorch(torchZip(`${loop}.`)), "bad-file", /does it hold itself/);
    const module = `cmy.networks\nNet\n)\x81p1\n${dictText({
      _parameters: ordered(""),
      _buffers: ordered(""),
      _modules: ordered("S'me'\ng1\nS'you'\ng1\n"),
    })}b`;
    throwsError(() => readTorch(torchZip(`${module}.`)), "bad-file", /does it hold itself/);
  });

  it("nesting of any depth neither overflows nor hangs", () => {
    const depth = 300_000;
    for (const text of [
      `${"(".repeat(depth)}.`,
      `${"(".repeat(depth)}${"l".repeat(depth)}.`,
      `N${"\x85".repeat(depth)}.`,
      `(d${"S'a'\n(d".repeat(50_000)}${"s".repeat(50_000)}.`,
      `ctorch._utils\n_rebuild_parameter\np0\n0N${"p1\n0g0\ng1\n\x85R".repeat(20_000)}.`,
      `${"(".repeat(1_000_001)}.`,
      `${"N".repeat(1_000_001)}.`,
    ]) {
      assert.throws(() => readTorch(torchZip(text)), XnorkitError);
    }
  });
});

/** True where a file is read; fails on anything that is no XnorkitError of one sentence. */
function isRead(bytes: Uint8Array, what: string): boolean {
  try {
    readTorch(bytes);
    return true;
  } catch (error) {
    assert.ok(error instanceof XnorkitError, `${what}: ${error instanceof Error ? error.stack : error}`);
    assert.doesNotMatch(error.message, /\n/, what);
    assert.ok(error.message.length < 1000, `${what}: ${error.message}`);
    return false;
  }
}

describe("damaged checkpoints", () => {
  const random = seededRandom(11);
  for (const name of fixtureNames) {
    const bytes = fixture(name);
    it(`${name}: refused where it is cut`, () => {
      const cuts = [...Array(1024).keys(), ...Array.from({ length: 300 }, () => Math.floor(random() * bytes.length))];
      for (const cut of cuts) assert.ok(!isRead(bytes.subarray(0, cut), `cut at ${cut}`), `read when cut at ${cut}`);
    });

    it(`${name}: read or refused where bytes are changed`, () => {
      const change = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }));
      fc.assert(
        fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
          const damaged = bytes.slice();
          for (const [offset, mask] of changes) damaged[offset] ^= mask;
          isRead(damaged, `${name} with ${JSON.stringify(changes)}`);
        }),
        { numRuns: 300 },
      );
    });
  }

  it("any opcodes in any order end in a sentence", () => {
    const piece = fc.constantFrom(
      ..."(.012FIJKLMNPQRSTUVXabcd}eghijl]opqrst)uG".split(""),
      ...Array.from({ length: 0x19 }, (_, i) => String.fromCharCode(0x80 + i)),
      ..."BC\n\x00\x01\x07\xff".split(""),
      "N",
      "I1\n",
      "(d",
      "S'a'\n",
      "p0\n",
      "g0\n",
      "ccollections\nOrderedDict\n",
      "ctorch._utils\n_rebuild_tensor_v2\n",
      weight,
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        isRead(torchZip(pieces.join(""), two), JSON.stringify(pieces));
      }),
      { numRuns: 3000 },
    );
  });
});
