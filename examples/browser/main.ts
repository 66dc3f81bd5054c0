/** The page: it opens the panels, and the worker that keeps it for later visits. */
/// <reference types="vite/client" />
import { openDigitPanel } from "./digit_panel.js";
import { byId, showError } from "./dom.js";
import { openKernelPanel } from "./kernel_panel.js";
import { layerPanel } from "./layer_panel.js";
import { openModelPanel } from "./model_panel.js";

async function keepOffline(): Promise<void> {
  // While the page is developed its files change, and a cache would hide it.
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register("./service_worker.js");
  await navigator.serviceWorker.ready;
  byId("offline", HTMLElement).textContent =
    "Everything here runs on your machine. The page is kept: it works without a network.";
}

async function start(): Promise<void> {
  openKernelPanel();
  await openDigitPanel();
  await openModelPanel(layerPanel().show);
  document.documentElement.dataset.ready = "";
}

start().catch((reason) => showError(byId("draw-error", HTMLElement), reason));
// Where a browser forbids it (a private window, an insecure address) the page works all the same, online.
keepOffline().catch(() => {});
