/** Answers as a module worker: posts the result to the page that started it. */
import { conformance } from "../conformance.mjs";

conformance().then(
  (answer) => postMessage({ answer }),
  (error) => postMessage({ error: String(error?.stack ?? error) }),
);
