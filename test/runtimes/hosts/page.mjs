/** Answers as a page: shows the result in its document. */
import { conformance } from "../conformance.mjs";

globalThis.runMain = conformance;

globalThis.runWorker = () =>
  new Promise((resolve, reject) => {
    const worker = new Worker("/module_worker.js", { type: "module" });
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data }) => ("answer" in data ? resolve(data.answer) : reject(new Error(data.error)));
  });

globalThis.registerServiceWorker = async () => {
  await navigator.serviceWorker.register("/listener.js", { type: "module" });
  await navigator.serviceWorker.ready;
};

globalThis.runServiceWorker = async () => {
  if (navigator.serviceWorker.controller === null) throw new Error("no service worker controls the page");
  const response = await fetch("/conformance");
  if (!response.ok) throw new Error(`the service worker did not answer: ${response.status}`);
  return response.json();
};
