/** The style sheets of a comparison: light, dark, paper, narrow screens. */
import { colourRules, DRAWING_RULES } from "../drawing/style.js";

/** Of what `comparisonBody` writes; `root` is what holds it, `:root` of a page or `:host` of a shadow root. */
export const comparisonStyles = (root: ":root" | ":host") => `
${colourRules(root)}
${root} { color-scheme: light dark; color: var(--ink); font: 14px/1.45 system-ui, "Liberation Sans", Arial, sans-serif;
  --mark: #b3261e; --soft: #00000010; --time: #2f7d55; }
@media screen and (prefers-color-scheme: dark) {
  ${root} { --mark: #ff9d94; --soft: #ffffff14; --time: #6cc596; }
}
* { box-sizing: border-box; }
.title { font-size: 20px; margin: 4px 0; }
.part-title { font-size: 16px; margin: 24px 0 8px; }
p { margin: 4px 0; }
code, .expression { font-family: ui-monospace, "Liberation Mono", Menlo, monospace; font-size: 12.5px;
  overflow-wrap: anywhere; }
.tools { display: flex; gap: 10px; flex-wrap: wrap; align-items: center; margin: 8px 0; }
button { font: inherit; color: inherit; background: var(--plain); border: 1px solid var(--frame);
  border-radius: 6px; padding: 2px 10px; }
.hint { color: var(--line); }
.legend i { display: inline-block; width: 12px; height: 12px; border: 1px solid var(--line); border-radius: 3px;
  vertical-align: -2px; }
.legend .binary { background: var(--binary); }
.legend .float { background: var(--float); }
.legend .time { background: var(--time); }
.row { display: grid; grid-template-columns: 86px minmax(0, 1fr) minmax(0, 1fr); gap: 4px 14px; align-items: start; }
.heads { position: sticky; top: 0; background: var(--paper); font-weight: 600; padding: 4px 0 4px 22px;
  border-bottom: 1px solid var(--frame); z-index: 1; }
details { border-radius: 8px; }
details.part { border: 1px solid var(--frame); margin: 5px 0; padding: 0 8px; }
details.unit { border-top: 1px solid var(--soft); margin-left: 10px; }
summary { cursor: pointer; padding: 4px 0; border-radius: 6px; }
summary:hover { background: var(--soft); }
summary:focus-visible, button:focus-visible { outline: 3px solid var(--ink); outline-offset: 1px; }
summary > .row { display: inline-grid; width: calc(100% - 22px); vertical-align: top; }
.differs > summary .label::after, tr.differs > th::after { content: " \\2260"; color: var(--mark); font-weight: 700; }
.bars { display: block; width: 100%; height: 7px; margin: 2px 0; background: var(--soft); border-radius: 4px; }
.bars .binary { fill: var(--binary); }
.bars .float { fill: var(--float); }
.bars .time { fill: var(--time); }
figure { margin: 6px 0; overflow-x: auto; }
figcaption { font-size: 12px; color: var(--line); }
.network { max-width: 100%; height: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 3px 10px 3px 0; border-bottom: 1px solid var(--soft); }
th { font-weight: 600; }
.questions th { width: 180px; }
.questions td { width: calc(50% - 90px); }
tr.same td, tr.same th { color: var(--line); font-weight: 400; }
.layers td { font-size: 12.5px; }
.layers .changes { color: var(--mark); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 760px) {
  .row { grid-template-columns: 1fr; }
  .heads { display: none; }
  table { table-layout: fixed; }
  th, td { overflow-wrap: anywhere; padding-right: 6px; }
  .questions th, .questions td { width: auto; }
}
@media print {
  ${root} { font-size: 10pt; }
  .tools, .hint { display: none; }
  .heads { position: static; }
  details.part { break-inside: avoid; }
  .legend i, .bars { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
${DRAWING_RULES}`;

/** Of a page of its own. */
export const PAGE_STYLES = `${comparisonStyles(":root")}
body { margin: 0 auto; max-width: 1400px; padding: 12px 20px 40px; background: var(--paper); }
@media print { body { max-width: none; padding: 0; } }
`;
