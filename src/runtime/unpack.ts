import {
  type BitCoder,
  COPY,
  COPY_LENGTHS,
  codeLiteral,
  codeNumber,
  distanceContext,
  isCopyContext,
  isRepeatContext,
  LITERAL,
  MIN_COPY,
  REPEAT,
  REPEAT_LENGTHS,
  rangeCoder,
  SIZES,
} from "./packed_format.js";
import { STREAMS, splitStreams, streamOfNext } from "./wasm_streams.js";

function bitReader(packed: Uint8Array): BitCoder {
  let code = (packed[0] << 16) | (packed[1] << 8) | packed[2];
  let next = 3;
  return rangeCoder(
    (middle) => (code <= middle ? 1 : 0),
    () => {
      code = ((code << 8) & 0xffffff) | packed[next++];
    },
  );
}

function readStream(code: BitCoder, stream: number, size: number, known: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(known.length + size);
  bytes.set(known);
  let previous = LITERAL;
  let distance = 1;
  for (let at = known.length; at < bytes.length; ) {
    if (code(isCopyContext(stream, previous), 0) === 0) {
      bytes[at++] = codeLiteral(code, stream, 0);
      previous = LITERAL;
      continue;
    }
    let length: number;
    if (code(isRepeatContext(stream, previous), 0) === 1) {
      length = codeNumber(code, REPEAT_LENGTHS, 0);
      previous = REPEAT;
    } else {
      length = codeNumber(code, COPY_LENGTHS, 0) + MIN_COPY - 1;
      distance = codeNumber(code, distanceContext(length), 0);
      previous = COPY;
    }
    for (const end = at + length; at < end; at++) bytes[at] = bytes[at - distance];
  }
  return bytes.subarray(known.length);
}

/**
 * The bytes of a WebAssembly module that scripts/pack_wasm.mjs packed.
 * @param known The module that it was packed to copy from, where there is one.
 */
export function unpack(packed: Uint8Array, known = new Uint8Array()): Uint8Array<ArrayBuffer> {
  const code = bitReader(packed);
  const sizes = Array.from({ length: STREAMS }, () => codeNumber(code, SIZES, 0));
  const knownStreams = splitStreams(known);
  const streams = sizes.map((size, stream) => readStream(code, stream, size, knownStreams[stream]));
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size));
  const nextStream = streamOfNext();
  const read = new Uint16Array(STREAMS);
  let stream = 0;
  for (let at = 0; at < bytes.length; at++) {
    bytes[at] = streams[stream][read[stream]++];
    stream = nextStream(bytes[at]);
  }
  return bytes;
}
