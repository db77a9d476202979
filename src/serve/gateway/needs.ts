import type { CallRecord, Caller, FindingRecord } from "../../core/call.ts";
import type { ChatEvent, GenerateRequest, Usage } from "../../core/chat.ts";
import type { WeirError } from "../../core/errors.ts";
import type { Nanos } from "../../core/money.ts";
import type { Clock } from "../../core/time.ts";
import type { Provider } from "../provider.ts";

/** What the gateway asks of the rest of the house. `weir.ts` hands in the parts that fit. */

/** One way to answer a model: a provider, an upstream model, a share of the traffic, a price. */
export interface Target {
  readonly id: string;
  readonly provider: Provider;
  /** The model's name upstream. */
  readonly model: string;
  readonly weight: number;
  readonly fallback: boolean;
  readonly price: Price | undefined;
}

/** Nano-dollars for one token; may be a fraction. */
export interface Price {
  readonly input: number;
  readonly output: number;
  readonly cached: number;
}

export interface Models {
  /** Throws model_not_found with the names that exist. */
  find(name: string): { readonly name: string; readonly targets: readonly Target[] };
}

/** What a call may come to at the most; reserved before it starts. */
export interface Estimate {
  readonly tokens: number;
  readonly costNanos: Nanos;
}

export interface Admission {
  /** Throws rate_limited or budget_exceeded; nothing is taken then. */
  reserve(caller: Caller, estimate: Estimate): Reservation;
}

export interface Reservation {
  /** Gives back what was not used. Exactly once per reservation. */
  settle(actual: Estimate): void;
}

export interface InputVerdict {
  /** The request to go on with: as it came, or with parts redacted. */
  readonly request: GenerateRequest;
  readonly findings: readonly FindingRecord[];
  /** Set when the call must not go on. */
  readonly blocked: WeirError | undefined;
}

/** The guard, as the gateway sees it. Its decisions are synchronous. */
export interface Gate {
  inspect(request: GenerateRequest): InputVerdict;
  /** A watch over one call's answer; undefined when there is nothing to look for. */
  openOutput(): OutputScan | undefined;
}

export interface OutputScan {
  /** What may leave now; some text may be held back until more is known. */
  push(events: readonly ChatEvent[]): ChatEvent[];
  readonly findings: readonly FindingRecord[];
  /** Set once the answer must be cut. */
  readonly blocked: WeirError | undefined;
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
  readonly now: Clock;
  /** Milliseconds that never go back, for durations. */
  readonly monotonic: () => number;
  readonly random: () => number;
}

/** What became of the request on its way. */
export interface AnswerFacts {
  /** Its wishes that the target has no word for. */
  readonly dropped: readonly string[];
  /** Fields that Weir does not know and that went along all the same. */
  readonly carried: readonly string[];
  /** Whether all of those went along. */
  readonly isRelayed: boolean;
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
  readonly traceId: string;
  readonly route: string;
  readonly caller: Caller;
  /** `monotonic` when the request's head was read, and how long finding the key took. */
  readonly startedAt: number;
  readonly authMs: number;
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
}
