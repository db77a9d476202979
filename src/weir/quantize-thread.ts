import { parentPort, workerData } from "node:worker_threads";
import { type RowsJob, ownRows, requantize } from "../gguf/quantize/requantize.ts";
import type { Kernel } from "./quantize-pool.ts";

/** One thread of `quantize-pool.ts`: rows in, rows out. */

export interface QuantizeThreadData {
  readonly kernel: Kernel;
}

export type QuantizeAsk = "close" | { readonly id: number; readonly job: RowsJob };

export type QuantizeAnswer =
  | { readonly id: number; readonly bytes: Uint8Array }
  | { readonly id: number; readonly fault: string };

const port = parentPort;
if (!port) throw new Error("this is a worker thread");

const { kernel } = workerData as QuantizeThreadData; // only the pool starts it
// The engine's library is loaded only where it is asked for.
const rows =
  kernel === "native" ? (await import("../serve/engine/native-rows.ts")).nativeRows() : ownRows;

port.on("message", (asked: QuantizeAsk) => {
  if (asked === "close") {
    port.close();
    return;
  }
  const { id, job } = asked;
  try {
    const bytes = requantize(job, rows);
    port.postMessage({ id, bytes } satisfies QuantizeAnswer, [bytes.buffer as ArrayBuffer]);
  } catch (cause) {
    port.postMessage({ id, fault: String(cause) } satisfies QuantizeAnswer);
  }
});
