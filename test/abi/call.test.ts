/** Calls with arguments by name: their order, and the mistakes that types refuse. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { call, type Ref } from "../../src/abi/call.js";
import { ROLES } from "../../src/abi/roles.js";
import { argumentNames } from "../../src/abi/signatures.js";
import { openKernels } from "../support/kernels.js";

const src: Ref = { area: "buffer", id: 3, offset: 64 };

test("arguments stand in the kernel's order, however they are written", () => {
  const size = { channels: 8, pixels: 49 };
  assert.deepEqual(call("packSignF32", { dst: 16, ...size, src }), { kernel: "packSignF32", args: [src, 16, 49, 8] });
});

test("a missing or surplus name is a type error", () => {
  const size = { pixels: 49, channels: 8 };
  // @ts-expect-error: `channels` is missing.
  call("packSignF32", { src, dst: 16, pixels: 49 });
  // @ts-expect-error: `stride` is no argument.
  call("packSignF32", { src, dst: 16, ...size, stride: 8 });
  const more = { ...size, stride: 8 };
  // @ts-expect-error: nor is it one in an object that is spread.
  call("packSignF32", { src, dst: 16, ...more });
  // @ts-expect-error: no kernel has this name.
  assert.throws(() => call("packSign", { src, dst: 16, ...size }));
});

test("every kernel takes as many arguments as it has names", () => {
  const { k: exports } = openKernels();
  for (const [name, names] of Object.entries(argumentNames)) {
    assert.equal(exports[name as keyof typeof exports].length, names.length, name);
  }
  assert.deepEqual(Object.keys(exports).sort(), Object.keys(argumentNames).sort());
});

test("every kernel that a program calls has a role for each argument", () => {
  for (const [name, roles] of Object.entries(ROLES)) {
    assert.equal(roles.length, argumentNames[name as keyof typeof argumentNames].length, name);
    assert.ok(roles.length <= 32, `${name}: the mask of a call's scratch arguments has 32 bits`);
  }
  const others = Object.keys(argumentNames).filter((name) => !(name in ROLES));
  assert.ok(
    others.every((name) => /Pack$|^(widenRows|scaleRowsF32|tableConvCorrections|checksumWords)$/.test(name)),
    `${others}`,
  );
});
