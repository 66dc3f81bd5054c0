/** The page of examples/browser in Firefox, as the distribution has it: a page beside it drives it and reports. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { bireal } from "../../bench/peers/bireal.js";
import { birealOnnx } from "../../bench/peers/bireal_onnx.js";
import { rowSoftmax, topIndices } from "../../src/classify/probabilities.js";
import { readPicture } from "../../src/cli/prepare_image.js";
import { compare } from "../../src/explain/compare.js";
import { PRESETS } from "../../src/image/index.js";
import { createSession, getModel } from "../../src/index.js";
import { getAnyModel } from "../../src/models/catalog.js";
import { importOnnx } from "../../src/onnx.js";
import { type Extra, type Host, hostPage } from "./browser_support.js";

const FIREFOX = "/usr/bin/firefox-esr";
const skip =
  existsSync(FIREFOX) || process.env.XNORKIT_NO_SKIP
    ? false
    : `Firefox is not installed (${FIREFOX}): apt install firefox-esr`;
const root = fileURLToPath(new URL("../../", import.meta.url));

/** A profile that asks nobody for anything. */
const PREFERENCES = {
  "app.update.auto": false,
  "browser.aboutwelcome.enabled": false,
  "browser.safebrowsing.downloads.remote.enabled": false,
  "browser.safebrowsing.malware.enabled": false,
  "browser.safebrowsing.phishing.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "dom.push.connection.enabled": false,
  "extensions.getAddons.cache.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "",
  "toolkit.telemetry.enabled": false,
};

interface Report {
  readonly seen: Readonly<Record<string, unknown>>;
  readonly problems: readonly string[];
}

const page =
  '<!doctype html><iframe width="1200" height="900"></iframe><script type="module" src="/drive.mjs"></script>';
const onnx = birealOnnx(bireal({ seed: 1, size: 64, classes: 20 }));
const picture = join(root, "examples/digits/7.png");

describe("the page in Firefox", { skip, timeout: 180_000 }, () => {
  const profile = mkdtempSync(join(tmpdir(), "xnorkit-firefox-"));
  let host: Host;
  let firefox: ChildProcess;
  let report: Report;

  before(async () => {
    let resolve: (report: Report) => void = () => {};
    let reject: (reason: Error) => void = () => {};
    const reported = new Promise<Report>((resolved, rejected) => {
      resolve = resolved;
      reject = rejected;
    });
    const file = (path: string, type = "application/octet-stream") => ({ type, bytes: readFileSync(path) });
    host = await hostPage({
      extras: new Map<string, Extra>([
        ["/drive.html", { type: "text/html", bytes: new TextEncoder().encode(page) }],
        ["/drive.mjs", file(fileURLToPath(new URL("drive.mjs", import.meta.url)), "text/javascript")],
        ["/files/digits.xnorkit", file(join(root, "models/digits.xnorkit"))],
        ["/files/7.png", file(picture, "image/png")],
        ["/files/bireal.onnx", { type: "application/octet-stream", bytes: onnx }],
        ["/report", (body: string) => resolve(JSON.parse(body))],
      ]),
    });
    const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});`);
    writeFileSync(join(profile, "user.js"), lines.join("\n"));
    firefox = spawn(FIREFOX, ["--headless", "--no-remote", "--profile", profile, `${host.address}drive.html`], {
      env: { ...process.env, HOME: profile },
      stdio: "ignore",
    });
    firefox.on("exit", (code) => reject(new Error(`Firefox ended with ${code} before it reported`)));
    report = await reported;
  });

  after(async () => {
    const ended = new Promise((resolve) => firefox?.on("exit", resolve));
    if (firefox?.kill()) await ended;
    await host?.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });

  test("nothing went wrong", () => {
    assert.deepEqual(report.problems, []);
    assert.deepEqual(
      host.missing.filter((name) => name !== "/favicon.ico"),
      [],
    );
  });

  test("it reads digits, on arrival and from samples and files", () => {
    const { arrival, sample, picture: said, firstAnswer } = report.seen;
    assert.match(String(arrival), /^This is a 3, /);
    assert.match(String(sample), /^This is a 5, /);
    assert.match(String(said), /^7\.png: 7, in /);
    console.log(`# first answer ${firstAnswer} ms after the page was asked for, in Firefox`);
  });

  test("an .onnx file gives the classes that Node gives", async () => {
    const { graph, weights } = importOnnx(onnx, { name: "bireal", logits: true });
    const read = { ...graph, preprocess: PRESETS.unit };
    const session = await createSession({ graph: read, weights });
    const probabilities = rowSoftmax(session.run(await readPicture(picture, read)).data);
    assert.deepEqual(
      report.seen.classes,
      topIndices(probabilities, 5).map((i) => `class ${i}${(100 * probabilities[i]).toFixed(1)} %`),
    );
  });

  test("it compares, draws, races and measures", () => {
    const { comparison, parts, drawings, times, race, kernels } = report.seen;
    const { differences } = compare(getModel("resnet18_e1", { useFp: true }), getAnyModel("awnas_resnet18"));
    assert.equal(comparison, `resnet18_e1 useFp and awnas_resnet18: ${differences.length} differences of layers.`);
    assert.equal(parts, 6);
    assert.ok(Number(drawings) > 30);
    assert.match(String(times), /are on its drawing\.$/);
    assert.match(String(race), /times smaller/);
    assert.match(String(kernels), /^Done/);
  });
});
