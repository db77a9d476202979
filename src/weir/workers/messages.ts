import type { CallRecord } from "../../core/call.ts";
import type { ErrorCode } from "../../core/errors.ts";
import type { ShedReason } from "../../http/lane/overload.ts";
import type { Gauge } from "../../watch/metrics/exposition.ts";
import type { LedgerAnswer, LedgerAsk } from "../../serve/gateway/limits/ledger-link.ts";

/** What the primary and its workers tell each other. Messages arrive in order, and once. */

export type FromWorker =
  | { readonly type: "hello" }
  | { readonly type: "listening"; readonly url: string }
  /** It cannot start: the reason is for whoever started the server. */
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "ledger"; readonly asks: readonly LedgerAsk[] }
  | { readonly type: "records"; readonly calls: readonly CallRecord[] }
  | { readonly type: "counts"; readonly counts: Counts };

/** What has changed since the last time. */
export interface Counts {
  /** Calls that run there, as a difference. */
  readonly active: number;
  readonly rejected: readonly (readonly [ErrorCode | "", number])[];
  readonly shed: readonly (readonly [ShedReason, number])[];
  /** What its cache and its routing know, as it stands now. */
  readonly gauges: readonly Gauge[];
}

export type ToWorker =
  | ({ readonly type: "start" } & WorkerStart)
  | { readonly type: "ledger"; readonly answers: readonly LedgerAnswer[] }
  /** The oldest batch of records was taken. */
  | { readonly type: "taken" }
  /** The configuration was changed: to be read again. */
  | { readonly type: "config" }
  | { readonly type: "drained"; readonly targets: readonly string[] }
  | { readonly type: "drain" };

/** Where a worker finds what only the primary has. */
export interface WorkerStart {
  /** Answers every request that is no plain call. */
  readonly innerUrl: string;
  readonly room: EngineRoom;
  /** Targets that an operator took out. */
  readonly drained: readonly string[];
}

/** The primary's embedded engines, as an upstream. */
export interface EngineRoom {
  readonly url: string;
  readonly secret: string;
}
