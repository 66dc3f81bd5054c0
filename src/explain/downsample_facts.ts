/** `downsample`: on which branch the layers lie that change the number of channels or the size of the map. */
import type { LayerDescription, UnitDescription } from "./describe.js";
import type { Examined, Fact } from "./facts.js";
import type { Outline } from "./outline.js";
import { agreement, type Proof } from "./proofs/numbers.js";
import { type Meeting, meetingsOf, sumOf } from "./sums.js";

interface Changing {
  readonly layer: LayerDescription;
  readonly channels: readonly [number, number];
  readonly branch: "main" | "shortcut";
}

function changingLayers({ outline }: Examined, { layers, shortcuts }: UnitDescription): readonly Changing[] {
  const beside = new Set(shortcuts.flatMap((shortcut) => shortcut.layers));
  return layers.flatMap((layer): readonly Changing[] => {
    if (layer.kind !== "conv2d" && layer.kind !== "binaryConv2d") return [];
    const channels = [outline.shapes.get(layer.reads[0])![1], layer.outputShape[1]] as const;
    return [{ layer, channels, branch: beside.has(layer.name) ? "shortcut" : "main" }];
  });
}

function proofOf({ value, input }: Examined, { node }: Meeting): Proof | null {
  if (node.kind !== "add") return null;
  const [first, second] = node.inputs.map((name) => value(name));
  return agreement(
    `${node.name} is the sum of both branches, ${node.inputs.join(" + ")}, on ${input}`,
    value(node.name),
    sumOf(node, first, second),
  );
}

function changes({ layers, shortcuts, reads, reduces }: UnitDescription, { outline }: Examined): boolean {
  const channels = [reads, layers.at(-1)!.name].map((name) => outline.shapes.get(name)![1]);
  return shortcuts.some(({ kind }) => kind === "projection") || channels[0] !== channels[1] || reduces;
}

function unitFact(examined: Examined, unit: UnitDescription, meetings: ReadonlyMap<string, Meeting>): Fact {
  const found = changingLayers(examined, unit);
  const words = (branch: Changing["branch"]) =>
    found
      .filter((changing) => changing.branch === branch)
      .map(
        ({ layer, channels }) =>
          `${layer.notation} ${layer.name} (${channels.join(" -> ")}, ` +
          `${layer.precision === "float" ? "float" : "1-bit weights"})`,
      )
      .join(" and ");
  const [main, beside] = [words("main"), words("shortcut")];
  const projection = unit.shortcuts.find(({ kind }) => kind === "projection");
  const rest =
    projection === undefined
      ? "; there is no convolution beside it"
      : `; beside it, on the shortcut, ${beside}: it reads ${projection.reads}, and both are added at ` +
        `${projection.addedAt}`;
  const data = {
    layers: found.map(({ layer, channels, branch }) => ({
      name: layer.name,
      channels,
      branch,
      precision: layer.precision,
    })),
    addedAt: projection?.addedAt ?? null,
  };
  const meeting = projection === undefined ? undefined : meetings.get(projection.addedAt);
  const proof = meeting === undefined ? null : proofOf(examined, meeting);
  const text = `${unit.label}: on the main branch ${main || "no convolution"}${rest}`;
  return { path: unit.label, kind: "downsample", text, data, proofs: proof === null ? [] : [proof] };
}

export function downsampleFacts(examined: Examined): readonly Fact[] {
  const stages = examined.description.parts.filter(({ role }) => role === "stage");
  const units = stages.flatMap((part) => part.units.filter((unit) => changes(unit, examined)));
  if (units.length === 0) {
    return [{ path: "", kind: "none", text: "no unit changes the size or the channels", data: {}, proofs: [] }];
  }
  const meetings = new Map(meetingsOf(examined.outline).map((meeting) => [meeting.node.name, meeting]));
  return units.map((unit) => unitFact(examined, unit, meetings));
}

export function downsampleValues(outline: Outline): readonly string[] {
  const meetings = meetingsOf(outline).filter(({ shortcut }) => shortcut.kind === "projection");
  return [...new Set(meetings.flatMap(({ node }) => [node.name, ...node.inputs]))];
}
