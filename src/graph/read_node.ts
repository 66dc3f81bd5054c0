/** Reads a node from JSON by the readers of its kind's record. */
import { type Reader, readArray, readName, readObject, readOptional, readText, refuse } from "./json_readers.js";
import { isNodeKind, type Node, recordOf, recordOfKind, unknownKind } from "./nodes/index.js";
import { quoteName } from "./suggest.js";

/** The network's own, if a graph made by hand names none. */
const readModule = readOptional(readText);

/**
 * A node with its fields in the order in which they are written.
 * @throws XnorkitError `bad-graph` with the place of what is missing, unknown or not what it must be.
 */
export function readNode(value: unknown, place: string): Node {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse(place, "an object", value);
  const { kind } = value as { readonly kind?: unknown };
  if (!isNodeKind(kind)) throw unknownKind(`${place} of the graph`, kind);
  const { fields: readers, inputs = [1, 1] } = recordOfKind(kind);
  const fields = readObject(value, place, ["kind", "name", "inputs", "module", ...Object.keys(readers)]);
  const read = Object.entries<Reader<unknown>>(readers).flatMap(([field, reader]) => {
    const found = reader(fields[field], `${place}.${field}`);
    return found === undefined ? [] : [[field, found] as const];
  });
  return {
    kind,
    name: readName(fields.name, `${place}.name`),
    inputs: readArray(readName, ...inputs)(fields.inputs, `${place}.inputs`),
    module: readModule(fields.module, `${place}.module`) ?? "",
    ...Object.fromEntries(read),
  } as Node;
}

/**
 * Checks the fields of a node that was made by a program.
 * @throws XnorkitError `bad-graph` with the layer and the field.
 */
export function checkFields(node: Node): void {
  const { fields } = recordOf(node);
  const values = node as unknown as Readonly<Record<string, unknown>>;
  for (const [field, read] of Object.entries<Reader<unknown>>(fields)) {
    read(values[field], `${field} of layer ${quoteName(node.name)}`);
  }
}
