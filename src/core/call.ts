import type { FinishReason, GenerateRequest, Usage } from "./chat.ts";
import type { ErrorCode } from "./errors.ts";
import type { Nanos } from "./money.ts";
import type { RunMetadata } from "./run.ts";

/** What is known of a call once it is over: what the gateway hands to watch, and watch keeps. */

/** Who calls. Found from the API key, before anything else is looked at. */
export interface Caller {
  readonly keyId: string;
  readonly keyName: string;
  readonly scopes: readonly Scope[];
  /** Who pays. Absent: the tenant `default`. */
  readonly tenantId?: string;
  /** Names of models that the key may ask for, `*` at the end of one for any rest. Absent: all. */
  readonly models?: readonly string[];
  /** The key's own limits and its tenant's: what they say stands over weir.yaml. */
  readonly limits?: Limits;
  readonly tenantLimits?: Limits;
  /** The highest priority that the key may ask for, and its default. Absent: `normal`. */
  readonly priority?: Priority;
}

export const DEFAULT_TENANT = "default";

/** Whose tenant it is. */
export function tenantOf({ tenantId }: Pick<Caller, "tenantId">): string {
  return tenantId ?? DEFAULT_TENANT;
}

/**
 * What a key may do. `viewer` sees the dashboard, `operator` also acts on targets, `admin` may do
 * everything; `inference` calls models; `traces` sends and reads the traces of its own tenant.
 */
export type Scope = "viewer" | "operator" | "admin" | "inference" | "traces";

/** In a queue the first goes before the second. */
export const PRIORITIES = ["high", "normal", "low"] as const;
export type Priority = (typeof PRIORITIES)[number];

/** What somebody may use; what is absent does not limit. Minutes and hours slide, days and months are UTC's. */
export interface Limits {
  readonly requestsPerMinute?: number | undefined;
  readonly requestsPerDay?: number | undefined;
  readonly tokensPerMinute?: number | undefined;
  readonly tokensPerDay?: number | undefined;
  readonly tokensPerMonth?: number | undefined;
  /** Calls at the same time. */
  readonly concurrency?: number | undefined;
  readonly costPerMinute?: Nanos | undefined;
  readonly costPerDay?: Nanos | undefined;
  readonly costPerMonth?: Nanos | undefined;
}

/** Who wrote a text; `history`: the model, in an earlier turn. System prompts have none: they are ours. */
export type Origin = "developer" | "user" | "document" | "tool" | "history" | "assistant";

/**
 * What a detector saw, and what the policy made of it. Never the matched text itself. `scan_failed`:
 * the detector did not look, and nobody knows what it would have seen.
 */
export interface FindingRecord {
  readonly detector: string;
  readonly action: "flag" | "redact" | "block" | "hold" | "scan_failed";
  readonly origin: Origin;
  readonly confidence: number;
  /** The share of innocent texts (0 to 1) that look at least as much like it, where that was measured. */
  readonly falsePositiveRate?: number | undefined;
  /** What an attack said when it was decoded, and how it was hidden, outermost first. */
  readonly evidence?: { readonly text: string; readonly steps: readonly string[] } | undefined;
}

/** What came of the guard's look at a prompt: done, failed at some check, or nothing to look for. */
export type GuardScan = "done" | "failed" | "off";

export type CallStatus = "ok" | "error" | "blocked" | "canceled";

export type SpanKind =
  | "call"
  | "auth"
  | "admit"
  | "guard"
  | "cache"
  | "route"
  | "attempt"
  | "settle";

/** One stage of a call; times in milliseconds after the call's start. */
export interface SpanRecord {
  readonly id: string;
  readonly parent: string | null;
  readonly kind: SpanKind;
  readonly name: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly status: "ok" | "error" | "canceled";
  readonly attributes: Readonly<Record<string, string | number | boolean | null>>;
}

/**
 * Where a call's time went, small enough to be kept for every call: milliseconds after its start at
 * which each stage began. Absent: the call never came so far.
 */
export interface Timeline {
  readonly authMs: number;
  readonly admitAt: number;
  readonly guardAt?: number | undefined;
  /** Absent: the look never ended, or an older release wrote it. */
  readonly guardScan?: GuardScan | undefined;
  readonly routeAt?: number | undefined;
  readonly attemptAt?: number | undefined;
  readonly settledAt: number;
  readonly endedAt: number;
  readonly attempts: readonly AttemptFacts[];
}

/** One try at one target; times as in `Timeline`. */
export interface AttemptFacts {
  readonly target: string;
  readonly model: string;
  /** Why it was made; calls of older releases do not say. */
  readonly reason?: "first" | "failover" | "retry" | "hedge" | "continuation";
  readonly startedAt: number;
  readonly endedAt: number;
  readonly firstContentAt?: number | undefined;
  readonly isCanceled?: true | undefined;
  readonly errorCode?: string | undefined;
  readonly errorMessage?: string | undefined;
}

/** Where a call hangs in a trace that its client began, and what that client says of it. */
export interface CallLink {
  /** A UUID; of a W3C trace id, its 16 bytes. */
  readonly traceId: string;
  /** The run, or the run that is the span, under which the call was made. */
  readonly parentRunId: string | null;
  /** That run's place in LangSmith's order. */
  readonly dottedOrder: string | null;
  readonly project: string | null;
  readonly tags: readonly string[];
  readonly metadata: RunMetadata;
}

/** Which side of a release a call was on, and with which probability the router put it there. */
export interface ReleaseRecord {
  readonly id: string;
  readonly arm: "candidate" | "stable";
  readonly probability: number;
}

export interface CallRecord {
  /** 32 hex digits: the call's own id, and its trace's where the client began none. */
  readonly id: string;
  readonly at: number;
  readonly route: string;
  readonly model: string;
  /** The target that answered, or the last one tried. */
  readonly target: string | null;
  readonly keyId: string;
  readonly keyName: string;
  readonly user: string | null;
  readonly stream: boolean;
  readonly status: CallStatus;
  readonly httpStatus: number;
  readonly errorCode: ErrorCode | null;
  readonly errorMessage: string | null;
  readonly finishReason: FinishReason | null;
  readonly usage: Usage;
  /** Whether the counts are the upstream's or, where it gave none, our own estimate. */
  readonly usageEstimated: boolean;
  /** Null when the target has no known price. */
  readonly costNanos: Nanos | null;
  /** Of it, for the prompt and for the answer. */
  readonly inputCostNanos?: Nanos | null;
  readonly outputCostNanos?: Nanos | null;
  /** The price that it was priced by; null: none, or none with a name. */
  readonly priceVersion?: string | null;
  /** The id in the answer that the client got. */
  readonly answerId?: string | null;
  readonly durationMs: number;
  /** From the request's head to the first content of a streamed answer; null for others. */
  readonly ttftMs: number | null;
  readonly attempts: number;
  /** How the answer cache took part; null: not at all. */
  readonly cache: "hit" | "joined" | "similar" | "miss" | null;
  readonly tenantId: string;
  /** Null: the call is a trace of its own. */
  readonly link: CallLink | null;
  readonly findings: readonly FindingRecord[];
  /** Absent: nothing of its model was being released. */
  readonly release?: ReleaseRecord | undefined;
  readonly timeline: Timeline;
  /** As the guard let it through; null for embeddings. */
  readonly request: GenerateRequest | null;
  readonly output: string | null;
}
