/**
 * Off the main thread: a classifier or a session in a worker of its own, with the same functions, which answer later.
 *
 * ```ts
 * import { createClassifier } from "xnorkit/worker"; // in place of "xnorkit/classify"
 *
 * const classify = await createClassifier(url, { labels });
 * const [{ label, probability }] = await classify(picture);
 * classify.dispose(); // ends the worker
 * ```
 *
 * Bundlers find the worker's script by themselves (those that follow no workers get it inlined). In browsers it decodes
 * with the platform, elsewhere with xnorkit/decode.
 */
import { objectArgument, refuseArgument } from "./arguments.js";
import { type Classifier, classifierOf } from "./classify/classifier.js";
import { type ClassifierOptions, readClassifierOptions } from "./classify/classifier_options.js";
import type { ModelSource } from "./classify/model_source.js";
import { hasPlatform } from "./classify/platform.js";
import { resolveModel } from "./classify/resolve.js";
import { XnorkitError } from "./errors.js";
import { checkGraph } from "./graph/read_graph.js";
import { hostModule } from "./host/builtin.js";
import { webWorkers } from "./host/web_workers.js";
import type { Model } from "./model.js";
import type { SessionOptions } from "./runtime/session.js";
import { type Client, openClient } from "./worker/client.js";
import { type OpenPort, portOf, threadPortOf, webPortOf } from "./worker/port.js";
import { sendPicture } from "./worker/send_picture.js";
import { openWorkerSession } from "./worker/session.js";
import type { WorkerLike } from "./worker/worker_like.js";
import type { WorkerSession } from "./worker/worker_session.js";

export type { WorkerLike } from "./worker/worker_like.js";
export type { RunOptions, WorkerSession } from "./worker/worker_session.js";

/** Which worker does the work. */
export interface WorkerChoice {
  /**
   * A worker that runs xnorkit/worker_main.js, for hosts that start workers in a way of their own. It ends with
   * `dispose`, and where nothing can be opened in it.
   */
  readonly worker?: WorkerLike;
}

/** What `createSession` takes beside the model. */
export interface WorkerSessionOptions extends SessionOptions, WorkerChoice {}

/** What `createClassifier` takes beside the model; `decode` is a function, which no worker can be given. */
export interface WorkerClassifierOptions extends Omit<ClassifierOptions, "decode">, WorkerChoice {}

/** Browsers: the script is a file of its own, which bundlers know by this expression and by no other. */
function browserWorker(): OpenPort {
  return webPortOf(new Worker(new URL("./worker_main.js", import.meta.url), { type: "module" }));
}

/** Browsers, where a bundler has left the script behind: from its text, which the package carries for them. */
async function inlinedWorker(): Promise<OpenPort> {
  const { workerText } = await import("./worker/inlined.js");
  const url = URL.createObjectURL(new Blob([await workerText()], { type: "text/javascript" }));
  return webPortOf(new Worker(url, { type: "module" }));
}

/**
 * Node, Deno and Bun: a script beside this one, which shares its modules; from sources it is a source. A process waits
 * for workers that cannot be let go, as Deno's of the web's kind, so that its threads are taken. A thread gets the
 * options of the process, and Node refuses --input-type for a script: code that imports the script runs with any.
 */
async function hostWorker(): Promise<OpenPort> {
  const script = new URL(`./worker_thread.node${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);
  const WebWorker = webWorkers();
  if (WebWorker !== null && "unref" in WebWorker.prototype) return webPortOf(new WebWorker(script, { type: "module" }));
  const threads = await hostModule("worker_threads");
  if (threads !== null) {
    return threadPortOf(new threads.Worker(`import(${JSON.stringify(script.href)})`, { eval: true }));
  }
  if (WebWorker !== null) return webPortOf(new WebWorker(script, { type: "module" }));
  throw new XnorkitError("unsupported", "this runtime has no workers: use xnorkit/classify or xnorkit where it runs");
}

/** A worker that has answered. */
async function greet(port: OpenPort, name: string): Promise<Client> {
  const client = openClient(port, name);
  try {
    await client.call("hello", null);
    return client;
  } catch (error) {
    client.end();
    throw error;
  }
}

async function startWorker(callee: string, name: string, worker: WorkerLike | undefined): Promise<Client> {
  if (worker !== undefined) return greet(portOf(callee, worker), name);
  if (!hasPlatform()) return greet(await hostWorker(), name);
  return greet(browserWorker(), name).catch(async () => greet(await inlinedWorker(), name));
}

/** Opens what a worker does; where that fails the worker ends, also one that the caller gave and nobody started. */
async function opening<T>(worker: WorkerLike | undefined, open: (keep: (client: Client) => Client) => Promise<T>) {
  let started: Client | null = null;
  try {
    return await open((client) => {
      started = client;
      return client;
    });
  } catch (error) {
    (started as Client | null)?.end();
    if (started === null && typeof worker?.terminate === "function") worker.terminate();
    throw error;
  }
}

/**
 * `createSession` of xnorkit in a worker of its own. The model is copied there.
 * @throws XnorkitError as `createSession` of xnorkit; `unsupported` where there are no workers, `interrupted` if the
 *   worker ends.
 */
export async function createSession(model: Model, options: WorkerSessionOptions = {}): Promise<WorkerSession> {
  const { worker, ...rest } = objectArgument("createSession", "options", "an object", options);
  return opening(worker, async (keep) => {
    const { graph, weights } = objectArgument("createSession", "the model", "{ graph, weights }", model);
    checkGraph(graph);
    const client = keep(await startWorker("createSession", graph.name, worker));
    return openWorkerSession({ graph, weights }, rest, client);
  });
}

/**
 * `createClassifier` of xnorkit/classify in a worker of its own: pictures are copied or, where a page draws them,
 * turned into bitmaps, and decoded there. Files of models are read here and copied there.
 * @throws XnorkitError as `createClassifier` of xnorkit/classify; `unsupported` where there are no workers,
 *   `interrupted` if the worker ends.
 */
export async function createClassifier(model: ModelSource, options: WorkerClassifierOptions = {}): Promise<Classifier> {
  const { worker, ...rest } = objectArgument("createClassifier", "options", "an object", options);
  return opening(worker, async (keep) => {
    const { decode, ...sent } = readClassifierOptions(rest);
    if (decode !== undefined) refuseArgument("createClassifier", "the option decode", "absent in a worker", decode);
    const resolved = await resolveModel(model, rest);
    const { graph, weights } = resolved;
    const client = keep(await startWorker("createClassifier", graph.name, worker));
    await client.call("openClassifier", { model: { graph, weights }, options: sent });
    return classifierOf(resolved, {
      async answer(pictures, names) {
        const parcels = await Promise.all(pictures.map((picture, index) => sendPicture(picture, names[index])));
        const transfer = parcels.flatMap((parcel) => parcel.transfer);
        return client.call("classify", { pictures: parcels.map(({ picture }) => picture), names }, transfer);
      },
      dispose: () => client.end(),
    });
  });
}
