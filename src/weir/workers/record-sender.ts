import type { CallRecord } from "../../core/call.ts";

/** Sends finished calls to the primary: in batches, no more of them ahead than it has taken. */
export interface RecordSender {
  record(call: CallRecord): void;
  /** The primary took the oldest batch. */
  taken(): void;
  /** Resolves when everything was taken. */
  flush(): Promise<void>;
  /** Calls that were lost because the primary was too slow for too long. */
  readonly dropped: number;
}

const BATCH_MS = 50;
const MAX_BATCH = 500;
const MAX_AHEAD = 4;
/** Calls held while the primary is slow; beyond it the oldest are dropped, and counted. */
const MAX_WAITING = 20_000;

export function createRecordSender(
  send: (calls: readonly CallRecord[]) => void,
  later: (ms: number, run: () => void) => unknown,
): RecordSender {
  let waiting: CallRecord[] = [];
  let ahead = 0;
  let isScheduled = false;
  let dropped = 0;
  let idle: (() => void)[] = [];

  function sendNow(): void {
    isScheduled = false;
    while (waiting.length > 0 && ahead < MAX_AHEAD) {
      ahead += 1;
      send(waiting.splice(0, MAX_BATCH));
    }
    if (waiting.length > 0 || ahead > 0) return;
    const told = idle;
    idle = [];
    for (const tell of told) tell();
  }

  return {
    record(call) {
      waiting.push(call);
      if (waiting.length > MAX_WAITING) dropped += waiting.splice(0, MAX_BATCH).length;
      if (isScheduled) return;
      isScheduled = true;
      later(BATCH_MS, sendNow);
    },
    taken() {
      ahead -= 1;
      sendNow();
    },
    flush() {
      return new Promise((resolve) => {
        idle.push(resolve);
        sendNow();
      });
    },
    get dropped() {
      return dropped;
    },
  };
}
