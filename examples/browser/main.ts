/** The page: it opens the panels, and the worker that keeps it for later visits. */
/// <reference types="vite/client" />
import { openComparePanel } from "./compare_panel.js";
import { openDigitPanel } from "./digit_panel.js";
import { byId, nextTask, showError } from "./dom.js";
import { acceptDrops, type DropZone } from "./drops.js";
import { startEngine } from "./engine.js";
import { openKernelPanel } from "./kernel_panel.js";
import { layerPanel } from "./layer_panel.js";
import { openNetworkPanel } from "./network_panel.js";

async function keepOffline(): Promise<void> {
  // While the page is developed its files change, and a cache would hide it.
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register("./service_worker.js");
  await navigator.serviceWorker.ready;
  byId("offline", HTMLElement).textContent =
    "Everything here runs on your machine. The page is kept: it works without a network.";
}

/** The panels that compute nothing until they are asked to, one a task. */
async function openLowerPanels(): Promise<readonly DropZone[]> {
  await nextTask();
  openKernelPanel();
  await nextTask();
  return openComparePanel();
}

async function start(): Promise<void> {
  // The task that runs this module is that of the first layout.
  await nextTask();
  const [sides] = await Promise.all([openLowerPanels(), openDigitPanel()]);
  // Another worker, after the first answer: two that start at once would wait for each other.
  const engine = startEngine("network");
  acceptDrops([await openNetworkPanel(engine, layerPanel(engine)), ...sides]);
  document.documentElement.dataset.ready = "";
  // What the page keeps for later visits is fetched once this one has all that it needs.
  await keepOffline().catch(() => {});
}

start().catch((reason) => showError(byId("draw-error", HTMLElement), reason));
