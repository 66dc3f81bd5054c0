/** What files are by their beginnings: in any case, behind a byte order mark, blanks and comments. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { findReader } from "../../src/formats/readers.js";
import { describeFile } from "../../src/formats/sniff.js";

const bytes = (text: string) => new TextEncoder().encode(text);

test("web pages are known in any case and behind whatever may come first", () => {
  const starts = ["", "\ufeff", "\n\n  \t", "<!-- a\ncomment -->\n", '<?xml version="1.0"?>\n<!-- x --> '];
  for (const start of starts) {
    for (const element of ["<!DOCTYPE html>", "<!doctype HTML>", "<html>", "<HTML lang=en>", "<Head>", "<body>"]) {
      assert.match(describeFile(bytes(start + element)) ?? "", /this is a web page/, start + element);
    }
  }
  assert.match(describeFile(bytes("<?xml version='1.0'?><Error><Code>AccessDenied")) ?? "", /this is XML/);
});

test("the index of a model in several safetensors files is named for what it is", () => {
  const index = bytes('{"metadata": {"total_size": 1}, "weight_map": {"a": "model-00001-of-00002.safetensors"}}');
  assert.match(describeFile(index) ?? "", /the index of a model in several safetensors files/);
  assert.equal(findReader("model.safetensors.index.json", index), null);
});

test("symbols and descriptions are found behind a byte order mark and blanks", () => {
  const named = (text: string) => findReader("x.json", bytes(text))?.name;
  assert.equal(named('\ufeff\n {"nodes": [{"op": "null"'), "an MXNet symbol");
  assert.equal(named('\n{"framework": "bmxnet-v2"'), "a model description");
});
