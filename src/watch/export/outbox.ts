import { messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { Later } from "../../core/time.ts";
import type { Deliver, Delivery } from "./export-feed.ts";
import type { SpillFolder } from "./spill-folder.ts";

export interface OutboxNeeds {
  readonly receiver: string;
  readonly deliver: Deliver;
  readonly spill: SpillFolder;
  readonly later: Later;
  readonly random: () => number;
  readonly log: Log;
  /** The first pause after a failure; it doubles up to a minute. */
  readonly retryMs?: number;
  readonly memoryBytes?: number;
}

/** A batch that is ready to be sent, and how many calls it is. */
interface Waiting {
  readonly batch: Uint8Array;
  readonly count: number;
}

const MEMORY_BYTES = 8 * 1024 * 1024;
const RETRY_MS = 1000;
const MOST_RETRY_MS = 60_000;
/** A server that ends does not wait longer for a receiver. */
const CLOSE_MS = 3000;
/** What a batch from disk holds is not known any more; it is counted as one thing that was sent. */
const UNKNOWN = 1;

/**
 * Delivers batches one after the other, and goes on trying while the receiver may take them later.
 * What does not fit in memory meanwhile waits on disk; what does not fit there is dropped, and counted.
 */
export class Outbox {
  sent = 0;
  dropped = 0;
  retries = 0;
  trouble: string | null = null;
  private readonly needs: OutboxNeeds;
  private readonly waiting: Waiting[] = [];
  private held = 0;
  private failures = 0;
  private working: Promise<void> | undefined;
  private stopPause: (() => void) | undefined;
  private isClosed = false;
  private readonly left = new AbortController();

  constructor(needs: OutboxNeeds) {
    this.needs = needs;
    // What an earlier process left behind.
    if (needs.spill.count > 0) this.wake();
  }

  get waitingBytes(): number {
    return this.held;
  }

  async add(batch: Uint8Array, count: number): Promise<void> {
    const { memoryBytes = MEMORY_BYTES } = this.needs;
    if (this.held + batch.length <= memoryBytes && !this.isClosed) {
      this.waiting.push({ batch, count });
      this.held += batch.length;
    } else await this.toDisk({ batch, count });
    this.wake();
  }

  /** Resolves when nothing is left to send, or the receiver takes nothing now. */
  async idle(): Promise<void> {
    while (this.working) await this.working;
  }

  /** Gives what waits a moment, then leaves the rest on disk for the next start. */
  async close(): Promise<void> {
    this.stopPause?.();
    this.stopPause = undefined;
    if (!this.trouble) await this.idleOrLate();
    this.isClosed = true;
    this.left.abort();
    await this.idle();
    for (const one of this.waiting.splice(0)) await this.toDisk(one);
    this.held = 0;
  }

  private idleOrLate(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = this.needs.later(CLOSE_MS, resolve);
    return Promise.race([this.idle(), promise]).finally(stop);
  }

  private wake(): void {
    if (this.working || this.stopPause || this.isClosed) return;
    this.working = this.work().finally(() => {
      this.working = undefined;
    });
  }

  private async work(): Promise<void> {
    while (!this.isClosed && !this.stopPause) {
      const [first] = this.waiting;
      if (first) {
        if (!this.settled(await this.deliver(first.batch), first.count)) return;
        this.waiting.shift();
        this.held -= first.batch.length;
        continue;
      }
      if (!(await this.sendSpilled())) return;
    }
  }

  /** False where nothing is left on disk, or the receiver takes nothing now. */
  private async sendSpilled(): Promise<boolean> {
    const { spill } = this.needs;
    try {
      const batch = await spill.oldest();
      if (!batch || !this.settled(await this.deliver(batch), UNKNOWN)) return false;
      await spill.removeOldest();
      return true;
    } catch (cause) {
      this.pause({ kind: "later", reason: messageOf(cause) });
      return false;
    }
  }

  private deliver(batch: Uint8Array): Promise<Delivery> {
    return this.needs.deliver(batch, this.left.signal);
  }

  /** True where the batch is done with: taken, or never to be. */
  private settled(delivery: Delivery, count: number): boolean {
    if (delivery.kind === "later") {
      this.pause(delivery);
      return false;
    }
    this.failures = 0;
    if (delivery.kind === "taken") {
      if (this.trouble) this.needs.log.info("export_recovered", { receiver: this.needs.receiver });
      this.trouble = null;
      this.sent += count;
    } else this.drop(count, delivery.reason);
    return true;
  }

  private pause({ reason, afterMs }: Delivery & { kind: "later" }): void {
    const { retryMs = RETRY_MS, later, random, log, receiver } = this.needs;
    if (!this.trouble) log.warn("export_waits", { receiver, reason });
    this.trouble = reason;
    this.retries += 1;
    const grown = Math.min(MOST_RETRY_MS, retryMs * 2 ** Math.min(this.failures++, 16));
    const ms = Math.max(afterMs ?? 0, grown * (0.5 + random() / 2));
    if (this.isClosed) return;
    this.stopPause = later(ms, () => {
      this.stopPause = undefined;
      this.wake();
    });
  }

  private async toDisk({ batch, count }: Waiting): Promise<void> {
    const reason = await this.needs.spill.add(batch).then(
      (isKept) => (isKept ? undefined : "there is no room left to wait in"),
      (cause: unknown) => messageOf(cause),
    );
    if (reason !== undefined) this.drop(count, reason);
  }

  /** Counts what was lost. */
  drop(count: number, reason: string): void {
    this.dropped += count;
    this.trouble = reason;
    const { log, receiver } = this.needs;
    log.error("export_dropped", { receiver, calls: count, reason });
  }
}
