/** What an import found out about a file that its graph alone does not say. */

/** What a note is about. */
export type TfliteNoteKind =
  /** A layer whose products are counted in bits. */
  | "bits"
  /** A convolution or dense layer in float, rounded to int8 if the file says so; and why. */
  | "float"
  /** How many layers run on bits, and which do not. */
  | "layers"
  /** Which of the forms that Larq's operators had over the years the file has. */
  | "form"
  /** What the file tells of its input's range. */
  | "preprocess"
  /** The softmax at the end is cut off; the graph gives the scores. */
  | "scores";

/** One thing that an import says of a layer, or of the whole file. */
export interface TfliteNote {
  readonly kind: TfliteNoteKind;
  /** The layer it is about, by its name in the graph; absent if it is about the whole file. */
  readonly layer?: string;
  /** One sentence or fact for people. */
  readonly text: string;
}

const MAX_NAMES = 4;

/** The note that counts the layers. */
export function countLayers(layers: readonly TfliteNote[]): TfliteNote {
  const floats = layers.filter(({ kind }) => kind === "float").map(({ layer }) => layer);
  const bits = layers.length - floats.length;
  const count = `${bits} of ${layers.length} layers with weights run on bits`;
  const names = floats.slice(0, MAX_NAMES).join(", ");
  const others = floats.length > MAX_NAMES ? ` and ${floats.length - MAX_NAMES} others` : "";
  return { kind: "layers", text: floats.length === 0 ? count : `${count}; in float are ${names}${others}` };
}
