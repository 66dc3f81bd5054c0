/** The page of examples/browser, built and served as it is, in headless Chromium. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { build } from "vite";
import { readPicture } from "../../src/cli/prepare_image.js";
import { softmax, topIndices } from "../../src/cli/probabilities.js";
import { createSession, getModel, loadModel, type Model, randomWeights, saveModel } from "../../src/index.js";
import {
  answer,
  drawWithFinger,
  drawWithMouse,
  drop,
  fileOf,
  onScreen,
  openPage,
  serve,
  strokes,
  texts,
  type Watched,
  waitForText,
  watch,
} from "./browser_support.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const CHROMIUM = "/usr/bin/chromium";
const skip =
  existsSync(CHROMIUM) || process.env.XNORKIT_NO_SKIP
    ? false
    : `Chromium is not installed (${CHROMIUM}): apt install chromium`;
const screenshots = join(root, "build/screenshots");
const packedDigits = join(root, "models/digits.xnorkit");
const sample = (digit: number) => join(root, `examples/digits/${digit}.png`);

/** What the page should show of a network and a picture: the same numbers as in Node. */
async function expectedBars(model: Model, picture: string): Promise<readonly string[]> {
  const session = await createSession(model);
  const probabilities = softmax(session.run(await readPicture(picture, model.graph)).data);
  return topIndices(probabilities, 5).map(
    (i) => `${model.graph.labels?.[i] ?? `class ${i}`}${(100 * probabilities[i]).toFixed(1)} %`,
  );
}

/** An RGB network of the size of CIFAR's, with random weights. */
function rgbModel(): Model {
  const graph = getModel("resnet18_e1", { inputShape: [1, 3, 32, 32], classes: 10, initialLayers: "thumbnail" });
  return { graph, weights: randomWeights(graph, 1) };
}

describe("the page", { skip, timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "xnorkit-page-"));
  const missing: string[] = [];
  let server: Server;
  let browser: Browser;
  let desktop: Watched;
  let page: Page;
  let address = "";

  const shot = (name: string, of: Page) => of.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });

  before(async () => {
    await build({ root: join(root, "examples/browser"), build: { outDir: folder }, logLevel: "error" });
    server = await serve(folder, missing);
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const quiet =
      "--disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update";
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ["--no-sandbox", ...quiet.split(" "), "--disable-sync"],
    });
    mkdirSync(screenshots, { recursive: true });
    desktop = await watch(browser, { viewport: { width: 1200, height: 900 }, colorScheme: "light" });
    page = desktop.page;
    await openPage(page, address);
  });

  after(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("strokes are read: 1, 7 and 0, and Clear empties the pad", async () => {
    assert.equal(await answer(page), "–");
    for (const [stroke, digit] of [
      [strokes.one, "1"],
      [strokes.seven, "7"],
      [strokes.zero, "0"],
    ] as const) {
      await drawWithMouse(page, stroke);
      await waitForText(page, "#answer-live", new RegExp(`^This is a ${digit}, `));
      assert.equal(await answer(page), digit);
      assert.match((await texts(page, "#digit-bars .best"))[0], new RegExp(`^${digit}\\d+\\.\\d %$`));
      assert.equal((await texts(page, "#digit-bars li")).length, 10);
      await page.click("#clear");
      assert.equal(await answer(page), "–");
      assert.equal(await page.locator("#digit-bars .best").count(), 0);
    }
  });

  test("the answer follows the stroke before it ends", async () => {
    const points = await onScreen(page, strokes.seven);
    await page.mouse.move(points[0].x, points[0].y);
    await page.mouse.down();
    for (const { x, y } of points.slice(1)) await page.mouse.move(x, y, { steps: 3 });
    await waitForText(page, "#answer", /^7$/);
    assert.equal(await page.textContent("#answer-live"), "The pad is empty.");
    await page.mouse.up();
    await waitForText(page, "#answer-live", /^This is a 7/);
  });

  test("keys load the ten samples, Escape clears, and typing in a field does neither", async () => {
    await page.locator("#pad").focus();
    for (let digit = 0; digit < 10; digit++) {
      await page.keyboard.press(String(digit));
      await waitForText(page, "#answer-live", new RegExp(`^This is a ${digit}, `));
    }
    await page.locator("#shape").focus();
    await page.keyboard.press("3");
    await page.keyboard.press("Escape");
    assert.equal(await page.inputValue("#shape"), "3");
    assert.equal(await answer(page), "9");
    await page.fill("#shape", "");
    await page.locator("#clear").focus();
    await page.keyboard.press("Escape");
    await waitForText(page, "#answer", /^–$/);
    await page.getByRole("button", { name: "Sample 8" }).press("Enter");
    await waitForText(page, "#answer", /^8$/);
  });

  test("the network's view is the 28x28 digit inside a black border of 2", async () => {
    const levels = await page.evaluate(() => {
      const seen = document.querySelector<HTMLCanvasElement>("#seen")!;
      const { data } = seen.getContext("2d")!.getImageData(0, 0, 32, 32);
      return Array.from({ length: 1024 }, (_, i) => data[4 * i]);
    });
    const isBorder = (i: number) => [0, 1, 30, 31].includes(i % 32) || i < 64 || i >= 960;
    assert.equal(Math.max(...levels), 255);
    assert.equal(Math.max(...levels.filter((_, i) => isBorder(i))), 0);
  });

  test("every control has a name and is reached by Tab, with a visible focus", async () => {
    const unnamed = await page.evaluate(() => {
      const controls = [...document.querySelectorAll<HTMLElement>("button, input, select, [tabindex]")];
      return controls
        .filter(
          (control) =>
            !control.ariaLabel && !control.textContent?.trim() && !(control as HTMLInputElement).labels?.length,
        )
        .map(({ outerHTML }) => outerHTML);
    });
    assert.deepEqual(unnamed, []);
    const reached = new Set<string>();
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    for (let i = 0; i < 30; i++) {
      await page.keyboard.press("Tab");
      const focus = await page.evaluate(() => {
        const focused = document.activeElement as HTMLElement;
        const holders = [focused, focused.parentElement!];
        const visible = holders.some((holder) => getComputedStyle(holder).outlineStyle !== "none");
        return { id: focused.id, visible, page: focused === document.body };
      });
      assert.ok(focus.page || focus.visible, `#${focus.id} shows no focus`);
      reached.add(focus.id);
    }
    for (const id of [
      "pad",
      "clear",
      "model-file",
      "picture-file",
      "profile",
      "bench-budget",
      "bench-run",
      "shape",
      "shape-run",
    ]) {
      assert.ok(reached.has(id), `Tab does not reach #${id}`);
    }
  });

  test("a dropped model and picture give the classes that Node gives", async () => {
    await drop(page, [fileOf(packedDigits), fileOf(sample(7))]);
    await waitForText(page, "#classes-note", /^7\.png: 7, in [\d.]+ ms a picture\.$/);
    assert.deepEqual(
      await texts(page, "#classes li"),
      await expectedBars(loadModel(fileOf(packedDigits).bytes), sample(7)),
    );
    assert.equal(await page.textContent("#model-name"), "digits");
    const facts = (await texts(page, "#model-facts div")).join("; ");
    assert.match(facts, /Input1 × 1 × 32 × 32; Layers\d+; Parameters701,180; .*File196\.5 kB/);
    assert.equal(await page.locator("#own-error").isVisible(), false);
  });

  test("chosen files count too: an RGB network and a picture", async () => {
    const model = rgbModel();
    await page.setInputFiles("#model-file", {
      name: "rgb.xnorkit",
      mimeType: "application/octet-stream",
      buffer: Buffer.from(saveModel(model)),
    });
    await waitForText(page, "#model-name", new RegExp(`^${model.graph.name}$`));
    await page.setInputFiles("#picture-file", sample(4));
    await waitForText(page, "#classes-note", /^4\.png: class \d, in /);
    assert.deepEqual(await texts(page, "#classes li"), await expectedBars(model, sample(4)));
  });

  test("each layer has its time", async () => {
    await waitForText(page, "#layers-note", /: \d+ steps, [\d.]+ ms together\.$/);
    const rows = await page
      .locator("#layer-rows tr")
      .evaluateAll((found) => found.map((row) => [...row.children].map(({ textContent }) => textContent ?? "")));
    const model = rgbModel();
    const session = await createSession(model);
    session.run({ shape: [1, 3, 32, 32], data: new Uint8Array(3072) });
    assert.deepEqual(
      rows.map(([name, kind]) => [name, kind]),
      session.profile(1).map(({ name, kind }) => [name === "" ? "network" : name, kind]),
    );
    assert.ok(
      rows.some(([, kind, , time, speed]) => kind.startsWith("binaryConv2d") && Number(time) > 0 && Number(speed) > 0),
    );
    const longest = await page
      .locator("#layer-rows .bar-fill")
      .evaluateAll((bars) => Math.max(...bars.map((bar) => Number.parseFloat((bar as HTMLElement).style.width))));
    assert.equal(longest, 100);
    await page.click("#profile");
    await waitForText(page, "#layers-note", /ms together\.$/);
  });

  test("bad files are refused in one sentence, and the network stays", async () => {
    const name = await page.textContent("#model-name");
    const png = fileOf(sample(0)).bytes;
    for (const [file, bytes, said] of [
      [
        "broken.xnorkit",
        fileOf(packedDigits).bytes.slice(0, 5000),
        /^Broken\.xnorkit is not a network this page can run: .+\.$/,
      ],
      ["notes.txt", new TextEncoder().encode("hello"), /^Notes\.txt is not a network this page can run: .+\.$/],
      ["empty.xnorkit", new Uint8Array(0), /^Empty\.xnorkit is not a network this page can run: .+\.$/],
      ["cut.png", png.slice(0, 200), /^Cut\.png is damaged: the browser cannot decode it\.$/],
    ] as const) {
      await drop(page, [{ name: file, bytes }]);
      await waitForText(page, "#own-error", said);
      assert.equal(await page.textContent("#model-name"), name);
    }
    await drop(page, [fileOf(packedDigits)]);
    await waitForText(page, "#model-name", /^digits$/);
    assert.equal(await page.locator("#own-error").isVisible(), false);
  });

  test("the benchmark draws both kernels at ResNet-18's shapes and at those that are typed", async () => {
    await page.selectOption("#bench-budget", "100");
    await page.click("#bench-run");
    await waitForText(page, "#bench-status", /^Done/);
    assert.equal(await page.locator("#bench-chart path.bar").count(), 8);
    for (const shape of ["5x6x70x33", "1 x 1 x 8000 x 4"]) {
      await page.fill("#shape", shape);
      await page.locator("#shape").press("Enter");
      await waitForText(page, "#bench-status", /^Done/);
      await page.waitForSelector("#bench-run:enabled");
    }
    // 8,000 channels are more than the table's 16-bit counts hold: the last shape has one bar.
    assert.equal(await page.locator("#bench-chart path.bar").count(), 11);
    const rows = await texts(page, "#bench-rows tr");
    assert.equal(rows.length, 6);
    assert.match(rows[5], /^1×1×8000×4––[\d.]+/);
    const speeds = await page.locator("#bench-rows tr:nth-child(-n+4) td").allTextContents();
    assert.ok(
      speeds.every((text) => Number(text.replace(",", "")) > 0),
      speeds.join(" "),
    );
  });

  test("shapes that are none, or too large, are refused in one sentence", async () => {
    for (const [shape, said] of [
      ["", /^"" is not a shape: write .+\.$/],
      ["28x28", /^"28x28" is not a shape: write .+\.$/],
      ["0x7x64x64", /is not a shape/],
      ["9999x9999x64x64", /^9999×9999×64×64 is too large for this page: .+\.$/],
    ] as const) {
      await page.fill("#shape", shape);
      await page.click("#shape-run");
      await waitForText(page, "#bench-error", said);
    }
  });

  test("a benchmark can be stopped", async () => {
    await page.selectOption("#bench-budget", "2000");
    await page.click("#bench-run");
    await page.click("#bench-stop");
    await waitForText(page, "#bench-status", /^Stopped\.$/);
    assert.equal(await page.locator("#bench-stop").isVisible(), false);
  });

  test("light and dark show the same drawing, and the network reads the same", async () => {
    await page.fill("#shape", "28x28x96x96");
    await page.selectOption("#bench-budget", "100");
    await page.click("#shape-run");
    await waitForText(page, "#bench-status", /^Done/);
    await page.click("#clear");
    await drawWithMouse(page, strokes.seven);
    await waitForText(page, "#answer-live", /^This is a 7/);
    const light = await texts(page, "#digit-bars li");
    await shot("light", page);
    await page.emulateMedia({ colorScheme: "dark" });
    await shot("dark", page);
    await page.click("#clear");
    await drawWithMouse(page, strokes.seven);
    await waitForText(page, "#answer-live", /^This is a 7/);
    assert.deepEqual(await texts(page, "#digit-bars li"), light);
  });

  test("a finger draws on a phone, and nothing is wider than the screen", async () => {
    const phone = await watch(browser, {
      viewport: { width: 360, height: 740 },
      deviceScaleFactor: 2,
      hasTouch: true,
      isMobile: true,
    });
    await openPage(phone.page, address);
    await drawWithFinger(phone, strokes.zero);
    await waitForText(phone.page, "#answer-live", /^This is a 0/);
    await drop(phone.page, [fileOf(sample(5))]);
    await waitForText(phone.page, "#classes-note", /^5\.png: 5/);
    await phone.page.selectOption("#bench-budget", "100");
    await phone.page.click("#bench-run");
    await waitForText(phone.page, "#bench-status", /^Done/);
    await waitForText(phone.page, "#layers-note", /ms together\.$/);
    const widths = await phone.page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
    assert.deepEqual(widths, [360, 360]);
    await shot("phone", phone.page);
    assert.deepEqual(phone.problems, []);
    await phone.context.close();
  });

  test("no errors, nothing missing, and no address but the page's own was asked for", () => {
    assert.deepEqual(desktop.problems, []);
    assert.deepEqual(missing, []);
    const foreign = desktop.addresses.filter((asked) => !asked.startsWith(address) && !asked.startsWith("blob:"));
    assert.deepEqual(foreign, []);
  });

  test("the page's policy forbids what it does not need: other origins, inline scripts, eval", async () => {
    const refused = await page.evaluate(async () => {
      const other = await fetch("http://127.0.0.1:9/").then(
        () => "fetched",
        (error) => error.name,
      );
      const script = document.createElement("script");
      script.textContent = "window.ran = true";
      document.head.append(script);
      return { other, ran: "ran" in window };
    });
    assert.deepEqual(refused, { other: "TypeError", ran: false });
    assert.ok(desktop.problems.splice(0).every((problem) => /Content Security Policy|Failed to load/.test(problem)));
  });

  test("it loads and reads digits when its server is gone", async () => {
    await page.evaluate(() => navigator.serviceWorker.ready);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await desktop.context.setOffline(true);
    await page.reload();
    await page.locator("html[data-ready]").waitFor();
    await waitForText(page, "#offline", /works without a network/);
    for (const digit of [4, 2]) {
      await page.keyboard.press(String(digit));
      await waitForText(page, "#answer-live", new RegExp(`^This is a ${digit}, `));
    }
    assert.deepEqual(desktop.problems, []);
  });
});
