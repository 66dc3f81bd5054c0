/** PyTorch's checkpoints, whole and damaged. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { unzipSync, zipSync } from "fflate";
import { isTorch, readTorch } from "../../src/torch.js";
import { throwsError } from "./support.js";
import {
  dictText,
  expectedValues,
  fixture,
  fixtureNames,
  floatBytes,
  type TensorText,
  tensorText,
  torchZip,
} from "./torch_support.js";

describe("checkpoints of torch", () => {
  assert.equal(fixtureNames.length, 18);
  for (const name of fixtureNames) {
    it(`reads ${name}`, () => {
      const bytes = fixture(name);
      assert.ok(isTorch(bytes));
      const weights = readTorch(bytes);
      const expected = expectedValues[name.split(".")[0]];
      assert.deepEqual([...weights.keys()], Object.keys(expected));
      for (const [tensor, { shape, data }] of Object.entries(expected)) {
        const weight = weights.get(tensor)!;
        assert.equal(weight.kind, "f32");
        assert.deepEqual(weight.shape, shape, tensor);
        assert.deepEqual([...weight.data], data, tensor);
      }
    });
  }

  it("reads an archive that was packed anew, deflated", () => {
    const packed = zipSync(unzipSync(fixture("tensors.zip.pt")), { level: 9 });
    assert.deepEqual(readTorch(packed), readTorch(fixture("tensors.zip.pt")));
  });

  it("reads from any place in a buffer", () => {
    for (const name of ["tensors.zip.pt", "tensors.legacy.pt"]) {
      const bytes = fixture(name);
      const shifted = new Uint8Array(bytes.length + 3);
      shifted.set(bytes, 3);
      assert.deepEqual(readTorch(shifted.subarray(3)), readTorch(bytes));
    }
  });

  it("views float32 of an archive without copying", () => {
    const bytes = fixture("tensors.zip.pt");
    assert.equal(readTorch(bytes).get("contiguous")!.data.buffer, bytes.buffer);
    assert.notEqual(readTorch(bytes).get("transposed")!.data.buffer, bytes.buffer);
  });
});

const two = { "0": floatBytes(1, 2) };
const pair = tensorText({ elements: 2, shape: [2], strides: [1] });

/** The names that a checkpoint of this object gives. */
function namesOf(object: string): readonly string[] {
  return [...readTorch(torchZip(`${object}.`, two)).keys()];
}

describe("where a checkpoint keeps its tensors", () => {
  const state = dictText({ "conv.weight": pair });

  it("finds the state dict under the keys of training scripts", () => {
    assert.deepEqual(namesOf(state), ["conv.weight"]);
    for (const key of ["state_dict", "model_state_dict", "model", "net"]) {
      assert.deepEqual(namesOf(dictText({ epoch: "I3\n", optimizer: dictText({ state: pair }), [key]: state })), [
        "conv.weight",
      ]);
    }
    assert.deepEqual(namesOf(dictText({ model: dictText({ state_dict: state }) })), ["conv.weight"]);
  });

  it("joins the names of nested dicts and passes over what is no tensor", () => {
    const nested = dictText({ features: dictText({ conv: state, note: "S'text'\n" }), classifier: pair, absent: "N" });
    assert.deepEqual(namesOf(nested), ["features.conv.conv.weight", "classifier"]);
  });

  it("takes the pairs that Python 2 gives an OrderedDict", () => {
    assert.deepEqual(namesOf(`ccollections\nOrderedDict\n(](]S'a'\na${pair}aetR`), ["a"]);
  });

  it("says what it found where there is no state dict", () => {
    const refuse = (object: string, ...says: readonly RegExp[]) =>
      throwsError(() => readTorch(torchZip(`${object}.`, two)), "bad-file", ...says);
    refuse(pair, /holds a tensor alone, expected a state_dict/);
    refuse("(lp0\n", /holds a list, expected a state_dict/);
    refuse("N", /holds None/);
    refuse("(d", /holds no tensors, expected/);
    refuse(
      dictText({ epoch: "I3\n", loss: "F0.5\n" }),
      /no tensors under its keys "epoch", "loss", expected a state_dict/,
    );
    refuse(dictText({ a: pair, "b.c": pair, b: dictText({ c: pair }) }), /holds tensor "b\.c" twice/);
  });
});

describe("tensors that do not fit", () => {
  const refuse = (text: TensorText, ...says: readonly RegExp[]) =>
    throwsError(() => readTorch(torchZip(`${dictText({ w: tensorText(text) })}.`, two)), "bad-file", ...says);

  it("refuses elements outside of the storage", () => {
    const says = /tensor "w": its elements take 12 bytes of storage "0", which has 8/;
    refuse({ elements: 2, shape: [3], strides: [1] }, says);
    refuse({ elements: 2, offset: 1, shape: [2], strides: [1] }, says);
    refuse({ elements: 2, shape: [1, 2], strides: [9, 2] }, says);
    refuse({ elements: 3, shape: [1], strides: [1] }, /its storage "0" has 8 bytes, expected 12/);
    refuse({ key: "1", elements: 2, shape: [2], strides: [1] }, /holds no file "net\/data\/1"/);
  });

  it("refuses offsets, sizes and strides that are none", () => {
    refuse({ elements: 2, shape: [2], strides: [] }, /its offset, sizes and strides are 0, a tuple, a tuple/);
    refuse({ elements: 2, shape: [-2], strides: [1] }, /sizes/);
    refuse({ elements: 2, offset: -1, shape: [1], strides: [1] }, /its offset, sizes and strides are -1/);
    refuse({ elements: -2, shape: [1], strides: [1] }, /as a storage, expected \("storage", type, key/);
    refuse({ elements: 2, shape: Array(65).fill(1), strides: Array(65).fill(1) }, /sizes/);
  });

  it("refuses tensors that repeat a storage out of proportion", () => {
    refuse(
      { elements: 2, shape: [1e9], strides: [0] },
      /the checkpoint of [\d,]+ bytes takes more than [\d,]+ in memory/,
    );
    refuse({ elements: 2, shape: [2 ** 40, 2 ** 40], strides: [0, 0] }, /its shape is 1099511627776x1099511627776/);
    const many = Object.fromEntries(
      Array.from({ length: 300 }, (_, i) => [`w${i}`, tensorText({ elements: 2, shape: [2 ** 16], strides: [0] })]),
    );
    throwsError(
      () => readTorch(torchZip(`${dictText(many)}.`, two)),
      "bad-file",
      /in memory, 9 times its size and 28 MB/,
    );
  });

  it("expands a tensor of stride 0", () => {
    const text = tensorText({ elements: 2, offset: 1, shape: [2, 3], strides: [0, 0] });
    assert.deepEqual([...readTorch(torchZip(`${dictText({ w: text })}.`, two)).get("w")!.data], Array(6).fill(2));
  });
});

describe("what is not supported", () => {
  const refuse = (bytes: Uint8Array, ...says: readonly RegExp[]) =>
    throwsError(() => readTorch(bytes), "unsupported", ...says);
  const ofType = (type: string, key = "w") =>
    torchZip(`${dictText({ [key]: tensorText({ type, elements: 1, shape: [], strides: [] }) })}.`, two);

  it("names element types that weights do not have", () => {
    refuse(ofType("ComplexFloatStorage"), /storage of type torch\.ComplexFloatStorage, expected one of torch\.Float/);
    refuse(ofType("LongStorage"), /tensor "w" has dtype I64, but weights are F32, F16, BF16 or F64/);
    assert.equal(readTorch(ofType("LongStorage", "bn.num_batches_tracked")).size, 0);
    assert.deepEqual([...readTorch(ofType("FloatStorage")).get("w")!.data], [1]);
  });

  it("reads untyped storages, whose call states the element type", () => {
    const untyped = (dtype: string) => {
      const storage = "(S'storage'\nctorch.storage\nUntypedStorage\nS'0'\nS'cpu'\nI8\ntQ";
      const call = `ctorch._utils\n_rebuild_tensor_v3\n(${storage}I1\n(I1\nt(I1\ntI00\nNctorch\n${dtype}\ntR`;
      return torchZip(`${dictText({ w: call })}.`, two);
    };
    assert.deepEqual([...readTorch(untyped("float32")).get("w")!.data], [2]);
    assert.deepEqual([...readTorch(untyped("bfloat16")).get("w")!.data], [1]);
    refuse(untyped("float8_e5m2"), /tensor "w": its storage is untyped, and its dtype is none of torch\.float32/);
  });

  it("reads tensors of a subclass", () => {
    const [callee, args] = pair.split("_rebuild_tensor_v2\n");
    const rebuild = `${callee}_rebuild_tensor_v2\ncmy\nTensor\n${args.slice(0, -1)}`;
    const text = `ctorch._tensor\n_rebuild_from_type_v2\n(${rebuild}(dtR`;
    assert.deepEqual(namesOf(dictText({ w: text })), ["w"]);
  });

  it("refuses big-endian files and TorchScript", () => {
    const files = unzipSync(fixture("state_dict.zip.pt"));
    const prefix = Object.keys(files)[0].split("/")[0];
    const withFile = (name: string, text: string) =>
      zipSync({ ...files, [`${prefix}/${name}`]: new TextEncoder().encode(text) });
    assert.equal(readTorch(withFile("byteorder", "little")).size, 11);
    refuse(withFile("byteorder", "big"), /byte order is "big", expected "little"/);
    refuse(withFile("constants.pkl", ""), /TorchScript/);

    const legacy = fixture("state_dict.legacy.pt");
    const place = Buffer.from(legacy).indexOf("little_endian") + "little_endian".length + 2;
    assert.equal(legacy[place], 0x88);
    legacy[place] = 0x89;
    refuse(legacy, /big-endian/);
  });

  it("says which format another file is", () => {
    throwsError(() => readTorch(Uint8Array.of(0x89, 0x50, 0x4e, 0x47)), "bad-file", /but this is a PNG picture/);
    throwsError(() => readTorch(new Uint8Array(0)), "bad-file", /the file is empty/);
    throwsError(
      () => readTorch(zipSync({ "a.txt": Uint8Array.of(1) })),
      "bad-file",
      /holds 0 files data\.pkl among its 1/,
    );
  });
});
