import koffi from "koffi";
import type { Pointer } from "./layout.ts";

/** An abort callback for llama.cpp and the data that it is called with. */
export interface AbortCallback {
  readonly callback: Pointer;
  readonly data: Pointer;
}

/**
 * An abort callback without any JavaScript: libc's `strlen`, with the cancel memory as its text. The
 * empty text has length 0, go on; a raised flag makes it 1, stop. Keep the memory alive.
 */
export function abortCallbackOn(memory: SharedArrayBuffer): AbortCallback {
  const libc = koffi.load(process.platform === "win32" ? "msvcrt.dll" : null);
  return {
    callback: libc.symbol("strlen") as Pointer, // koffi gives a symbol as its address
    data: koffi.address(new Uint8Array(memory)),
  };
}
