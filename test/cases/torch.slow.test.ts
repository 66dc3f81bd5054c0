/** Torch checkpoints of shared/cases, and their kind. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { zipSync } from "fflate";
import { readTorch } from "../../src/torch.js";
import { throwsError } from "../formats/support.js";
import { dictText, floatBytes, pickle, tensorText, torchZip } from "../formats/torch_support.js";
import { sharedPath, skipWithout } from "../support/shared.js";
import { assertBounded, measure, temporaryFile } from "./measure.js";

const SIX = ["0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var"];
const two = { "0": floatBytes(1, 2) };
const weight = tensorText({ elements: 2, shape: [2], strides: [1] });
const names = (text: string) => [...readTorch(torchZip(`${text}.`, two)).keys()];
const importTorch = 'import { readTorch } from "./src/torch.js";';

describe("01 tensors beside the state dict", () => {
  for (const name of ["tiny_best_prec1.pt", "tiny_loss.pt"]) {
    const path = `cases/01_torch_tensor_beside_state_dict/${name}`;
    it(name, { skip: skipWithout(path) }, () => {
      assert.deepEqual([...readTorch(new Uint8Array(readFileSync(sharedPath(path)))).keys()], SIX);
    });
  }

  it("the wrapper that holds tensors wins, whatever stands beside it", () => {
    const inner = dictText({ w: weight });
    assert.deepEqual(names(dictText({ loss: weight, model: inner })), ["w"]);
    assert.deepEqual(names(dictText({ model: dictText({ depth: "I18\n" }), state_dict: inner, rng: weight })), ["w"]);
    assert.deepEqual(names(dictText({ rng: weight, state_dict: dictText({ decay: weight, model: inner }) })), ["w"]);
    // A state dict whose module is called so, or which has settings under such a key, is one itself.
    assert.deepEqual(names(dictText({ model: weight, b: weight })), ["model", "b"]);
    assert.deepEqual(names(dictText({ a: weight, params: dictText({ lr: "F0.1\n" }) })), ["a"]);
  });
});

describe("02 calls that only records beside the weights need", () => {
  const folder = "cases/02_torch_counter";
  it("multistep.pt gives what cosine_works.pt gives", { skip: skipWithout(folder) }, () => {
    const [multistep, cosine] = ["multistep.pt", "cosine_works.pt"].map((name) =>
      readTorch(new Uint8Array(readFileSync(sharedPath(`${folder}/${name}`)))),
    );
    assert.deepEqual([...multistep.keys()], SIX);
    assert.deepEqual([...cosine.keys()], SIX);
  });

  const records: Readonly<Record<string, string>> = {
    Counter: "ccollections\nCounter\n((dI30\nI1\nstR",
    deque: "ccollections\ndeque\n((lI10\ntR",
    datetime: "cdatetime\ndatetime\n(S'\\x07\\xe8'\ntR",
    "a path": "cpathlib\nPosixPath\n(S'data'\ntR",
    "a numpy array": "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR",
    "a scheduler pickled whole": "ctorch.optim.lr_scheduler\nMultiStepLR\n)\x81(dS'gamma'\nF0.1\nsb",
    "settings in a class of their own": "comegaconf.dictconfig\nDictConfig\n)\x81(dS'x'\nI1\nsb",
    "a function of the script": "c__main__\nmake\n(I1\ntR",
  };
  for (const [what, text] of Object.entries(records)) {
    it(`${what} stays unread`, () => {
      assert.deepEqual(names(dictText({ epoch: "I3\n", state_dict: dictText({ w: weight }), record: text })), ["w"]);
    });
  }

  it("what is known stays unread among the weights too, what is not is refused by name", () => {
    for (const what of ["Counter", "deque", "datetime", "a path", "a numpy array"]) {
      assert.deepEqual(names(dictText({ w: weight, record: records[what] })), ["w"]);
    }
    throwsError(
      () => names(dictText({ w: weight, record: records["a function of the script"] })),
      "unsupported",
      /calls __main__\.make \(opcode REDUCE at byte \d+ of net\/data\.pkl\) where weights belong/,
    );
  });
});

describe("20 dicts_7kB.pt", () => {
  const file = "cases/20_hostile/dicts_7kB.pt";
  const bounded = (path: string, says: RegExp) => {
    const measured = measure(importTorch, "[...readTorch(bytes).keys()]", path);
    assertBounded(measured);
    assert.match(measured.outcome, says);
  };

  it("what a pickle builds is bounded by the file", { skip: skipWithout(file) }, () => {
    bounded(sharedPath(file), /the checkpoint of 7,008 bytes takes more than .* in memory/);
  });

  const note = (i: number) => `r${String.fromCharCode(i & 255, (i >> 8) & 255, (i >> 16) & 255, 0)}`;
  for (const [what, text] of Object.entries({
    "empty dicts": `(${"}".repeat(2e6)}l.`,
    "empty lists": `(${"]".repeat(2e6)}l.`,
    "dicts that are thrown away": `${"}0".repeat(3e6)}N.`,
    "records of calls": `ccollections\nOrderedDict\np0\n0(${"g0\n)R".repeat(1e6)}l.`,
    "notes of one value": `N${Array.from({ length: 2e6 }, (_, i) => note(i)).join("")}.`,
    "numbers in a list": `(${"K\x01".repeat(3e6)}l.`,
  })) {
    it(`${what}, stored and deflated`, () => {
      for (const level of [0, 9] as const) {
        const path = temporaryFile("bomb.pt", zipSync({ "net/data.pkl": pickle(text) }, { level }));
        bounded(path, /takes more than .* in memory|expected a state_dict|on its stack/);
      }
    });
  }

  it("a deflated archive", () => {
    const path = temporaryFile("zeros.pt", zipSync({ "net/data.pkl": new Uint8Array(2 ** 27) }, { level: 9 }));
    bounded(path, /the checkpoint of [\d,]+ bytes takes more than .* in memory/);
  });

  it("tensors that repeat one storage", () => {
    const many = Array.from({ length: 4000 }, (_, i) => [
      `w${i}`,
      tensorText({ elements: 2 ** 12, shape: [2 ** 12, 2 ** 8], strides: [1, 0] }),
    ]);
    const bytes = torchZip(`${dictText(Object.fromEntries(many))}.`, { "0": new Uint8Array(2 ** 14) });
    bounded(temporaryFile("repeated.pt", bytes), /takes more than .* in memory/);
  });
});

it("a state dict of 125,000 entries is read", () => {
  const start = `${weight}p0\n0ctorch._utils\n_rebuild_tensor_v2\np1\n0`;
  const storage = "(S'storage'\nctorch\nFloatStorage\nS'0'\nS'cpu'\nI2\ntQ";
  // Half of them are tied to one tensor, half are tensors of their own.
  const call = `g1\n(${storage}I0\n(I2\nt(I1\ntI00\nNtR`;
  const entries = Array.from({ length: 125_000 }, (_, i) => `S'w${i}'\n${i % 2 === 0 ? "g0\n" : call}`).join("");
  const weights = readTorch(torchZip(`${start}(${entries}d.`, two));
  assert.equal(weights.size, 125_000);
  assert.deepEqual([...weights.get("w124999")!.shape], [2]);
});
