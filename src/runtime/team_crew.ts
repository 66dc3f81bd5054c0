/**
 * The caller and workers on shared memory. The tasks of a phase are taken by all, the caller included; a phase ends
 * when all of its tasks have, so that the caller waits for tasks and never for workers: one that starts late, or
 * sleeps, is not missed (team_control.ts).
 *
 * WAITING. Whoever finds nothing to do looks again for 50 microseconds, then waits: workers in Atomics.wait, the caller
 * there too, or for a message of the worker that finishes the last task (runAsync). The main thread of a page must not
 * wait, so that `run` goes on looking.
 *
 * WORKERS THAT END. The host tells it by an event, which ends a runAsync at once. A synchronous run hears no events: a
 * task that a worker has begun, and of which nothing is heard for a minute, or for 50 times as long as the caller's own
 * longest task, if that is more, is given up. Either way the crew ends, and all later runs say so.
 */
import { INSTANCE_BYTES } from "../abi/constants.js";
import { XnorkitError } from "../errors.js";
import { teamWorker } from "../generated/team_worker.js";
import { type HostWorker, workerStarter } from "./host_workers.js";
import type { CompiledModule } from "./kernel_source.js";
import { type BoundStep, bindSteps, type LinkedStep, phasesOf, runTask } from "./link.js";
import { type Crew as Crewed, scratchStride, type Team, type TeamSteps } from "./team.js";
import {
  Control,
  Crew,
  controlWords,
  crewWords,
  mostInRange,
  spinTime,
  takeFailure,
  takeTask,
  Waiting,
} from "./team_control.js";
import type { FromWorker, ToWorker } from "./team_messages.js";
import { instantiateKernels, type KernelMemory } from "./wasm.js";

/** Milliseconds that a worker may take to start. */
const startTime = 10_000;

/** Milliseconds of one wait, after which the caller looks around. */
const waitTime = 100;

const defaultPatience = 60_000;

/** How often a task may take as long as the caller's longest. */
const slowness = 50;

function canWait(): boolean {
  try {
    return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0) === "not-equal";
  } catch {
    return false;
  }
}

interface Prepared extends TeamSteps {
  readonly id: number;
  readonly bound: readonly BoundStep[];
  readonly control: Int32Array;
}

/** What the teams of a crew know of it. */
interface Shared {
  readonly workers: readonly HostWorker[];
  readonly words: Int32Array;
  readonly patience: number;
  readonly blocks: boolean;
  /** Identities of memories and steps. */
  nextId: number;
  /** Why the workers are gone; null while they are there. */
  lost: string | null;
  /** Ends the wait for a message. */
  wake: () => void;
}

function send(shared: Shared, message: (order: number) => ToWorker): void {
  const { workers, words } = shared;
  // Before the messages: who finds that it has received fewer looks for them.
  Atomics.add(words, Crew.messages, 1);
  workers.forEach((worker, i) => {
    worker.post(message(i + 1));
  });
  Atomics.add(words, Crew.epoch, 1);
  Atomics.notify(words, Crew.epoch);
}

function lose(shared: Shared, reason: string): void {
  if (shared.lost !== null) return;
  shared.lost = reason;
  for (const worker of shared.workers) worker.end();
  shared.wake();
}

function checkPresent({ lost }: Shared): void {
  if (lost === null) return;
  throw new XnorkitError("worker-failed", `a worker thread is gone (${lost}): create another session`);
}

/** Tasks of one phase, taken until none is left. @returns what the caller's own kernel threw. */
function takeTasks(control: Int32Array, tasks: BoundStep["phases"][number], times: { longest: number }): unknown {
  const first = control[Control.first];
  let failure: unknown = null;
  let done = 0;
  let start = performance.now();
  for (let task = takeTask(control, true); task >= 0; task = takeTask(control, true)) {
    done++;
    if (failure !== null) continue;
    try {
      runTask(tasks[first + task]);
    } catch (error) {
      failure = error ?? new Error("a kernel failed");
    }
    const end = performance.now();
    times.longest = Math.max(times.longest, end - start);
    start = end;
  }
  Atomics.sub(control, Control.pending, done);
  return failure;
}

/** True if the phase ended while we looked. */
function spin(control: Int32Array, milliseconds: number): boolean {
  const until = performance.now() + milliseconds;
  do {
    if (Atomics.load(control, Control.pending) === 0) return true;
  } while (performance.now() < until);
  return false;
}

function publish({ words }: Shared, { control }: Prepared, count: number): void {
  Atomics.store(control, Control.pending, count);
  Atomics.store(control, Control.range, count << 16);
  Atomics.add(words, Crew.epoch, 1);
  if (Atomics.load(words, Crew.sleepers) > 0) Atomics.notify(words, Crew.epoch);
}

interface Walk {
  readonly shared: Shared;
  readonly steps: Prepared;
  readonly times: { longest: number };
}

/**
 * The phases of a step, run one after the other; yields when others have not finished theirs and the caller has nothing
 * to do but wait.
 */
function* walkStep({ shared, steps, times }: Walk, index: number, memory: Int32Array): Generator<void, void> {
  const { bound, control } = steps;
  const step = bound[index];
  const phases = phasesOf(step, memory);
  for (let phase = 0; phase < phases.length; phase++) {
    const tasks = phases[phase];
    if (tasks.length === 1) {
      runTask(tasks[0]);
      continue;
    }
    for (let first = 0; first < tasks.length; first += mostInRange) {
      control[Control.step] = index;
      control[Control.phase] = phase;
      control[Control.alternative] = phases === step.phases ? 0 : 1;
      control[Control.first] = first;
      publish(shared, steps, Math.min(mostInRange, tasks.length - first));
      const own = takeTasks(control, tasks, times);
      while (!spin(control, spinTime)) yield;
      const others = takeFailure(shared.words);
      if (own !== null) throw own;
      if (others !== null) {
        throw new XnorkitError(
          "worker-failed",
          `a kernel failed in a worker thread (${others}): the run has no result`,
        );
      }
    }
  }
}

/** Waits for the end of a phase, as long as it takes, or until the workers are given up. */
function block({ shared, steps: { control }, times }: Walk): void {
  const { words, blocks, patience } = shared;
  let pending = Atomics.load(control, Control.pending);
  let silent = 0;
  Atomics.store(words, Crew.waiting, Waiting.blocked);
  while (pending !== 0) {
    if (blocks) Atomics.wait(control, Control.pending, pending, waitTime);
    else spin(control, waitTime);
    const now = Atomics.load(control, Control.pending);
    // Waits are counted, no clock is read: it would go on while the machine sleeps.
    silent = now === pending ? silent + waitTime : 0;
    pending = now;
    if (silent >= Math.max(patience, slowness * times.longest)) {
      lose(shared, "it has begun a task that does not end");
      checkPresent(shared);
    }
  }
  Atomics.store(words, Crew.waiting, Waiting.not);
}

/** The same, with the event loop going on. */
async function listen({ shared, steps: { control } }: Walk): Promise<void> {
  const { words } = shared;
  while (Atomics.load(control, Control.pending) !== 0) {
    checkPresent(shared);
    await new Promise<void>((resolve) => {
      shared.wake = resolve;
      Atomics.store(words, Crew.waiting, Waiting.message);
      if (Atomics.load(control, Control.pending) === 0) resolve();
    });
    Atomics.store(words, Crew.waiting, Waiting.not);
  }
}

function crewTeam(shared: Shared, module: CompiledModule, memory: KernelMemory, regions: number): Team {
  const kernels = instantiateKernels(module, memory);
  const memoryId = shared.nextId++;
  send(shared, (order) => ({
    kind: "memory",
    id: memoryId,
    memory,
    region: regions + (order - 1) * INSTANCE_BYTES,
  }));
  let view = new Int32Array(memory.buffer);
  const currentView = () => {
    if (view.buffer !== memory.buffer) view = new Int32Array(memory.buffer);
    return view;
  };
  const begin = (steps: TeamSteps): Walk => {
    checkPresent(shared);
    const prepared = steps as Prepared;
    Atomics.store(shared.words, Crew.current, prepared.id);
    return { shared, steps: prepared, times: { longest: 0 } };
  };
  const runStep = (walk: Walk, index: number) => {
    const waits = walkStep(walk, index, currentView());
    while (!waits.next().done) block(walk);
  };
  return {
    threads: shared.workers.length + 1,
    kernels,
    prepare(steps: readonly LinkedStep[], scratch, scratchBytes): Prepared {
      const id = shared.nextId++;
      const control = new SharedArrayBuffer(controlWords * 4);
      send(shared, (order) => ({
        kind: "steps",
        id,
        memory: memoryId,
        steps,
        scratch: scratch + order * scratchStride(scratchBytes),
        control,
      }));
      const bound = bindSteps(steps, kernels.exports, scratch);
      return { length: steps.length, id, bound, control: new Int32Array(control) };
    },
    run(steps) {
      const walk = begin(steps);
      for (let i = 0; i < steps.length; i++) runStep(walk, i);
    },
    runStep: (steps, index) => runStep(begin(steps), index),
    async runAsync(steps) {
      const walk = begin(steps);
      for (const worker of shared.workers) worker.hold(true);
      try {
        for (let i = 0; i < steps.length; i++) {
          for (const _ of walkStep(walk, i, currentView())) await listen(walk);
        }
      } finally {
        for (const worker of shared.workers) worker.hold(false);
      }
    },
    forget: (steps) => send(shared, () => ({ kind: "forget", id: (steps as Prepared).id })),
    dispose: () => send(shared, () => ({ kind: "leave", id: memoryId })),
  };
}

/** A worker that is ready, or null where the host starts none in time. */
function startWorker(
  start: NonNullable<Awaited<ReturnType<typeof workerStarter>>>,
  open: ToWorker,
  lost: (reason: string) => void,
  done: () => void,
): Promise<HostWorker | null> {
  return new Promise((resolve) => {
    let worker: HostWorker | null = null;
    let ready = false;
    const giveUp = () => {
      worker?.end();
      clearTimeout(timer);
      resolve(null);
    };
    const timer = setTimeout(giveUp, startTime);
    try {
      worker = start(teamWorker, {
        message(data) {
          const message = data as FromWorker;
          if (message === "ready") {
            ready = true;
            clearTimeout(timer);
            worker?.hold(false);
            resolve(worker);
          } else if (message === "done") {
            done();
          } else {
            lost(message.failed);
          }
        },
        lost(reason) {
          if (ready) lost(reason);
          else giveUp();
        },
      });
      worker.post(open);
    } catch {
      giveUp();
    }
  });
}

/** The caller and up to `threads - 1` workers; null if there are none. */
export async function crewOfWorkers(
  module: CompiledModule,
  threads: number,
  patience = defaultPatience,
): Promise<Crewed | null> {
  if (typeof SharedArrayBuffer === "undefined") return null;
  const start = await workerStarter();
  if (start === null) return null;
  const crew = new SharedArrayBuffer(crewWords * 4);
  const words = new Int32Array(crew);
  Atomics.store(words, Crew.messages, 1);
  let shared: Shared | null = null;
  let early: string | null = null;
  const started = await Promise.all(
    Array.from({ length: threads - 1 }, (_, i) =>
      startWorker(
        start,
        { kind: "open", module, crew, order: i + 1 },
        (reason) => {
          if (shared === null) early = reason;
          else lose(shared, reason);
        },
        () => shared?.wake(),
      ),
    ),
  );
  const workers = started.filter((worker) => worker !== null);
  if (workers.length === 0) return null;
  const present: Shared = {
    workers,
    words,
    patience,
    blocks: canWait(),
    nextId: 1,
    lost: null,
    wake() {},
  };
  shared = present;
  if (early !== null) lose(present, early);
  return {
    threads: workers.length + 1,
    team: (memory, regions) => crewTeam(present, module, memory, regions),
    dispose: () => lose(present, "it was ended by dispose"),
  };
}
