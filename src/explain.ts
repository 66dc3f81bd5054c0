/**
 * xnorkit/explain: networks as data to look at. `describe` says what a network consists of, `compare` what two of them
 * have in common and what not.
 *
 * ```ts
 * const { differences, questions } = compare(
 *   getModel("resnet18_e1", { useFp: true }),
 *   getAwnasModel("awnas_resnet18"),
 * );
 * ```
 */
export {
  type AlignedPart,
  type AlignedUnit,
  type Comparison,
  compare,
  type QuestionAnswered,
  type Side,
} from "./explain/compare.js";
export { type ComparisonTextOptions, comparisonText, type Grain } from "./explain/comparison_text.js";
export type { Counts } from "./explain/counts.js";
export {
  type Description,
  describe,
  type LayerDescription,
  type ModuleDescription,
  type PartDescription,
  type Precision,
  type ShortcutDescription,
  type UnitDescription,
} from "./explain/describe.js";
export { descriptionText } from "./explain/description_text.js";
export type { Difference } from "./explain/differences.js";
export { type DotOptions, toDot } from "./explain/drawing/dot.js";
export { drawingInWords, type Layout, standaloneSvg } from "./explain/drawing/svg.js";
export {
  type ExplainOptions,
  type Explanation,
  explain,
  type Question,
  questions,
  type ValueRunner,
} from "./explain/explain.js";
export { type ExplanationTextOptions, explanationText } from "./explain/explanation_text.js";
export type { ChosenBy } from "./explain/factories.js";
export type { Fact } from "./explain/facts.js";
export type { Figures } from "./explain/figures.js";
export type { Role } from "./explain/outline.js";
export { comparisonPage, type PageOptions } from "./explain/page/page.js";
export type { PartTimes } from "./explain/part_table.js";
export type { Numbers, Proof } from "./explain/proofs/numbers.js";
export type { Answer } from "./explain/question.js";
export type { ReceptiveField } from "./explain/receptive_field.js";
export type { Shortcut } from "./explain/shortcuts.js";
export { type MeasuredStep, type Times, timesOf } from "./explain/times.js";
