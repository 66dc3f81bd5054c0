/**
 * Text of unknown origin made fit to print: on one line, without what steers a terminal or hides, and no longer than a
 * bound.
 */

/**
 * Control characters (ESC and line feed among them), the marks that turn the direction of text or are not seen (but for
 * the joiners that scripts and emoji need), line and paragraph separators, and halves of surrogate pairs: each is shown
 * by its number.
 */
const UNPRINTABLE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escaped(character: string): string {
  const code = character.codePointAt(0)!;
  return (
    NAMED[character] ?? (code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\u{${code.toString(16)}}`)
  );
}

/** The text with every character that does not print as its escape: `\n`, `\u001b`. */
export function escapeText(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

const ELLIPSIS = " ... ";

/**
 * `escapeText`, and from the middle of a text longer than `most` characters so many are taken that it has `most`: what
 * happened stands at the beginning of a message, what to do at its end. No more of a text is looked at than can be
 * shown.
 */
export function printable(text: string, most: number): string {
  const whole = text.length <= 2 * most ? escapeText(text) : null;
  if (whole !== null && whole.length <= most) return whole;
  const tail = Math.floor((most - ELLIPSIS.length) / 3);
  const head = most - ELLIPSIS.length - tail;
  const start = whole ?? escapeText(text.slice(0, most));
  const end = whole ?? escapeText(text.slice(-most));
  return `${start.slice(0, head)}${ELLIPSIS}${end.slice(-tail)}`;
}
