import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { FromThread, ToThread, TraceThreadData } from "./messages.ts";
import { unpackError } from "./thread-error.ts";

/**
 * Far more than a thread needs. V8 lets garbage pile up in proportion to what it may use: with its own
 * default a third more memory was held under full ingest.
 */
const MOST_HEAP_MIB = 1024;

/** One of the two trace threads, as something that is asked and answers. */
export class ThreadLine {
  private readonly worker: Worker;
  private readonly asks = new Map<number, PromiseWithResolvers<unknown>>();
  private readonly closed = Promise.withResolvers<void>();
  private lastAsk = 0;

  constructor(
    name: "writer-thread" | "reader-thread",
    data: TraceThreadData,
    onNews: (message: Extract<FromThread, { type: "trouble" | "figures" }>) => void,
  ) {
    const entry = new URL(`./${name}${extname(import.meta.url)}`, import.meta.url);
    this.worker = new Worker(fileURLToPath(entry), {
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MIB },
    });
    this.worker.on("message", (message: FromThread) => {
      if (message.type === "trouble" || message.type === "figures") onNews(message);
      else this.take(message);
    });
    this.worker.on("error", (cause) => {
      this.failAll(cause instanceof Error ? cause : new Error(String(cause)));
    });
    this.worker.on("exit", () => {
      this.failAll(new Error("the trace thread ended"));
      this.closed.resolve();
    });
  }

  /** `moved`: memory that goes over to the thread. */
  ask<A>(method: string, args: readonly unknown[], moved: ArrayBuffer[] = []): Promise<A> {
    const { ask, answer } = this.newAsk();
    this.tell({ type: "ask", ask, method, args }, moved);
    return answer as Promise<A>; // the thread answers each method with its own type
  }

  calls(lines: Uint8Array<ArrayBuffer>, count: number): Promise<void> {
    const { ask, answer } = this.newAsk();
    this.tell({ type: "calls", ask, lines, count }, [lines.buffer]);
    return answer as Promise<void>; // answered with nothing
  }

  tell(message: ToThread, moved: ArrayBuffer[] = []): void {
    this.worker.postMessage(message, moved);
  }

  close(): Promise<void> {
    this.tell({ type: "close" });
    return this.closed.promise;
  }

  private newAsk() {
    const waiting = Promise.withResolvers<unknown>();
    this.asks.set(++this.lastAsk, waiting);
    return { ask: this.lastAsk, answer: waiting.promise };
  }

  private take(message: Exclude<FromThread, { type: "trouble" | "figures" }>): void {
    if (message.type === "closed") {
      this.closed.resolve();
      return;
    }
    const waiting = this.asks.get(message.ask);
    this.asks.delete(message.ask);
    if (message.type === "answer") waiting?.resolve(message.value);
    else waiting?.reject(unpackError(message.error));
  }

  private failAll(cause: Error): void {
    for (const waiting of this.asks.values()) waiting.reject(cause);
    this.asks.clear();
  }
}
