import { messageOf } from "../../core/errors.ts";
import type { Later } from "../../core/time.ts";
import type { KeptCall } from "../trace/recorder.ts";
import type { ExportFeed, ExportFigures } from "./export-feed.ts";
import { packed } from "./http-deliver.ts";
import { Outbox, type OutboxNeeds } from "./outbox.ts";

export interface ExporterNeeds extends OutboxNeeds {
  /** A batch of calls as the receiver wants them. Pure. */
  readonly encode: (calls: readonly KeptCall[]) => Uint8Array;
  /** The longest that a call waits for others. */
  readonly batchMs?: number;
  readonly later: Later;
}

export interface Exporter extends ExportFeed {
  figures(): ExportFigures;
  /** Hands over what waits; resolves when it was sent, or waits for a receiver that takes nothing now. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

const BATCH_MS = 2000;
const BATCH_CALLS = 200;
const BATCH_CHARS = 1024 * 1024;
/** Calls that are not encoded yet; beyond it a receiver is too slow even for the disk. */
const MOST_GATHERED = 5000;

/** Gathers calls, encodes them in batches, and leaves these to an outbox. */
export function createExporter(needs: ExporterNeeds): Exporter {
  const { encode, later, batchMs = BATCH_MS, receiver, spill } = needs;
  const outbox = new Outbox(needs);
  let gathered: KeptCall[] = [];
  let chars = 0;
  let stop: (() => void) | undefined;
  let handing: Promise<void> = Promise.resolve();

  function handOver(): Promise<void> {
    stop?.();
    stop = undefined;
    chars = 0;
    if (gathered.length === 0) return handing;
    const calls = gathered;
    gathered = [];
    handing = handing.then(() => encoded(calls));
    return handing;
  }

  async function encoded(calls: readonly KeptCall[]): Promise<void> {
    try {
      await outbox.add(await packed(encode(calls)), calls.length);
    } catch (cause) {
      outbox.drop(calls.length, messageOf(cause));
    }
  }

  return {
    offer(call) {
      // It is only counted, nowhere kept.
      if (call.capture === "none") return;
      if (gathered.length >= MOST_GATHERED) {
        outbox.dropped += 1;
        return;
      }
      gathered.push(call);
      chars += sizeOf(call);
      if (gathered.length >= BATCH_CALLS || chars >= BATCH_CHARS) void handOver();
      else stop ??= later(batchMs, () => void handOver());
    },
    figures: () => ({
      receiver,
      sent: outbox.sent,
      dropped: outbox.dropped,
      retries: outbox.retries,
      waitingBytes: outbox.waitingBytes,
      spilledBytes: spill.bytes,
      trouble: outbox.trouble,
    }),
    async flush() {
      await handOver();
      await outbox.idle();
    },
    async close() {
      await handOver();
      await outbox.close();
    },
  };
}

/** About; a prompt's texts are what makes a call large. */
function sizeOf({ output, request }: KeptCall): number {
  const messages = (request as { messages?: readonly { content?: unknown }[] } | null)?.messages;
  const asked = messages?.reduce(
    (sum, { content }) => sum + (typeof content === "string" ? content.length : 1000),
    0,
  );
  return 1000 + (output?.length ?? 0) + (asked ?? 0);
}
