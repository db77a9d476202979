import type { WeirError } from "../../core/errors.ts";
import type { Run } from "./run.ts";

/** Ended background runs whose events can still be read again. */
const MAX_ENDED = 32;

/** The responses that are being made, and the background ones that ended lately. */
export class Runs {
  private readonly running = new Map<string, Run>();
  /** Oldest first. */
  private readonly ended = new Map<string, Run>();
  private readonly waiting: (() => void)[] = [];

  get size(): number {
    return this.running.size;
  }

  add(id: string, run: Run): void {
    this.running.set(id, run);
  }

  over(id: string): void {
    const run = this.running.get(id);
    this.running.delete(id);
    if (!run?.isBackground) return;
    if (!this.hasBackground) for (const resolve of this.waiting.splice(0)) resolve();
    this.ended.set(id, run);
    const [oldest] = this.ended.keys();
    if (this.ended.size > MAX_ENDED && oldest !== undefined) this.ended.delete(oldest);
  }

  forget(id: string): void {
    this.ended.delete(id);
  }

  isRunning(id: string): boolean {
    return this.running.has(id);
  }

  /** A key's run in the background that has not ended. */
  background(keyId: string, id: string): Run | undefined {
    const run = this.running.get(id);
    return run?.isBackground && run.caller.keyId === keyId ? run : undefined;
  }

  /** A key's run in the background, also one that ended lately. */
  withEvents(keyId: string, id: string): Run | undefined {
    const run = this.running.get(id) ?? this.ended.get(id);
    return run?.caller.keyId === keyId ? run : undefined;
  }

  /** Resolves once nothing runs in the background. */
  async idle(): Promise<void> {
    if (!this.hasBackground) return;
    await new Promise<void>((resolve) => {
      this.waiting.push(resolve);
    });
  }

  private get hasBackground(): boolean {
    return this.running.values().some(({ isBackground }) => isBackground);
  }

  /** Ends everything that runs in the background. */
  breakOff(error: WeirError): void {
    for (const run of this.running.values()) if (run.isBackground) run.breakOff(error);
  }
}
