import type { RoutingConfig } from "../../config/routing.ts";
import type {
  CallLink,
  CallRecord,
  Caller,
  FindingRecord,
  GuardScan,
  Priority,
} from "../../core/call.ts";
import type { ChatEvent, GenerateRequest, Sampling, Usage } from "../../core/chat.ts";
import type { WeirError } from "../../core/errors.ts";
import type { Nanos } from "../../core/money.ts";
import type { Clock, Later } from "../../core/time.ts";
import type { Attempt, AttemptListener, Provider, UpstreamTrace } from "../provider.ts";
import type { Elastic } from "./routing/elastic.ts";

/** What the gateway asks of the rest of the house. `weir.ts` hands in the parts that fit. */

/** One way to answer a model: a provider, an upstream model, a share of the traffic, a price. */
export interface Target {
  readonly id: string;
  /** The id of the target that this one is a further replica of. */
  readonly replicaOf?: string | undefined;
  readonly provider: Provider;
  /** The model's name upstream. */
  readonly model: string;
  readonly weight: number;
  readonly fallback: boolean;
  readonly price: Price | undefined;
  /** What a call can ask for by `x-weir-tags`. */
  readonly tags: readonly string[];
  /** The most calls at the same time; absent: no limit. */
  readonly concurrency?: number | undefined;
  /** Gets its next prompt only while few tokens wait there: a self-hosted engine. */
  readonly isPaced: boolean;
  /** Whether it can go on with another target's broken-off answer, and its own may go on elsewhere. */
  readonly continues: boolean;
  /** Whether lines that a client wrote for this vendor go there; all others do without. */
  readonly keepsClientLines: boolean;
  /** Absent where nothing is slow by itself: the embedded engine, which may still be loading. */
  readonly guards?: Guards | undefined;
}

/** When a target that answers is given up all the same. */
export interface Guards {
  readonly firstContentMs: number;
  /** In a stream's first 5 s. */
  readonly slowestTokens?: number | undefined;
}

/** Nano-dollars for one token; may be a fraction. */
interface PlainPrice {
  readonly input: number;
  readonly output: number;
  readonly cached: number;
  /** What is put into the upstream's cache; absent: as any input. */
  readonly cacheWrite?: number;
  /** Absent: as any output. */
  readonly reasoning?: number;
  /** Absent: as any input. */
  readonly image?: number;
  readonly audio?: number;
}

export interface Price extends PlainPrice {
  /** By which calls remember what they were priced by. */
  readonly version?: string;
  /** What stands instead for prompts of more tokens, the longest last. */
  readonly steps?: readonly (PlainPrice & { readonly over: number })[];
}

/** What a model says by itself: its own system prompt, and what holds where a request is silent. */
export interface ModelWords {
  readonly prompt?: string | undefined;
  readonly sampling?: Sampling | undefined;
  readonly maxTokens?: number | undefined;
  readonly stop?: readonly string[] | undefined;
}

/** A model: its targets, and what is said of the way to them. */
export interface RoutedModel {
  readonly words?: ModelWords | undefined;
  readonly name: string;
  readonly targets: readonly Target[];
  readonly routing: RoutingConfig;
  /** How further lines begin that differ in each request and mean nothing to a model. */
  readonly volatileLines: readonly string[];
  /** Set where the one target beside fallbacks has replicas that come and go. */
  readonly elastic?: Elastic | undefined;
}

export interface Models {
  /** Throws model_not_found with the names that exist. */
  find(name: string): RoutedModel;
}

/** What a call came to. */
export interface Estimate {
  readonly tokens: number;
  readonly costNanos: Nanos;
}

/** What a call may come to, worked out only where a limit asks for it. */
export interface CallBound {
  /** Whether the request itself says how many tokens may be made. */
  readonly isCapped: boolean;
  /** Whether the cost is known wherever the call may go. */
  readonly isPriced: boolean;
  /** Tokens in and out: rather too many, but not the most that could be. */
  tokens(outputWhereOpen: number): number;
  /** Never less than what the call will cost, if it makes no more than that where it is open. */
  cost(outputWhereOpen: number): Nanos;
}

/** Who wants to start what: all that a limit can be about. */
export interface AdmissionAsk {
  readonly caller: Caller;
  readonly route: string;
  readonly model: string;
  /** On whose behalf, as the request says. */
  readonly user: string | undefined;
  readonly bound: CallBound;
  /**
   * Set where all that the call sends is gathered until the turn's end: then what it takes may be
   * written down after the answer and before that, and this hears of it if it cannot be.
   */
  readonly lost?: ((error: WeirError) => void) | undefined;
}

export interface Admission {
  /**
   * Throws, or rejects with, rate_limited or budget_exceeded; nothing is taken then. Synchronous
   * where the counters stand in this process.
   */
  reserve(ask: AdmissionAsk): Reservation | Promise<Reservation>;
}

export interface Reservation {
  /** What is left, for the client: names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Set where the call must make no more tokens than that: its cost was reserved for so many. */
  readonly maxTokens?: number | undefined;
  /** Gives back what was not used. Only the first time counts; never throws. */
  settle(actual: Estimate): void;
}

export interface InputVerdict {
  /** The request to go on with: as it came, or with parts redacted. */
  readonly request: GenerateRequest;
  readonly findings: readonly FindingRecord[];
  /** Set when the call must not go on. */
  readonly blocked: WeirError | undefined;
  /** The answer will have what only this caller may see: no cache keeps or gives it. */
  readonly isPrivate?: boolean;
  /** What upstreams get of a request: with what nobody else is to see, no cache and no trace. */
  readonly toUpstream?: (request: GenerateRequest) => GenerateRequest;
  /** Whether everything was looked at that there was to look for; `off`: there was nothing. */
  readonly scan?: GuardScan;
  /** A watch over an answer to this request; undefined when there is nothing to look for. */
  openOutput(): OutputScan | undefined;
}

/** Whose call the guard looks at: its rules may differ by them. */
export type Guarded = Pick<CallContext, "route" | "caller">;

/** The guard, as the gateway sees it. */
export interface Gate {
  /** At once where it can. A rejection ends the call. */
  inspect(request: GenerateRequest, context: Guarded): InputVerdict | Promise<InputVerdict>;
}

export interface OutputScan {
  /** What may leave now; some text may be held back until more is known. */
  push(events: readonly ChatEvent[]): ChatEvent[];
  readonly findings: readonly FindingRecord[];
  /** Set once the answer must be cut. */
  readonly blocked: WeirError | undefined;
}

/** Answers given before. Looked into after the guard, so what is kept was let through. */
export interface AnswerCache {
  /**
   * Undefined: this call neither takes from the cache nor gives to it. Never throws, never rejects.
   * `variant` names a release whose candidate answers: it shares nothing with stable.
   */
  look(
    request: GenerateRequest,
    context: CallContext,
    variant?: string,
  ): CacheLook | undefined | Promise<CacheLook>;
}

export type CacheLook = CacheHit | CacheMiss;

export interface CacheHit {
  readonly kind: "hit" | "joined" | "similar";
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Tells the answer as an attempt would: at once, or as the call that is under way for the same
   * request gets it. `failed` before any event means: go on and generate.
   */
  play(listener: AttemptListener): Attempt;
}

/** The call generates, and shows the cache what its client got. One of `done` and `failed` ends it. */
export interface CacheMiss {
  readonly kind: "miss";
  readonly headers: Readonly<Record<string, string>>;
  /** Other calls get this answer too: it is finished even when its own client leaves. */
  readonly isAwaited: boolean;
  took(events: readonly ChatEvent[]): void;
  done(usage: Usage): void;
  failed(): void;
}

export interface Recorder {
  /** Takes a finished call. Must not block and must not throw. */
  record(call: CallRecord): void;
  /** A call began or ended: keeps the gauge of running calls. */
  active(change: 1 | -1): void;
}

export interface GatewayNeeds {
  readonly models: Models;
  readonly admission: Admission;
  readonly gate: Gate;
  readonly recorder: Recorder;
  /** Absent: every call is generated. */
  readonly cache?: AnswerCache;
  /** Gets copies of calls; absent: nowhere. */
  readonly shadow?: Shadow;
  /** Whether answers say where their time went. Absent: they do not. */
  readonly timingHeader?: () => boolean;
  readonly now: Clock;
  /** Milliseconds that never go back, for durations. */
  readonly monotonic: () => number;
  readonly later: Later;
  readonly random: () => number;
}

/** A call at the moment at which targets are asked. */
export interface CopiedCall {
  readonly request: GenerateRequest;
  readonly model: RoutedModel;
  readonly context: CallContext;
  /** Answers of the copy are guarded as the call's own. */
  readonly openOutput: () => OutputScan | undefined;
}

/** Sends a copy of a call to its model's shadow target, perhaps. Never throws, never waits. */
export interface Shadow {
  copy(call: CopiedCall): void;
}

/** What became of the request on its way. */
export interface AnswerFacts {
  /** Its wishes that the target has no word for. */
  readonly dropped: readonly string[];
  /** Fields that Weir does not know and that went along all the same. */
  readonly carried: readonly string[];
  /** Whether all of those went along. */
  readonly isRelayed: boolean;
  /** What else the client is told: limits, timings, where the answer came from. Lower case. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where a call's answer goes. The HTTP edge implements it, one per dialect. */
export interface Reply {
  /** Content follows: the status line may go out. Called once, before the first events. */
  begin(answer: AnswerFacts): void;
  /** False means that the client reads too slowly: hold until `resume` is called on the call. */
  events(events: readonly ChatEvent[]): boolean;
  end(usage: Usage): void;
  /** Before `begin` an error status, after it an error event. Nothing is called afterwards. */
  fail(error: WeirError): void;
}

export interface CallContext {
  /** The call's own id. */
  readonly traceId: string;
  /** The id in the answer that the client gets. */
  readonly answerId?: string;
  /** The client's trace, where it said one. */
  readonly link?: CallLink;
  /** What upstreams are told of the call's trace. */
  readonly trace?: UpstreamTrace;
  readonly route: string;
  readonly caller: Caller;
  /** `monotonic` when the request's head was read, and how long finding the key took. */
  readonly startedAt: number;
  readonly authMs: number;
  /** What the client asked for beside its request, by headers. */
  readonly wishes?: CallWishes;
  /** Hears what is left of the caller's limits, for the answer of a call beside generation. */
  readonly tell?: (headers: Readonly<Record<string, string>>) => void;
}

/** What one call may say of its own way, over what weir.yaml says. */
export interface CallWishes {
  /** Only this target. */
  readonly target?: string;
  /** Only targets that have all of these. */
  readonly tags?: readonly string[];
  readonly routing?: string;
  readonly priority?: Priority;
  /** The call is broken off when it has taken so long. */
  readonly deadlineMs?: number;
  /** Calls of one session go to one target while it is there. */
  readonly session?: string;
  /** `off` neither reads nor writes the cache, `refresh` writes only. */
  readonly cache?: "off" | "refresh";
  /** False: the first target's failure is the call's. */
  readonly failover?: boolean;
}

/** Starts a call; whatever becomes of it goes to its reply. */
export type Generate = (
  request: GenerateRequest,
  context: CallContext,
  reply: Reply,
) => RunningCall;

/** A call under way. */
export interface RunningCall {
  /** The client left: stop the work, settle what was used. */
  cancel(): void;
  /** The client reads again. */
  resume(): void;
  /** Ends it because of something that is not the client's doing: the client is told the error. */
  breakOff(error: WeirError): void;
}
