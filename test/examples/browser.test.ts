/** The page of examples/browser in Chromium: what it does on arrival, its digits, its kernels, and how it is kept. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import {
  answer,
  drawWithMouse,
  drop,
  fileOf,
  onScreen,
  openPage,
  openSite,
  type Site,
  skip,
  strokes,
  texts,
  type Watched,
  waitForText,
  watch,
  watchTasks,
} from "./browser_support.js";

describe("the page", { skip, timeout: 120_000 }, () => {
  let site: Site;
  let desktop: Watched;
  let page: Page;

  before(async () => {
    site = await openSite();
    desktop = await watch(site.browser, { viewport: { width: 1200, height: 900 }, colorScheme: "light" });
    page = desktop.page;
    await openPage(page, site.address);
  });

  after(() => site?.close());

  test("on arrival it draws a digit by itself, reads it while it does, and says how fast it is", async () => {
    const visitor = await watch(site.browser, { viewport: { width: 1200, height: 900 } });
    await visitor.page.addInitScript(() => {
      const seen: string[] = [];
      Object.assign(window, { seen });
      document.addEventListener("DOMContentLoaded", () => {
        const big = document.querySelector("#answer")!;
        new MutationObserver(() => seen.push(big.textContent ?? "")).observe(big, { childList: true });
      });
    });
    await visitor.page.goto(site.address);
    await waitForText(visitor.page, "#answer-live", /^This is a 3, /);
    await waitForText(visitor.page, "#speed", /^[\d,]+$/);
    await waitForText(visitor.page, "#size", /^196$/);
    const { seen, first } = await visitor.page.evaluate(() => ({
      seen: (window as unknown as { seen: string[] }).seen,
      first: document.documentElement.dataset.firstAnswer,
    }));
    assert.ok(seen.length > 5, `it answered ${seen.length} times`);
    console.log(`# first answer ${first} ms after the page was asked for`);
    await visitor.page.click("#demonstrate");
    await waitForText(visitor.page, "#answer-live", /^This is a 2, /);
    await visitor.page.click("#demonstrate");
    await waitForText(visitor.page, "#answer-live", /^This is a 5, /);
    await visitor.page.click("#demonstrate");
    await waitForText(visitor.page, "#answer-live", /^This is a 7, /);
    await drawWithMouse(visitor.page, strokes.zero);
    await waitForText(visitor.page, "#answer-live", /^This is a 0, /);
    assert.deepEqual(visitor.problems, []);
    await visitor.context.close();
  });

  test("who wants no motion sees the digit at once", async () => {
    const still = await watch(site.browser, { reducedMotion: "reduce" });
    await still.page.goto(site.address);
    await waitForText(still.page, "#answer-live", /^This is a 3, /);
    await still.context.close();
  });

  test("nothing of the library runs on the page's own thread", async () => {
    const own = /\/examples\/(browser\/(?!worker\/)[\w.]+|digits\/\d\.png)(\?\w+)?$|\/src\/explain\/page\/fold\.ts$/;
    assert.ok(site.modules.length > 10);
    assert.deepEqual(
      site.modules.filter((module) => !own.test(module) && !/vite\/|rolldown/.test(module)),
      [],
    );
    const watched = await watch(site.browser, {});
    await watched.page.addInitScript(() => {
      const compiled: string[] = [];
      Object.assign(window, { compiled });
      for (const name of ["compile", "instantiate", "compileStreaming", "instantiateStreaming"] as const) {
        Object.assign(WebAssembly, { [name]: () => compiled.push(name) });
      }
    });
    const busy = await watchTasks(watched.page);
    await openPage(watched.page, site.address);
    await watched.page.keyboard.press("5");
    await waitForText(watched.page, "#answer-live", /^This is a 5, /);
    await watched.page.click("#compare");
    await waitForText(watched.page, "#compare-status", /differences of layers/);
    await watched.page.getByRole("button", { name: "Unfold all" }).click();
    await watched.page.locator("#comparison details:not([open])").first().waitFor({ state: "detached" });
    await watched.page.click("#clear");
    await drawWithMouse(watched.page, strokes.seven);
    await waitForText(watched.page, "#answer-live", /^This is a 7, /);
    await drop(watched.page, [fileOf(fileURLToPath(new URL("../../models/digits.xnorkit", import.meta.url)))]);
    await watched.page.click("#sample-photo");
    await waitForText(watched.page, "#classes-note", /^cat\.jpg: /);
    await waitForText(watched.page, "#layers-note", /ms together\.$/);
    assert.deepEqual(await watched.page.evaluate("compiled"), []);
    console.log(`# the page's own thread: ${await busy()}`);
    await watched.context.close();
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
      await waitForText(page, "#answer", /^–$/);
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
    for (let i = 0; i < 50; i++) {
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
      "sample-photo",
      "camera",
      "preset",
      "race",
      "compare-a",
      "compare-b-file",
      "compare",
      "profile",
      "bench-budget",
      "bench-run",
      "shape",
      "shape-run",
    ]) {
      assert.ok(reached.has(id), `Tab does not reach #${id}`);
    }
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

  test("no errors, nothing missing, and no address but the page's own was asked for", () => {
    assert.deepEqual(desktop.problems, []);
    assert.deepEqual(site.missing, []);
    const foreign = desktop.addresses.filter((asked) => !asked.startsWith(site.address) && !asked.startsWith("blob:"));
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
    await site.stopServing();
    await desktop.context.setOffline(true);
    await page.reload();
    await page.locator("html[data-ready]").waitFor();
    await waitForText(page, "#offline", /works without a network/);
    for (const digit of [4, 2]) {
      await page.keyboard.press(String(digit));
      await waitForText(page, "#answer-live", new RegExp(`^This is a ${digit}, `));
    }
    assert.deepEqual(desktop.problems, []);
    // The layout of drawings was not asked for while there was a network.
    await page.click("#compare");
    await waitForText(
      page,
      "#compare-error",
      /^A part of this page could not be loaded: reload it when there is a .+\.$/,
    );
  });
});
