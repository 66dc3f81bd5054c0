// Makes src/abi/roles.ts: what each argument of a kernel is, a letter each, by its type and name in assembly/.
import { readAbi } from "./assembly.mjs";
import { WIDTH } from "./text.mjs";

/** What packs constants, or looks at them, is no step of a program. */
const PACKING = /Pack$|^(widenRows|scaleRowsF32|tableConvCorrections|checksumWords)$/;

/** Pointers that may be 0: what they point to is left out then. */
const OPTIONAL = new Set([
  ...["masks", "center", "first", "second", "low", "high"],
  ...["scratch", "signThreshold", "signFlip"],
]);

/** Numbers by their letter; the same name means the same in all kernels but for `EXCEPTIONS`. */
const NAMES = {
  n: ["pixels", "plane", "rows", "rowCount", "elements", "pixelCount", "bytes"],
  b: ["batch"],
  c: ["channels", "inChannels", "outChannels", "units", "inputs", "taps", "bits", "count"],
  a: ["words"],
  g: ["groups"],
  y: ["outHeight"],
  x: ["outWidth"],
  k: ["kernelHeight"],
  m: ["kernelWidth"],
  s: ["strideHeight"],
  r: ["strideWidth"],
  d: ["dilationHeight"],
  e: ["dilationWidth"],
  h: ["height", "paddedHeight"],
  w: ["width", "paddedWidth"],
  t: ["padTop", "padBottom", "top"],
  l: ["padLeft", "padRight", "left"],
  z: ["rowBand"],
  v: [
    ...["colClasses", "countStride", "srcStride", "dstStride", "pixelWords", "dstChannels", "dstOffset"],
    ...["srcChannels", "srcOffset", "offset", "firstPixel", "planeBytes"],
    ...["planeHeight", "mapChannels", "srcPlane", "dstPlane"],
  ],
  i: ["relu", "middle", "interleaved", "countIncludePad", "halfAway", "kind", "shift"],
};
const LETTERS = new Map(Object.entries(NAMES).flatMap(([letter, names]) => names.map((name) => [name, letter])));

/** Arguments that a kernel does not loop over, or loops over though others do not. */
const EXCEPTIONS = {
  // Of one image, which it reads at the taps alone.
  im2colBits: { height: "v", width: "v", outWidth: "z" },
  // Taps share a word: at most 64 bits.
  joinTaps: { channels: "j" },
  addChannelsF32: { srcChannels: "c" },
  zeroBorderI32: { countStride: "c" },
  tableConvZeroBorder: { inChannels: "v" },
};

function letterOf(kernel, name, type) {
  const exception = EXCEPTIONS[kernel]?.[name];
  if (exception !== undefined) return exception;
  if (type === "f32" || type === "f64") return "f";
  if (LETTERS.has(name) && (type === "i32" || ["bytes", "planeBytes"].includes(name))) return LETTERS.get(name);
  if (type !== "usize") throw new Error(`argument ${name} of ${kernel} has no letter: give it one in roles.mjs`);
  // Images of bytes need no alignment.
  if (name === "src" && /U8$/.test(kernel)) return "u";
  const written = /^(epilogue|maxPoolEpilogue)/.test(kernel) && (name === "dst" || name === "bits");
  return OPTIONAL.has(name) || written ? "o" : "p";
}

/** The text of src/abi/roles.ts. */
export function roles() {
  const rows = readAbi()
    .kernels.filter(({ name }) => !PACKING.test(name))
    .map(({ name, parameters, types }) => {
      return `  ${name}: "${parameters.map((parameter, i) => letterOf(name, parameter, types[i])).join("")}",`;
    });
  const long = rows.find((row) => row.length > WIDTH);
  if (long !== undefined) throw new Error(`a line of roles.ts is longer than ${WIDTH}: ${long}`);
  return `/**
 * Generated from assembly/ by \`npm run generate\`: what each argument of a kernel is that programs call, by a letter.
 *
 *   p  pointer, a multiple of 4     o  the same, or 0          u  pointer to bytes       f  float
 *   b  batch                        n  pixels, a loop          c  channels, a loop       a  words of 64 channels
 *   h w  height and width read      t l  padding, any sign     y x  height and width written
 *   k m  kernel                     s r  stride                d e  dilation             g  groups
 *   j  loop, at most 64             z  at least 1              v  at least 0             i  any integer
 */
export const ROLES = {
${rows.join("\n")}
} as const;
`;
}
