// Text of the generated files in lines of at most WIDTH columns.

export const WIDTH = 120;

/** Words in lines of at most WIDTH columns; `first` and `rest` open the first line and the others. */
export function fill(words, first, rest = first) {
  const lines = [];
  let line = first;
  for (const word of words) {
    const empty = line === first || line === rest;
    if (!empty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = rest + word;
    } else {
      line += empty ? word : ` ${word}`;
    }
  }
  return [...lines, line];
}

/** The lines of a doc comment, each indented by `indent`: one line if it fits. */
export function docComment(doc, indent = "") {
  const single = `${indent}/** ${doc} */`;
  if (single.length <= WIDTH) return [single];
  return [`${indent}/**`, ...fill(doc.split(" "), `${indent} * `), `${indent} */`];
}
