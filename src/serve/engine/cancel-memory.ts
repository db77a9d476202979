/**
 * How a cancel reaches a decode that is under way. The host's main thread is inside llama.cpp then and
 * reads no messages, so the gateway also writes a byte to a pipe which a thread of its own reads
 * (cancel-listener.ts). That thread raises a byte in shared memory, which llama.cpp's abort callback
 * looks at after every node of the graph (cancel-flag.ts).
 *
 * Layout: byte 0 is the flag, byte 1 stays 0; word 1 counts cancels announced on the pipe, word 2
 * those that the main thread has handled. The flag is up while more are announced than handled.
 */
const ANNOUNCED = 1;
const HANDLED = 2;

export function createCancelMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(16);
}

/** The listener's side: `count` cancels have come in on the pipe. */
export function announceCancels(memory: SharedArrayBuffer, count: number): void {
  Atomics.add(new Int32Array(memory), ANNOUNCED, count);
  refreshFlag(memory);
}

/** The main thread's side: one cancel has been acted on. */
export function handleCancel(memory: SharedArrayBuffer): void {
  Atomics.add(new Int32Array(memory), HANDLED, 1);
  refreshFlag(memory);
}

/** Sets the flag by the counters again: two threads may have written it in the wrong order. */
export function refreshFlag(memory: SharedArrayBuffer): void {
  const words = new Int32Array(memory);
  const isUp = Atomics.load(words, ANNOUNCED) > Atomics.load(words, HANDLED);
  Atomics.store(new Uint8Array(memory), 0, isUp ? 1 : 0);
}
