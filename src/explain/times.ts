/** Times of a session's steps, as they belong to the layers, units and parts of a description. */
import { objectArgument, refuseArgument, resultArgument } from "../arguments.js";
import type { Description } from "./describe.js";

/** One measured step, as `session.profile()` gives it. */
export interface MeasuredStep {
  /** Name of the value that it computes, or of the module that it belongs to. */
  readonly name: string;
  readonly milliseconds: number;
}

/** Milliseconds by the name of a layer, the label of a unit, the label of a part. */
export interface Times {
  readonly layers: ReadonlyMap<string, number>;
  readonly units: ReadonlyMap<string, number>;
  readonly parts: ReadonlyMap<string, number>;
}

interface Place {
  readonly layer: string;
  readonly unit: string;
  readonly part: string;
}

function add(times: Map<string, number>, key: string, milliseconds: number): void {
  times.set(key, (times.get(key) ?? 0) + milliseconds);
}

/**
 * Sums measured steps. A step stands for the layer of its name; one that is named otherwise (a repacking between
 * layers) for the layer whose name begins it, else for the last layer before it in the order of the steps.
 */
export function timesOf(description: Description, steps: readonly MeasuredStep[]): Times {
  const { parts } = resultArgument("timesOf", "description", "describe", ["parts"], description);
  if (!Array.isArray(steps)) refuseArgument("timesOf", "steps", "a list of measured steps", steps);
  for (const step of steps) objectArgument("timesOf", "a step", "{ name, milliseconds }", step);
  const places = new Map<string, Place>();
  for (const part of parts) {
    for (const unit of part.units) {
      for (const { name, module } of unit.layers) {
        const place = { layer: name, unit: unit.label, part: part.label };
        places.set(name, place);
        if (!places.has(module)) places.set(module, place);
      }
    }
  }
  const placeOf = (name: string): Place | undefined => {
    for (
      let path = name;
      path !== "";
      path = path.slice(0, Math.max(path.lastIndexOf("."), path.lastIndexOf(" "), 0))
    ) {
      const place = places.get(path);
      if (place !== undefined) return place;
    }
    return undefined;
  };
  const times = { layers: new Map(), units: new Map(), parts: new Map() };
  let last = places.values().next().value;
  for (const { name, milliseconds } of steps) {
    const place = placeOf(name) ?? last;
    if (place === undefined) continue;
    last = place;
    add(times.layers, place.layer, milliseconds);
    add(times.units, place.unit, milliseconds);
    add(times.parts, place.part, milliseconds);
  }
  return times;
}
