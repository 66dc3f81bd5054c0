/** The page of examples/browser, built with onnxruntime-web: a third runner in the race, on the file itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { bireal } from "../../bench/peers/bireal.js";
import { birealOnnx } from "../../bench/peers/bireal_onnx.js";
import { drop, fileOf, openPage, openSite, skip, waitForText, watch } from "./browser_support.js";

const picture = fileURLToPath(new URL("../../examples/digits/7.png", import.meta.url));

test("an .onnx file is raced in onnxruntime-web too, which gives the same class", {
  skip,
  timeout: 120_000,
}, async () => {
  const site = await openSite({ withOnnxruntime: true });
  try {
    const { page, problems } = await watch(site.browser, {});
    await openPage(page, site.address);
    await drop(page, [{ name: "bireal.onnx", bytes: birealOnnx(bireal({ seed: 1, size: 64, classes: 20 })) }]);
    await waitForText(page, "#model-name", /^bireal$/);
    await drop(page, [fileOf(picture)]);
    await page.selectOption("#preset", "unit");
    await waitForText(page, "#classes-note", /^7\.png: class \d+, in /);
    await page.click("#race");
    await waitForText(
      page,
      "#race-note",
      /times as fast as onnxruntime-web on this file, which gives the same class\.$/,
    );
    assert.match(await page.innerText("#race-peer"), /^onnxruntime-web\s+[\d.,]+ pictures a second\s+[\d.]+ [kM]B$/);
    // A network that is no ONNX file has no such runner.
    await drop(page, [fileOf(fileURLToPath(new URL("../../models/digits.xnorkit", import.meta.url)))]);
    await waitForText(page, "#model-name", /^digits$/);
    await page.click("#race");
    await waitForText(page, "#race-note", /^digits on bits is .+ times smaller; [^.]+\.$|^digits on bits .+ most\.$/);
    assert.equal(await page.locator("#race-peer").isVisible(), false);
    assert.deepEqual(problems, []);
  } finally {
    await site.close();
  }
});
