/** The page of examples/browser in Chromium: two networks side by side, by name and from files, and their times. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { bireal } from "../../bench/peers/bireal.js";
import { birealModel } from "../../bench/peers/bireal_graph.js";
import { birealOnnx } from "../../bench/peers/bireal_onnx.js";
import { compare } from "../../src/explain/compare.js";
import { countRows } from "../../src/explain/comparison_text.js";
import { getModel, saveModel } from "../../src/index.js";
import { getAnyModel } from "../../src/models/catalog.js";
import { importOnnx } from "../../src/onnx.js";
import { drop, openDesktop, type Site, skip, texts, type Watched, waitForText } from "./browser_support.js";

/** Small enough to run in no time. */
const tiny = bireal({ seed: 3, size: 64, widths: [64, 64, 128, 128], depth: 1, classes: 10 });

describe("networks on the page", { skip, timeout: 120_000 }, () => {
  let site: Site;
  let desktop: Watched;
  let page: Page;

  before(async () => {
    ({ site, desktop, page } = await openDesktop());
  });

  after(() => site?.close());

  async function comparison(a: string, b: string): Promise<void> {
    await page.fill("#compare-a", a);
    await page.fill("#compare-b", b);
    await page.locator("#compare-b").press("Enter");
  }
  const shown = async () => (await page.locator("#comparison > div").allTextContents()).join(" ");
  /** What has the focus inside of the comparison. */
  const focused = () =>
    page.evaluate(() => {
      const { activeElement } = document.querySelector("#comparison")!.shadowRoot!;
      return activeElement?.querySelector(".label")?.textContent ?? "";
    });

  test("what is drawn is loaded when it is asked for, and not before", async () => {
    // The service worker asks for what the page asks it for: once each is twice.
    const asked = () => [...new Set(desktop.addresses)];
    const large = () => asked().filter((address) => (site.sizes.get(address) ?? 0) > 500_000);
    assert.deepEqual(large(), []);
    await page.locator("#compare-a").focus();
    await page.waitForFunction(() => document.querySelectorAll("#network-names option").length > 20);
    assert.deepEqual(large(), []);
    await page.click("#compare");
    await waitForText(page, "#compare-status", /^resnet18_e1 useFp and awnas_resnet18: \d+ differences of layers\.$/);
    assert.equal(large().length, 1);
  });

  test("two networks of the registry: the questions, the counts and the marks that compare gives", async () => {
    const expected = compare(getModel("resnet18_e1", { useFp: true }), getAnyModel("awnas_resnet18"));
    await waitForText(page, "#compare-status", new RegExp(`: ${expected.differences.length} differences of layers`));
    const text = await shown();
    for (const { a, b } of expected.questions) assert.ok(text.includes(a.text) && text.includes(b.text), a.text);
    for (const row of countRows(expected.counts))
      assert.ok(
        row.every((cell) => text.includes(cell)),
        row.join(" "),
      );
    assert.equal(await page.locator("#comparison details.part.differs").count(), 6);
    assert.equal(await page.locator("#comparison details[open]").count(), 0);
  });

  test("the keyboard walks, unfolds to a drawing and folds", async () => {
    await page.locator("#comparison details.part > summary").first().focus();
    assert.match(await focused(), /^stem/);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    assert.match(await focused(), /^stage 2/);
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    assert.match(await focused(), /^unit 1/);
    await page.keyboard.press("Enter");
    const unit = page.locator("#comparison details.part").nth(2).locator("details.unit").first();
    assert.ok(await unit.locator("svg.network").first().isVisible());
    assert.match((await unit.locator("svg.network").first().getAttribute("aria-label")) ?? "", /is added after/);
    await page.keyboard.press("End");
    assert.equal(await focused(), "");
    await page.keyboard.press("Home");
    assert.match(await focused(), /^stem/);
    await page.getByRole("button", { name: "Fold all", exact: true }).click();
    assert.equal(await page.locator("#comparison details[open]").count(), 0);
  });

  test("one is run: its milliseconds are on the drawing, and what was unfolded stays so", async () => {
    const part = page.locator("#comparison details.part").nth(1);
    await part.locator("summary").first().click();
    await part.locator("details.unit > summary").first().click();
    await page.click("#run-a");
    await waitForText(page, "#compare-status", /^The milliseconds of resnet18_e1 useFp are on its drawing\.$/);
    assert.equal(await page.locator("#comparison details[open]").count(), 2);
    const drawings = part.locator("details.unit").first().locator("svg.network");
    const inside = async (index: number) => {
      const reference = await drawings.nth(index).locator("use").getAttribute("href");
      return page.locator(`#comparison ${reference}`).textContent();
    };
    assert.match((await inside(0)) ?? "", /\d\.\d\d ms/);
    assert.doesNotMatch((await inside(1)) ?? "", /\d\.\d\d ms/);
    assert.match(await part.innerText(), /\d\.\d\d ms/);
    await page.click("#run-b");
    await waitForText(page, "#compare-status", /^The milliseconds of awnas_resnet18 are/);
    assert.match((await inside(1)) ?? "", /\d\.\d\d ms/);
  });

  test("a network of the registry and an imported file, dropped on its side", async () => {
    const bytes = birealOnnx(tiny);
    const name = "resnet18_e1 initialLayers=thumbnail inputShape=1x3x64x64 classes=10";
    await page.fill("#compare-a", name);
    await drop(page, [{ name: "tiny.onnx", bytes }], "#compare-b-side");
    assert.equal(await page.inputValue("#compare-b"), "tiny.onnx");
    await page.click("#compare");
    const graph = getModel("resnet18_e1", { initialLayers: "thumbnail", inputShape: [1, 3, 64, 64], classes: 10 });
    const expected = compare(graph, importOnnx(bytes, { name: "tiny", logits: true }).graph);
    await waitForText(
      page,
      "#compare-status",
      new RegExp(`and tiny\\.onnx: ${expected.differences.length} differences`),
    );
    await page.click("#run-b");
    await waitForText(page, "#compare-status", /^The milliseconds of tiny\.onnx are on its drawing\.$/);
    // The files of this side belong to nobody else.
    assert.equal(await page.textContent("#model-name"), "digits");
  });

  test("two files of one network have no difference", async () => {
    await page.setInputFiles("#compare-a-file", [
      { name: "built.xnorkit", mimeType: "", buffer: Buffer.from(saveModel(birealModel(tiny))) },
    ]);
    await page.click("#compare");
    await waitForText(page, "#compare-status", /^built\.xnorkit and tiny\.onnx: no differences of layers\.$/);
    assert.match(await shown(), /0 differences of layers/i);
  });

  test("a name that is typed counts in place of the file before; what is none is refused in one sentence", async () => {
    for (const [a, said] of [
      ["resnet18_e3", /^There is no network named "resnet18_e3": the closest are .+\.$/],
      ["resnet18_e1 colour=red", /colour.+\.$/],
      ["", /^There is no network named "": .+\.$/],
    ] as const) {
      await comparison(a, "awnas_resnet18");
      await waitForText(page, "#compare-error", said);
      assert.equal(await page.textContent("#compare-status"), "Nothing is compared.");
      assert.equal(await page.locator("#comparison").isVisible(), false);
      assert.equal(await page.locator("#run-a").isEnabled(), false);
    }
    await comparison("digits", "resnet34_e1");
    await waitForText(page, "#compare-status", /^digits and resnet34_e1: \d+ differences/);
    assert.deepEqual(await texts(page, "#compare-error"), [""]);
  });

  test("the deepest networks, unfolded, stay on the page", async () => {
    await comparison("resnet152_e1", "awnas_resnet152");
    await waitForText(page, "#compare-status", /^resnet152_e1 and awnas_resnet152: \d+ differences/);
    await page.getByRole("button", { name: "Unfold all" }).click();
    await page.locator("#comparison details:not([open])").first().waitFor({ state: "detached" });
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 1200);
  });

  test("nothing went wrong", () => {
    assert.deepEqual(desktop.problems, []);
    assert.deepEqual(site.missing, []);
  });
});
