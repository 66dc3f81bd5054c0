// The figures of the README and of docs/how-fast.md: measures every library by turns (`bench peers`), keeps what was
// measured in docs/figures/peers.json, and writes the picture and the table that are drawn from it.
//
//     taskset -c 1 npm run figures            measure and write
//     npm run figures -- --draw               write again from what was measured before
//     npm run figures -- --check              fail if they are not what was measured
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const DATA = "docs/figures/peers.json";
const PICTURE = "docs/figures/peers.svg";
const PAGE = "docs/how-fast.md";

/** Rows of the picture and of the table: what they are called, and what they are in the benchmark's words. */
const ROWS = [
  { label: "xnorkit, 1 bit", name: "xnorkit resnet18_e1", variant: "float input", shown: true },
  { label: "xnorkit, 1 bit, a byte image", name: "xnorkit resnet18_e1", variant: "byte input" },
  { label: "xnorkit awnas_resnet18", name: "xnorkit awnas_resnet18", variant: "float input" },
  { label: "onnxruntime-node, int8, native", name: "onnxruntime-node resnet18", variant: "int8", shown: true },
  { label: "onnxruntime-node, fp32, native", name: "onnxruntime-node resnet18", variant: "fp32", shown: true },
  { label: "onnxruntime-web, int8", name: "onnxruntime-web resnet18", variant: "int8", shown: true },
  { label: "tfjs-backend-wasm, fp32", name: "tfjs-wasm resnet18", variant: "fp32", shown: true },
  { label: "onnxruntime-web, fp32", name: "onnxruntime-web resnet18", variant: "fp32", shown: true },
  { label: "xnorkit, Bi-Real ResNet-18 from .onnx", name: "xnorkit bireal_resnet18", variant: "imported .onnx" },
  { label: "onnxruntime-node, the same file, native", name: "onnxruntime-node bireal_resnet18", variant: "fp32" },
  { label: "onnxruntime-web, the same file", name: "onnxruntime-web bireal_resnet18", variant: "fp32" },
];

/** Runs the benchmark; what is drawn of it. */
function measure() {
  const args = [path("bin/xnorkit.js"), "bench", "peers", "--json"];
  const { status, stdout } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`bench peers ended with ${status}`);
  const { machine, results } = JSON.parse(stdout);
  const kept = results.map(({ name, variant, bestMs, medianMs }) => ({ name, variant, bestMs, medianMs }));
  writeFileSync(path(DATA), `${JSON.stringify({ machine, results: kept }, null, 2)}\n`);
}

const { values } = parseArgs({ options: { draw: { type: "boolean" }, check: { type: "boolean" } } });
if (!values.draw && !values.check) measure();

const { machine, results } = JSON.parse(readFileSync(path(DATA), "utf8"));
const rows = ROWS.map((row) => {
  const found = results.find(({ name, variant }) => name === row.name && variant === row.variant);
  if (found === undefined) throw new Error(`${row.name}, ${row.variant}, was not measured`);
  return { ...row, ms: found.bestMs };
});
const [ours] = rows;

const TOP = 62;
const STEP = 30;
const LEFT = 240;
const LENGTH = 360;

function picture() {
  const shown = rows.filter((row) => row.shown).sort((a, b) => a.ms - b.ms);
  const longest = Math.max(...shown.map(({ ms }) => ms));
  const height = TOP + STEP * shown.length + 34;
  const bars = shown.map(({ label, ms }, i) => {
    const y = TOP + STEP * i;
    const length = ((LENGTH * ms) / longest).toFixed(1);
    const kind = label.startsWith("xnorkit") ? "ours" : "theirs";
    return `  <text x="${LEFT - 10}" y="${y + 15}" text-anchor="end">${label}</text>
  <rect class="${kind}" x="${LEFT}" y="${y}" width="${length}" height="20" rx="2"/>
  <text x="${LEFT + Number(length) + 8}" y="${y + 15}">${ms.toFixed(2)} ms</text>`;
  });
  const words = shown.map(({ label, ms }) => `${label}: ${ms.toFixed(2)} ms`).join("; ");
  const host = [machine.processor, machine["int8 instructions"], machine.runtime].filter(Boolean).join(", ");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 ${height}" role="img" aria-labelledby="title words">
  <title id="title">Time of one picture through ResNet-18</title>
  <desc id="words">${words}</desc>
  <style>
    text { font: 14px system-ui, sans-serif; fill: #1f2328 }
    .head { font-weight: 600 }
    .small { font-size: 12px }
    .ours { fill: #0b7a5b }
    .theirs { fill: #8c959f }
    @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .ours { fill: #2ea583 } .theirs { fill: #6e7681 } }
  </style>
  <text class="head" x="16" y="26">One picture through ResNet-18, 224x224, one thread</text>
  <text class="small" x="16" y="44">milliseconds, best of interleaved runs: shorter is better</text>
${bars.join("\n")}
  <text class="small" x="16" y="${height - 12}">${host}; npm run figures</text>
</svg>
`;
}

function table() {
  const lines = rows.map(({ label, ms }) => `| ${label} | ${ms.toFixed(2)} | ${(ms / ours.ms).toFixed(2)} |`);
  return `| 224x224, batch 1, one thread | ms | time / the first row |\n|---|---|---|\n${lines.join("\n")}\n`;
}

/** The page with the table between its marks. */
function page(text) {
  return text.replace(
    /(<!-- figures: peers -->\n)[\s\S]*?(<!-- end -->)/,
    (_, start, end) => `${start}\n${table()}\n${end}`,
  );
}

const written = new Map([
  [PICTURE, picture()],
  [PAGE, page(readFileSync(path(PAGE), "utf8"))],
]);
for (const [name, text] of written) {
  if (!values.check) writeFileSync(path(name), text);
  else if (readFileSync(path(name), "utf8") !== text) {
    console.error(`${name} is not what ${DATA} holds: npm run figures -- --draw`);
    process.exitCode = 1;
  }
}
