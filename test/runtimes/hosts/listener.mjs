/** Edge runtimes and service workers alike answer requests as events. */
import { conformance } from "../conformance.mjs";

addEventListener("fetch", (event) => {
  if (new URL(event.request.url).pathname !== "/conformance") return;
  event.respondWith(conformance().then((answer) => new Response(JSON.stringify(answer))));
});
