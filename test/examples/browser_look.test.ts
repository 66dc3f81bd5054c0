/** The page of examples/browser in Chromium: light, dark and on a phone; as assistive technology finds it. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type * as Axe from "axe-core";
import type { Page } from "playwright-core";
import {
  drawWithFinger,
  drawWithMouse,
  drop,
  fileOf,
  openPage,
  openSite,
  type Site,
  shot,
  skip,
  strokes,
  texts,
  waitForText,
  watch,
} from "./browser_support.js";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const sample = (digit: number) => fileURLToPath(new URL(`../../examples/digits/${digit}.png`, import.meta.url));

/** What axe finds fault with, each with its rule and its place. */
async function faults(page: Page): Promise<readonly string[]> {
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { readonly axe: typeof Axe };
    const { violations } = await axe.run(document);
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`),
    );
  });
}

/** Everything that the page can show, shown at once. */
async function fill(page: Page): Promise<void> {
  await drop(page, [fileOf(sample(5))]);
  await waitForText(page, "#classes-note", /^5\.png: 5/);
  await page.click("#race");
  await page.selectOption("#bench-budget", "100");
  await page.click("#bench-run");
  await waitForText(page, "#bench-status", /^Done/);
  await page.click("#compare");
  await waitForText(page, "#compare-status", /differences of layers\.$/);
  await page.locator("#comparison details.part").nth(2).locator("summary").first().click();
  await page.locator("#comparison details.part").nth(2).locator("details.unit > summary").first().click();
  await waitForText(page, "#race-note", /times as fast/);
  await waitForText(page, "#layers-note", /ms together\.$/);
}

const phoneOptions = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

describe("the look of the page", { skip, timeout: 180_000 }, () => {
  let site: Site;

  before(async () => {
    site = await openSite();
  });

  after(() => site?.close());

  test("light and dark show the same drawing, the network reads the same, and axe finds no fault", async () => {
    const { page, problems, context } = await watch(site.browser, {
      viewport: { width: 1200, height: 900 },
      colorScheme: "light",
    });
    await openPage(page, site.address);
    await fill(page);
    const draw = async () => {
      await page.click("#clear");
      await drawWithMouse(page, strokes.seven);
      await waitForText(page, "#answer-live", /^This is a 7/);
      return texts(page, "#digit-bars li");
    };
    const light = await draw();
    await shot("light", page);
    assert.deepEqual(await faults(page), []);
    await page.emulateMedia({ colorScheme: "dark" });
    await shot("dark", page);
    assert.deepEqual(await faults(page), []);
    assert.deepEqual(await draw(), light);
    assert.deepEqual(problems, []);
    await context.close();
  });

  test("on a phone pad and answer are in one view, a finger draws, nothing is wider than the screen", async () => {
    const phone = await watch(site.browser, phoneOptions);
    const { page } = phone;
    await openPage(page, site.address);
    await drawWithFinger(phone, strokes.zero);
    await waitForText(page, "#answer-live", /^This is a 0/);
    await page.evaluate(() => scrollTo(0, 0));
    for (const id of ["pad", "answer", "answer-sure", "seen", "speed", "size"]) {
      const { top, bottom } = await page.locator(`#${id}`).evaluate((element) => element.getBoundingClientRect());
      assert.ok(top >= 0 && bottom <= 740, `#${id} is from ${top} to ${bottom}`);
    }
    await shot("phone-arrival", page);
    await fill(page);
    const widths = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
    assert.deepEqual(widths, [360, 360]);
    await shot("phone", page);
    assert.deepEqual(await faults(page), []);
    assert.deepEqual(phone.problems, []);
    await phone.context.close();
  });

  test("the repository's documents are pages beside the page, linked with it and among themselves", async () => {
    const { page, problems, context } = await watch(site.browser, { viewport: { width: 900, height: 800 } });
    await openPage(page, site.address);
    const linksOf = (place: string) =>
      page
        .locator(`${place} a`)
        .evaluateAll((found) => found.map((link) => [(link as HTMLAnchorElement).href, link.textContent ?? ""]));
    const guides = await linksOf("nav[aria-labelledby=guides-title]");
    const sources = readdirSync(new URL("../../docs/", import.meta.url)).filter(
      (name) => name.endsWith(".md") && name !== "README.md",
    );
    assert.equal(guides.length, sources.length);
    assert.equal(guides[0][1], "Start");
    const project = await linksOf("nav[aria-labelledby=project-title]");
    const own = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "SECURITY.md"];
    const { repository } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    assert.deepEqual(
      project.map(([, text]) => text),
      repository === undefined ? own : [...own, "Its sources"],
    );
    const titles = ["xnorkit", "How xnorkit is built", "Changelog", "Security"];
    const pages = [...guides, ...titles.map((title, i) => [project[i][0], title])];
    const named = new Set<string>();
    for (const [address, title] of pages) {
      assert.equal((await page.goto(address))?.status(), 200, address);
      assert.equal(await page.locator("h1").first().textContent(), title);
      assert.deepEqual(await faults(page), [], title);
      for (const [link] of (await linksOf("main")).filter(([href]) => href.startsWith(site.address))) {
        const [path, anchor] = link.slice(site.address.length).split("#");
        assert.ok(site.sizes.has(site.address + path), `${title} links to ${path}`);
        if (site.address + path !== address) named.add(site.address + path);
        else if (anchor !== undefined) {
          assert.equal(await page.locator(`[id="${decodeURIComponent(anchor)}"]`).count(), 1, link);
        }
      }
      const images = await page.locator("main img").evaluateAll((found) =>
        Promise.all(
          found.map(async (image) => {
            await (image as HTMLImageElement).decode();
            return (image as HTMLImageElement).naturalWidth;
          }),
        ),
      );
      assert.ok(images.every((width) => width > 0) && (title !== "xnorkit" || images.length > 0), `${images}`);
    }
    for (const name of ["ARCHITECTURE", "SECURITY", "start", "measurements"]) {
      assert.ok(named.has(`${site.address}guides/${name}.html`), `no document links to ${name}`);
    }
    await page.click("header a");
    await page.locator("#pad").waitFor();
    assert.deepEqual(problems, []);
    assert.deepEqual(site.missing, []);
    await context.close();
  });

  test("axe finds no fault with errors on the page either, in dark on a phone", async () => {
    const { page, context } = await watch(site.browser, { ...phoneOptions, colorScheme: "dark" });
    await openPage(page, site.address);
    await drop(page, [{ name: "notes.txt", bytes: new TextEncoder().encode("hello") }]);
    await page.fill("#compare-a", "nothing");
    await page.click("#compare");
    await page.fill("#shape", "3");
    await page.click("#shape-run");
    for (const id of ["own-error", "compare-error", "bench-error"]) await page.locator(`#${id}`).waitFor();
    assert.deepEqual(await faults(page), []);
    await context.close();
  });
});
