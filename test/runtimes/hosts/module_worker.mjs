import { conformance } from "../conformance.mjs";

conformance().then(
  (answer) => postMessage({ answer }),
  (error) => postMessage({ error: String(error?.stack ?? error) }),
);
