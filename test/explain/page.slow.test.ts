/** The page of a comparison in Chromium: without network, by keyboard, in light and dark, on paper and read out. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { loadLayout } from "../../src/cli/layout.js";
import { compare } from "../../src/explain/compare.js";
import { comparisonPage } from "../../src/explain/page/page.js";
import { timesOf } from "../../src/explain/times.js";
import type { Graph } from "../../src/graph/types.js";
import { awnas18, build, e1Paper, narrowE, renamed } from "./networks.js";

const CHROMIUM = "/usr/bin/chromium";
const skip =
  existsSync(CHROMIUM) || process.env.XNORKIT_NO_SKIP
    ? false
    : `Chromium is not installed (${CHROMIUM}): apt install chromium`;
const screenshots = fileURLToPath(new URL("../../build/screenshots/", import.meta.url));

describe("the page of a comparison", { skip, timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "xnorkit-compare-"));
  const address = pathToFileURL(join(folder, "out.html")).href;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];
  const asked: string[] = [];

  async function open(options: Parameters<Browser["newContext"]>[0] = {}, url = address): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, offline: true, ...options });
    const opened = await context.newPage();
    opened.setDefaultTimeout(20_000);
    context.on("request", (request) => asked.push(request.url()));
    opened.on("pageerror", (error) => problems.push(String(error)));
    opened.on("console", (message) => problems.push(message.text()));
    await opened.goto(url);
    return opened;
  }

  async function write(name: string, a: Graph, b: Graph, names: readonly [string, string]): Promise<string> {
    const path = join(folder, name);
    const comparison = compare(a, b);
    const steps = [{ name: "features.1", milliseconds: 2 }];
    const times = { a: timesOf(comparison.a, steps), b: null };
    writeFileSync(path, comparisonPage(comparison, { a: names[0], b: names[1], layout: await loadLayout(), times }));
    return pathToFileURL(path).href;
  }

  before(async () => {
    await write("out.html", e1Paper, awnas18, ["resnet18_e1 useFp", "awnas_resnet18"]);
    const quiet =
      "--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update";
    browser = await chromium.launch({ executablePath: CHROMIUM, args: [...quiet.split(" "), "--disable-sync"] });
    mkdirSync(screenshots, { recursive: true });
    page = await open();
  });

  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const focused = () => page.evaluate(() => document.activeElement?.querySelector(".label")?.textContent ?? "");
  const isOpen = (selector: string) =>
    page
      .locator(selector)
      .first()
      .evaluate((details: HTMLDetailsElement) => details.open);

  test("asks for nothing but itself and complains of nothing", () => {
    assert.deepEqual(problems, []);
    assert.deepEqual([...new Set(asked)], [address]);
  });

  test("both networks fit a screen of 1440 pixels at stage grain", async () => {
    const { width, bottom } = await page.evaluate(() => ({
      width: document.documentElement.scrollWidth,
      bottom: [...document.querySelectorAll("details.part")].at(-1)!.getBoundingClientRect().bottom,
    }));
    assert.ok(width <= 1440, `it is ${width} pixels wide`);
    assert.ok(bottom <= 900, `the head ends at ${bottom} pixels`);
    assert.equal(await page.locator("details.part").count(), 6);
    assert.equal(await page.locator("details[open]").count(), 0);
    await page.screenshot({ path: join(screenshots, "compare-stages.png") });
  });

  test("shows the facts: names with options, operations, questions, marks", async () => {
    const text = (await page.textContent("body")) ?? "";
    for (const fact of [
      "resnet18_e1 useFp",
      "awnas_resnet18",
      "1676.28 M",
      "BN(fix gamma)-Conv7x7/2-BN-ReLU-MaxPool3x3/2-BN",
      "sum of BN outputs, signed",
      "-1, counted",
      "2.00 ms",
    ]) {
      assert.ok(text.includes(fact), fact);
    }
    assert.equal(await page.locator("details.part.differs").count(), 6);
  });

  test("the keyboard walks, unfolds to layers and folds", async () => {
    await page.locator("details.part > summary").first().focus();
    assert.match(await focused(), /^stem/);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    assert.match(await focused(), /^stage 2/);
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    assert.match(await focused(), /^unit 1/);
    await page.keyboard.press("Enter");
    const unit = page.locator("details.part").nth(2).locator("details.unit").first();
    assert.equal(await unit.evaluate((details: HTMLDetailsElement) => details.open), true);
    assert.ok(await unit.locator("svg.network").first().isVisible());
    const rows = await unit.locator("table.layers tbody tr").allTextContents();
    assert.ok(rows.some((row) => row.includes("padValue: -1 | 0")));
    assert.ok(rows.some((row) => row.includes("kind: ") || row.includes("Conv1x1/2 128x28x28")));
    await page.screenshot({ path: join(screenshots, "compare-unit.png"), fullPage: true });
    await page.keyboard.press("ArrowLeft");
    assert.equal(await unit.evaluate((details: HTMLDetailsElement) => details.open), false);
    await page.keyboard.press("ArrowLeft");
    assert.match(await focused(), /^stage 2/);
    await page.keyboard.press("Home");
    assert.match(await focused(), /^stem/);
    await page.keyboard.press("End");
    assert.equal(await page.evaluate(() => document.activeElement?.tagName), "SUMMARY");
  });

  test("buttons unfold and fold all", async () => {
    await page.getByRole("button", { name: "Unfold all" }).click();
    await page.locator("details:not([open])").first().waitFor({ state: "detached" });
    assert.ok((await page.locator("details[open]").count()) > 20);
    const overlaps = await page
      .locator("svg.network[role=img]")
      .evaluateAll(
        (drawings) => drawings.filter((drawing) => drawing.getBoundingClientRect().right > window.innerWidth).length,
      );
    assert.equal(overlaps, 0);
    await page.getByRole("button", { name: "Fold all", exact: true }).click();
    assert.equal(await page.locator("details[open]").count(), 0);
    assert.equal(await isOpen("details.part"), false);
  });

  test("drawings read themselves out, and every mark has words", async () => {
    const labels = await page
      .locator("svg.network[role=img]")
      .evaluateAll((all) => all.map((svg) => svg.getAttribute("aria-label")));
    assert.equal(labels.length, 2 * (1 + 16 + 1));
    assert.ok(labels.includes("sign-BinConv3x3-BN + x. x is added after BN"));
    const summaries = await page.locator("details.differs > summary").allTextContents();
    assert.ok(summaries.every((text) => text.includes("differs")));
  });

  test("follows dark screens, prints in light", async () => {
    const paper = (of: Page) => of.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await open({ colorScheme: "dark" });
    assert.equal(await paper(dark), "rgb(28, 28, 28)");
    const fill = (of: Page) =>
      of
        .locator("#unit0 .node.float path, #unit0 .node.float polygon")
        .first()
        .evaluate((shape) => getComputedStyle(shape).fill);
    assert.notEqual(await fill(dark), await fill(page));
    await dark.emulateMedia({ media: "print" });
    assert.equal(await paper(dark), "rgb(255, 255, 255)");
    assert.equal(await dark.locator(".tools").isVisible(), false);
    await dark.screenshot({ path: join(screenshots, "compare-print.png"), fullPage: true });
    await dark.context().close();
  });

  test("narrow screens show one below the other", async () => {
    const phone = await open({ viewport: { width: 390, height: 800 } });
    assert.ok((await phone.evaluate(() => document.documentElement.scrollWidth)) <= 390);
    await phone.context().close();
  });

  test("names from files are text", async () => {
    const wild = '<img src=x onerror="document.title=1">';
    const graph = renamed(narrowE(1));
    const rename = (name: string) => (name === "value_4" ? wild : name);
    const nodes = graph.nodes.map((node) => ({ ...node, name: rename(node.name), inputs: node.inputs.map(rename) }));
    const url = await write("wild.html", { ...graph, nodes }, narrowE(2), [wild, "b"]);
    const opened = await open({}, url);
    await opened.getByRole("button", { name: "Unfold all" }).click();
    await opened.locator("details:not([open])").first().waitFor({ state: "detached" });
    assert.equal(await opened.locator("img").count(), 0);
    assert.match(await opened.title(), /^<img/);
    await opened.context().close();
  });

  test("the deepest networks, too", async () => {
    const url = await write("deep.html", build("resnet152_e1"), build("awnas_resnet152"), ["a", "b"]);
    const opened = await open({}, url);
    assert.equal(await opened.locator("details.part").count(), 6);
    assert.ok((await opened.evaluate(() => document.documentElement.scrollWidth)) <= 1440);
    await opened.context().close();
  });

  test("nothing went wrong on any page", () => assert.deepEqual(problems, []));
});
