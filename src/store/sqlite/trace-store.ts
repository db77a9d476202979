import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { CallFigures, CallFilter, CallRow, Spending } from "./calls.ts";
import type { FromTraceWorker, ToTraceWorker, TraceQuestions } from "./trace-worker.ts";

export interface TraceStore {
  /** Takes calls for keeping, each a line of JSON of a CallRow; resolves when they are in the log, rejects when the disk refused. */
  append(lines: Uint8Array, count: number): Promise<void>;
  find(id: string): Promise<CallRow | undefined>;
  list(filter: CallFilter): Promise<{ calls: CallRow[]; next: string | null }>;
  figures(from: number, to: number): Promise<CallFigures[]>;
  countsByModel(from: number): Promise<Record<string, number>>;
  spending(day: number, month: number): Promise<Spending[]>;
  /** Resolves when everything appended so far is in the database. */
  merged(): Promise<void>;
  keep(keepMs: number): void;
  close(): Promise<void>;
}

export interface TraceStoreOptions {
  readonly folder: string;
  readonly keepMs: number;
  /** Told when the database refuses; calls wait in the log meanwhile. */
  readonly onTrouble: (message: string) => void;
}

/** The trace database behind a worker thread, so that no request ever waits for a disk. */
export async function openTraceStore(options: TraceStoreOptions): Promise<TraceStore> {
  const client = new TraceClient(options);
  await client.countsByModel(Number.MAX_SAFE_INTEGER); // opened, or the reason why not
  return client;
}

class TraceClient implements TraceStore {
  private readonly worker: Worker;
  private readonly asks = new Map<number, PromiseWithResolvers<unknown>>();
  private readonly appends: PromiseWithResolvers<void>[] = [];
  private readonly closed = Promise.withResolvers<void>();
  private lastAsk = 0;

  constructor({ folder, keepMs, onTrouble }: TraceStoreOptions) {
    const entry = new URL(`./trace-worker${extname(import.meta.url)}`, import.meta.url);
    this.worker = new Worker(fileURLToPath(entry), { workerData: { folder, keepMs } });
    this.worker.on("message", (message: FromTraceWorker) => {
      if (message.type === "trouble") onTrouble(message.message);
      else this.take(message);
    });
    this.worker.on("error", (cause) => {
      this.failAll(cause instanceof Error ? cause : new Error(String(cause)));
    });
    this.worker.on("exit", () => {
      this.failAll(new Error("the trace store's thread ended"));
      this.closed.resolve();
    });
  }

  append(lines: Uint8Array, count: number): Promise<void> {
    const waiting = Promise.withResolvers<void>();
    this.appends.push(waiting);
    // Memory changes hands; the caller's own stays his, for the next calls or for another try.
    const bytes = new Uint8Array(lines);
    this.tell({ type: "append", lines: bytes, count }, [bytes.buffer]);
    return waiting.promise;
  }

  find(id: string): Promise<CallRow | undefined> {
    return this.ask("find", { id });
  }

  list(filter: CallFilter): Promise<{ calls: CallRow[]; next: string | null }> {
    return this.ask("list", filter);
  }

  figures(from: number, to: number): Promise<CallFigures[]> {
    return this.ask("figures", { from, to });
  }

  countsByModel(from: number): Promise<Record<string, number>> {
    return this.ask("countsByModel", { from });
  }

  spending(day: number, month: number): Promise<Spending[]> {
    return this.ask("spending", { day, month });
  }

  merged(): Promise<void> {
    return this.ask("merged", {});
  }

  keep(keepMs: number): void {
    this.tell({ type: "keep", keepMs });
  }

  close(): Promise<void> {
    this.tell({ type: "close" });
    return this.closed.promise;
  }

  private ask<Q extends keyof TraceQuestions, A>(
    question: Q,
    detail: TraceQuestions[Q],
  ): Promise<A> {
    const waiting = Promise.withResolvers<unknown>();
    this.asks.set(++this.lastAsk, waiting);
    this.tell({ type: "ask", ask: this.lastAsk, question, detail });
    return waiting.promise as Promise<A>; // the worker answers each question with its own type
  }

  private tell(message: ToTraceWorker, moved: ArrayBuffer[] = []): void {
    this.worker.postMessage(message, moved);
  }

  private take(message: Exclude<FromTraceWorker, { type: "trouble" }>): void {
    if (message.type === "closed") this.closed.resolve();
    else if (message.type === "appended") {
      const first = this.appends.shift();
      if (message.error === undefined) first?.resolve();
      else first?.reject(new Error(message.error));
    } else {
      const waiting = this.asks.get(message.ask);
      this.asks.delete(message.ask);
      if (message.type === "answer") waiting?.resolve(message.value);
      else waiting?.reject(new Error(message.message));
    }
  }

  private failAll(cause: Error): void {
    for (const waiting of [...this.asks.values(), ...this.appends.splice(0)]) waiting.reject(cause);
    this.asks.clear();
  }
}
