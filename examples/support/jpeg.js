/** JPEG files to pixels on any runtime: mozjpeg in WebAssembly, from the compiled module that the runtime gives. */
import createDecoder from "@jsquash/jpeg/codec/dec/mozjpeg_dec.js";
import { XnorkitError } from "xnorkit";
import { image } from "xnorkit/image";

/** The decoder returns its pixels in one of these, which only browsers have. */
class Pixels {
  /** @param {Uint8ClampedArray} data @param {number} width @param {number} height */
  constructor(data, width, height) {
    this.data = data;
    this.width = width;
    this.height = height;
  }
}

/**
 * A decoder of JPEG files to RGBA, turned upright as their EXIF data says.
 * @param {WebAssembly.Module} module `@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm`, compiled
 * @returns {(bytes: Uint8Array) => Promise<import("xnorkit/image").Image>}
 */
export function jpegDecoder(module) {
  /** @type {string[]} */
  let complaints = [];
  const open = () => {
    Object.assign(globalThis, { ImageData: globalThis.ImageData ?? Pixels });
    return createDecoder({
      noInitialRun: true,
      instantiateWasm(
        /** @type {WebAssembly.Imports} */ imports,
        /** @type {(instance: WebAssembly.Instance) => void} */ receive,
      ) {
        const instance = new WebAssembly.Instance(module, imports);
        receive(instance);
        return instance.exports;
      },
      printErr: (/** @type {string} */ complaint) => complaints.push(complaint),
    });
  };
  /** @type {ReturnType<typeof open> | undefined} */
  let opened;
  return async (bytes) => {
    opened ??= open();
    const decoder = await opened;
    complaints = [];
    try {
      const pixels = decoder.decode(Uint8Array.from(bytes).buffer, true);
      if (pixels === null) throw new Error("it has no pixels");
      if (complaints.some((complaint) => /premature end/i.test(complaint))) throw new Error("its data ends early");
      const { width, height, data } = pixels;
      return image(width, height, 4, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    } catch (cause) {
      // A failure leaves the decoder's heap in an unknown state: the next picture gets a fresh one.
      opened = undefined;
      const reason = complaints.join(", ") || (cause instanceof Error ? cause.message : String(cause));
      throw new XnorkitError("bad-file", `the JPEG cannot be decoded: ${reason}`, { cause });
    }
  };
}
