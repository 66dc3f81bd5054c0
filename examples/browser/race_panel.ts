/** The network on bits beside itself in floats, picture by picture. */
import { byId, showError } from "./dom.js";
import type { Engine } from "./engine.js";
import { formatBytes, formatFigure, formatSpeed } from "./figures.js";
import type { RaceView, Runner } from "./worker/race.js";

/** Milliseconds that each of both runs in a lap, and how many laps there are. */
const LAP = 100;
const LAPS = 16;

/** Outputs that differ by more of the largest differ by more than the rounding of sums. */
const ROUNDING = 1e-4;

const speedOf = ({ runs, milliseconds }: Runner) => (1000 * runs) / milliseconds;
const add = (a: Runner, b: Runner): Runner => ({
  runs: a.runs + b.runs,
  milliseconds: a.milliseconds + b.milliseconds,
});

function showLane(name: "bits" | "floats" | "peer", runner: Runner, fastest: number): void {
  const speed = speedOf(runner);
  byId(`race-${name}-fill`, HTMLElement).style.width = `${(100 * speed) / fastest}%`;
  byId(`race-${name}-speed`, HTMLElement).textContent = `${formatSpeed(speed)} pictures a second`;
}

function sameText({ difference, largest }: RaceView): string {
  if (difference === 0) return "their outputs are equal";
  const turned = difference > ROUNDING * largest ? ": a value within rounding of zero turned its sign" : "";
  return `their outputs of up to ${formatFigure(largest)} differ by ${difference.toExponential(0)} at most${turned}`;
}

/** How the network compares with onnxruntime-web, or why it does not. */
function peerText({ peer }: RaceView, bits: Runner, other: Runner): string {
  if (peer === null) return "";
  if ("reason" in peer) return ` onnxruntime-web does not run the file: ${peer.reason}.`;
  const same = peer.isSameClass ? "which gives the same class" : "which gives another class";
  const factor = formatFigure(speedOf(bits) / speedOf(other));
  return ` It is ${factor} times as fast as onnxruntime-web on this file, ${same}.`;
}

const STILL: Runner = { runs: 0, milliseconds: 0 };

export interface RacePanel {
  /** Another network is here: what was measured is of the one before. */
  readonly forget: (name: string) => void;
}

export function openRacePanel(engine: Engine<"network">): RacePanel {
  const button = byId("race", HTMLButtonElement);
  const note = byId("race-note", HTMLElement);
  const result = byId("race-result", HTMLElement);
  const error = byId("race-error", HTMLElement);
  let races = 0;

  const run = async () => {
    const race = ++races;
    showError(error, null);
    button.disabled = true;
    note.textContent = "Making the network in floats …";
    try {
      const view = await engine.call("openRace");
      let [bits, floats, peer] = [STILL, STILL, STILL];
      byId("race-peer", HTMLElement).hidden = view.peer === null || "reason" in view.peer;
      for (let lap = 0; lap < LAPS; lap++) {
        const times = await engine.call("runLap", LAP);
        if (times === null || race !== races) return;
        bits = add(bits, times.bits);
        floats = add(floats, times.floats);
        const fastest = Math.max(speedOf(bits), speedOf(floats));
        if (times.peer !== null && view.peer !== null && "bytes" in view.peer) {
          peer = add(peer, times.peer);
          showLane("peer", peer, fastest);
          byId("race-peer-bytes", HTMLElement).textContent = formatBytes(view.peer.bytes);
        }
        showLane("bits", bits, fastest);
        showLane("floats", floats, fastest);
        byId("race-bits-bytes", HTMLElement).textContent = formatBytes(view.bitsBytes);
        byId("race-floats-bytes", HTMLElement).textContent = formatBytes(view.floatBytes);
        result.hidden = false;
        note.textContent = `Racing ${view.name} …`;
      }
      const factor = speedOf(bits) / speedOf(floats);
      const smaller = formatFigure(view.floatBytes / view.bitsBytes);
      note.textContent =
        `${view.name} on bits is ${formatFigure(factor)} times as fast as its float twin and ` +
        `${smaller} times smaller; ${sameText(view)}.${peerText(view, bits, peer)}`;
    } catch (reason) {
      // Another network came meanwhile.
      if (race !== races) return;
      result.hidden = true;
      note.textContent = "There was no race.";
      showError(error, reason);
    } finally {
      button.disabled = false;
    }
  };
  button.addEventListener("click", run);
  return {
    forget(name) {
      races++;
      result.hidden = true;
      note.textContent = `${name} has not been raced.`;
      showError(error, null);
    },
  };
}
