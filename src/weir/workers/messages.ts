import type { WeirConfig } from "../../config/schema.ts";
import type { Settings } from "../../config/settings.ts";
import type { CallRecord } from "../../core/call.ts";
import type { Decision, Outage } from "../../core/target-news.ts";
import type { ErrorCode } from "../../core/errors.ts";
import type { ShedReason } from "../../http/lane/overload.ts";
import type { RoutingReport } from "../../serve/gateway/routing/report.ts";
import type { Gauge } from "../../watch/metrics/exposition.ts";
import type { Sighting } from "../releases/arms.ts";
import type { Shares } from "../releases/open-releases.ts";
import type { LedgerAnswer, LedgerAsk } from "../../serve/gateway/limits/ledger-link.ts";

/** What the primary and its workers tell each other. Messages arrive in order, and once. */

export type FromWorker =
  | { readonly type: "hello" }
  | { readonly type: "listening"; readonly url: string }
  /** It cannot start: the reason is for whoever started the server. */
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "ledger"; readonly asks: readonly LedgerAsk[] }
  | { readonly type: "records"; readonly calls: readonly CallRecord[] }
  /** What became of calls of a model that is being released. */
  | { readonly type: "sighting"; readonly sighting: Sighting }
  | { readonly type: "counts"; readonly counts: Counts };

/** What has changed since the last time. */
export interface Counts {
  /** Calls that run there, as a difference. */
  readonly active: number;
  readonly rejected: readonly (readonly [ErrorCode | "", number])[];
  readonly shed: readonly (readonly [ShedReason, number])[];
  /** What its cache and its routing know, as it stands now. */
  readonly gauges: readonly Gauge[];
  readonly routing: RoutingReport;
  /** What it saw break. */
  readonly outages: readonly Outage[];
}

export type ToWorker =
  | ({ readonly type: "start" } & WorkerStart)
  | { readonly type: "ledger"; readonly answers: readonly LedgerAnswer[] }
  /** The oldest batch of records was taken. */
  | { readonly type: "taken" }
  /** The configuration was changed to this one. */
  | { readonly type: "config"; readonly config: WeirConfig }
  | { readonly type: "decisions"; readonly decisions: readonly Decision[] }
  /** All that anybody but this worker saw break. */
  | { readonly type: "outages"; readonly outages: readonly Outage[] }
  | { readonly type: "probed"; readonly identity: string; readonly isSound: boolean }
  /** How calls of released models are parted from now on. */
  | { readonly type: "releases"; readonly shares: Shares }
  | { readonly type: "drain" };

/** The source of what a worker hears of targets. */
export const PRIMARY = "primary";

/** Where a worker finds what only the primary has. */
export interface WorkerStart {
  /** Answers every request that is no plain call. */
  readonly innerUrl: string;
  /**
   * What the primary runs on now: the file may already say something else, or nothing that can be read.
   * Functions cannot be sent; the worker has the same environment.
   */
  readonly settings: Omit<Settings, "secret" | "adminKey">;
  readonly room: EngineRoom;
  /** What was said of targets until now. */
  readonly decisions: readonly Decision[];
  readonly outages: readonly Outage[];
  readonly shares: Shares;
}

/** The primary's embedded engines, as an upstream. */
export interface EngineRoom {
  readonly url: string;
  readonly secret: string;
}
