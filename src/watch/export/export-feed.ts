import type { KeptCall } from "../trace/recorder.ts";

/**
 * Where finished calls go beside the store: to a collector, to a hosted LangSmith. They come as the
 * recorder kept them, with masks and capture level applied. Never throws and never waits: what cannot
 * be delivered is spilled, then dropped and counted.
 */
export interface ExportFeed {
  offer(call: KeptCall): void;
}

/** What became of what was offered to one receiver. */
export interface ExportFigures {
  readonly receiver: string;
  readonly sent: number;
  readonly dropped: number;
  readonly retries: number;
  readonly waitingBytes: number;
  readonly spilledBytes: number;
  /** Why it takes nothing now; null where it does. */
  readonly trouble: string | null;
}

/** What a receiver did with a batch. */
export type Delivery =
  | { readonly kind: "taken" }
  /** It may take it later; `afterMs` where it said when. */
  | { readonly kind: "later"; readonly reason: string; readonly afterMs?: number | undefined }
  /** It will never take it. */
  | { readonly kind: "refused"; readonly reason: string };

/** Never rejects; a broken-off delivery is one for later. */
export type Deliver = (batch: Uint8Array, signal?: AbortSignal) => Promise<Delivery>;
