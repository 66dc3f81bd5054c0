/**
 * A worker of a crew: it hears of memories and steps by messages, and takes tasks of the steps that run. It is built
 * into one text (scripts/inline_assets.mjs), from which every host can start it (host_workers.ts).
 */
import type { KernelExports } from "../abi/signatures.js";
import type { CompiledModule } from "./kernel_source.js";
import { type BoundStep, bindSteps, runTask } from "./link.js";
import { Control, Crew, hasTasks, reportFailure, spinTime, takeTask, Waiting } from "./team_control.js";
import type { FromWorker, ToWorker } from "./team_messages.js";
import { instantiateKernels, type KernelMemory, moveInstance } from "./wasm.js";

interface Post {
  postMessage(message: FromWorker): void;
}

interface Place {
  readonly memory: KernelMemory;
  readonly exports: KernelExports;
}

interface Prepared {
  readonly memory: number;
  readonly control: Int32Array;
  readonly steps: readonly BoundStep[];
}

function startWork(port: Post): (message: ToWorker) => void {
  const memories = new Map<number, Place>();
  const prepared = new Map<number, Prepared>();
  let module: CompiledModule;
  let crew: Int32Array;
  let fromFront = false;
  let received = 0;

  function heed(message: ToWorker): void {
    switch (message.kind) {
      case "open":
        module = message.module;
        crew = new Int32Array(message.crew);
        fromFront = message.order % 2 === 0;
        port.postMessage("ready");
        break;
      case "memory": {
        const place = instantiateKernels(module, message.memory as KernelMemory);
        moveInstance(place.exports, message.region);
        memories.set(message.id, place);
        break;
      }
      case "steps": {
        const { id, memory, steps, scratch, control } = message;
        const place = memories.get(memory);
        if (place === undefined) break;
        // The memory has all that the steps need, but an instance that was made while it grew may not know: growing by
        // nothing tells it.
        place.memory.grow(0);
        const { exports } = place;
        prepared.set(id, { memory, control: new Int32Array(control), steps: bindSteps(steps, exports, scratch) });
        break;
      }
      case "forget":
        prepared.delete(message.id);
        break;
      case "leave":
        memories.delete(message.id);
        for (const [id, { memory }] of prepared) if (memory === message.id) prepared.delete(id);
    }
  }

  /** The words of the phase that a task is of stay as they are until it is finished. */
  function runTaskOf({ control, steps }: Prepared, index: number): void {
    try {
      const { phases, alternative } = steps[control[Control.step]];
      const phase = (control[Control.alternative] === 0 ? phases : alternative)[control[Control.phase]];
      runTask(phase[control[Control.first] + index]);
    } catch (error) {
      reportFailure(crew, String(error));
    }
    if (Atomics.sub(control, Control.pending, 1) !== 1) return;
    const waiting = Atomics.load(crew, Crew.waiting);
    if (waiting === Waiting.blocked) Atomics.notify(control, Control.pending);
    else if (waiting === Waiting.message) port.postMessage("done");
  }

  const hasMail = () => Atomics.load(crew, Crew.messages) !== received;

  /** The steps that run, if this worker knows them and they have tasks left. */
  function work(): Prepared | null {
    const steps = prepared.get(Atomics.load(crew, Crew.current));
    return steps !== undefined && hasTasks(steps.control) ? steps : null;
  }

  /** The next steps with tasks; null once a message came. */
  function waitForWork(): Prepared | null {
    for (;;) {
      const until = performance.now() + spinTime;
      do {
        if (hasMail()) return null;
        const found = work();
        if (found !== null) return found;
      } while (performance.now() < until);
      // The epoch is read before the last look, so that whatever comes after the look ends the wait.
      Atomics.add(crew, Crew.sleepers, 1);
      const epoch = Atomics.load(crew, Crew.epoch);
      if (!hasMail() && work() === null) Atomics.wait(crew, Crew.epoch, epoch);
      Atomics.sub(crew, Crew.sleepers, 1);
    }
  }

  return (message) => {
    received++;
    try {
      heed(message);
      if (message.kind === "open") return;
      for (let steps = waitForWork(); steps !== null; steps = waitForWork()) {
        for (let task = takeTask(steps.control, fromFront); task >= 0; task = takeTask(steps.control, fromFront)) {
          runTaskOf(steps, task);
        }
      }
    } catch (error) {
      port.postMessage({ failed: String(error) });
    }
  };
}

/** Where Node has what other hosts have as globals. */
const nodeWorkers = "node:worker_threads";

interface WebScope extends Post {
  onmessage: ((event: { readonly data: ToWorker }) => void) | null;
}

const scope = globalThis as unknown as Partial<WebScope>;
if (typeof scope.postMessage === "function") {
  const onMessage = startWork(scope as Post);
  scope.onmessage = ({ data }) => onMessage(data);
} else {
  import(/* webpackIgnore: true */ /* @vite-ignore */ nodeWorkers).then(({ parentPort }) => {
    parentPort.on("message", startWork(parentPort));
  });
}
