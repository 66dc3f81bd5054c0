// Leaves kernels out of a WebAssembly module: their exports go, and so do the bodies of functions that only they call, which become a
// trap. All other bodies and the numbers of all functions stay as they are.

const EXPORTS = 7;
const CODE = 10;
/** No locals, `unreachable`, `end`. */
const TRAP = [0x00, 0x00, 0x0b];
const CALL = 0x10;
const CONSTANTS_F32 = 0x43;
const CONSTANTS_F64 = 0x44;
const BULK = 0xfc;
const SIMD = 0xfd;

/** Reads numbers and byte runs one after the other. */
function reader(bytes, start = 0) {
  let at = start;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  const take = (length) => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  return { number, take, more: () => at < bytes.length };
}

function encodeNumber(value) {
  return value < 128 ? [value] : [(value & 127) | 128, ...encodeNumber(value >>> 7)];
}

function readSections(module) {
  const { number, take, more } = reader(module, 8);
  const sections = [];
  while (more()) sections.push({ id: number(), bytes: take(number()) });
  return sections;
}

function readExports(bytes) {
  const { number, take } = reader(bytes);
  return Array.from({ length: number() }, () => {
    const name = take(number());
    return { name: Buffer.from(name).toString(), kind: number(), index: number() };
  });
}

function readBodies(bytes) {
  const { number, take } = reader(bytes);
  return Array.from({ length: number() }, () => take(number()));
}

/** Operands of SIMD instructions: numbers, and the bytes after them. */
function simdOperands(instruction) {
  if (instruction <= 11 || instruction === 92 || instruction === 93) return { numbers: 2, bytes: 0 };
  if (instruction === 12 || instruction === 13) return { numbers: 0, bytes: 16 };
  if (instruction >= 21 && instruction <= 34) return { numbers: 0, bytes: 1 };
  if (instruction >= 84 && instruction <= 91) return { numbers: 2, bytes: 1 };
  return { numbers: 0, bytes: 0 };
}

function operandsOf(opcode, instruction) {
  if (opcode === SIMD) return simdOperands(instruction);
  if (opcode === BULK) return { numbers: instruction === 10 ? 2 : instruction >= 8 ? 1 : 0, bytes: 0 };
  if (opcode === CONSTANTS_F32) return { numbers: 0, bytes: 4 };
  if (opcode === CONSTANTS_F64) return { numbers: 0, bytes: 8 };
  if (opcode >= 0x28 && opcode <= 0x3e) return { numbers: 2, bytes: 0 };
  const one = [0x02, 0x03, 0x04, 0x0c, 0x0d, CALL, 0x20, 0x21, 0x22, 0x23, 0x24, 0x3f, 0x40, 0x41, 0x42].includes(
    opcode,
  );
  return { numbers: one ? 1 : 0, bytes: 0 };
}

/** The functions that a body calls. */
function callsOf(body) {
  const { number, take, more } = reader(body);
  for (let groups = number(); groups > 0; groups--) {
    number();
    take(1);
  }
  const called = [];
  while (more()) {
    const [opcode] = take(1);
    // Tables of functions and of labels do not occur; a walk past one would read operands as instructions.
    if (opcode === 0x0e || opcode === 0x11) throw new Error(`instruction ${opcode} is not expected in the kernels`);
    const instruction = opcode === SIMD || opcode === BULK ? number() : 0;
    const { numbers, bytes } = operandsOf(opcode, instruction);
    const read = Array.from({ length: numbers }, number);
    take(bytes);
    if (opcode === CALL) called.push(read[0]);
  }
  return called;
}

/** All functions that these call, themselves included. */
function reachable(bodies, roots) {
  const found = new Set(roots);
  for (const index of found) for (const called of callsOf(bodies[index])) found.add(called);
  return found;
}

/** @returns a module without these exports. */
export function withoutKernels(module, names) {
  const sections = readSections(module);
  const kept = readExports(sections.find(({ id }) => id === EXPORTS).bytes).filter(({ name }) => !names.includes(name));
  const bodies = readBodies(sections.find(({ id }) => id === CODE).bytes);
  const needed = reachable(
    bodies,
    kept.map(({ index }) => index),
  );
  const written = sections.flatMap(({ id, bytes }) => {
    let content = [...bytes];
    if (id === EXPORTS) {
      const entries = kept.flatMap(({ name, kind, index }) => [
        name.length,
        ...Buffer.from(name),
        kind,
        ...encodeNumber(index),
      ]);
      content = [...encodeNumber(kept.length), ...entries];
    } else if (id === CODE) {
      const code = bodies.map((body, index) => (needed.has(index) ? [...body] : TRAP));
      content = [...encodeNumber(bodies.length), ...code.flatMap((body) => [...encodeNumber(body.length), ...body])];
    }
    return [id, ...encodeNumber(content.length), ...content];
  });
  const core = Buffer.from([...module.subarray(0, 8), ...written]);
  if (!WebAssembly.validate(core)) throw new Error("the module without some of its kernels is not valid");
  return core;
}
