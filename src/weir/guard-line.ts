import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { Piece, Seen } from "../guard/gate.ts";
import type { GuardRules, Place } from "../guard/policy/policy-for.ts";
import type { GuardAnswer, GuardAsk, GuardThreadData } from "./guard-thread.ts";

/**
 * The way to the guard's thread. It is started when it is first needed, and again after it ended or
 * when other rules hold. One that does not answer in time is ended: what else waited for it fails too.
 */
export class GuardLine {
  private readonly entry: URL;
  private readonly dataFolder: string | undefined;
  private current: { readonly rules: GuardRules; readonly thread: GuardThread } | undefined;

  /** `dataFolder` may hold a model that was taught there. */
  constructor(entry: URL, dataFolder?: string) {
    this.entry = entry;
    this.dataFolder = dataFolder;
  }

  /**
   * Without a place it is personal data alone that is looked for. Rejects when nothing was seen after
   * `deadlineMs`, or when the thread ended.
   */
  see(
    pieces: readonly Piece[],
    place: Place | undefined,
    { rules, deadlineMs }: { readonly rules: GuardRules; readonly deadlineMs: number },
  ): Promise<readonly Seen[]> {
    if (this.current?.rules !== rules || this.current.thread.isOver) {
      this.current?.thread.retire();
      this.current = {
        rules,
        thread: new GuardThread(this.entry, { rules, dataFolder: this.dataFolder }),
      };
    }
    return this.current.thread.see(pieces, place, deadlineMs);
  }

  async close(): Promise<void> {
    await this.current?.thread.end("the guard's thread was closed");
  }
}

interface Waiting {
  readonly answer: PromiseWithResolvers<readonly Seen[]>;
  readonly timer: NodeJS.Timeout;
}

class GuardThread {
  isOver = false;
  private isRetired = false;
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private asked = 0;

  constructor(entry: URL, data: GuardThreadData) {
    this.worker = new Worker(fileURLToPath(entry), { workerData: data });
    this.worker.unref();
    this.worker.on("message", ({ ask, seen }: GuardAnswer) => this.take(ask, seen));
    this.worker.on("error", ({ name }) => this.over(`the guard's thread failed with ${name}`));
    this.worker.on("exit", () => this.over("the guard's thread ended"));
  }

  see(
    pieces: readonly Piece[],
    place: Place | undefined,
    deadlineMs: number,
  ): Promise<readonly Seen[]> {
    const ask = ++this.asked;
    const answer = Promise.withResolvers<readonly Seen[]>();
    const late = () => void this.end("the guard's thread did not answer in time");
    this.waiting.set(ask, { answer, timer: setTimeout(late, deadlineMs) });
    const message: GuardAsk = { ask, pieces, place };
    this.worker.postMessage(message);
    return answer.promise;
  }

  /** Ends once nobody waits any more. */
  retire(): void {
    this.isRetired = true;
    if (this.waiting.size === 0) void this.end("the guard's rules have changed");
  }

  async end(reason: string): Promise<void> {
    this.over(reason);
    await this.worker.terminate();
  }

  private take(ask: number, seen: readonly Seen[]): void {
    const waiting = this.waiting.get(ask);
    if (!waiting) return;
    clearTimeout(waiting.timer);
    this.waiting.delete(ask);
    waiting.answer.resolve(seen);
    if (this.isRetired) this.retire();
  }

  private over(reason: string): void {
    this.isOver = true;
    for (const { answer, timer } of this.waiting.values()) {
      clearTimeout(timer);
      answer.reject(new Error(reason));
    }
    this.waiting.clear();
  }
}
