/**
 * One call, from its first check to its settlement. The steps stand in `Call.run`, in order:
 *
 *   1. admit    limits are checked and the highest cost is reserved
 *   2. guard    what came in is inspected; it may be redacted or refused
 *   3. cache    an answer given before, or one under way for the same request, is taken
 *   4. route    the model's targets are put in order
 *   5. attempt  targets are tried until one gives its first content
 *   6. relay    the output guard looks at every token before the client gets it
 *   7. settle   usage is counted, cost priced, the reservation closed, the call recorded
 *
 * The key was found before (`http/`): an unknown one never gets here.
 */
import type { CallStatus, FindingRecord } from "../../core/call.ts";
import type { ChatEvent, FinishReason, GenerateRequest, Usage } from "../../core/chat.ts";
import { capOutput } from "../../core/dialects/cap-output.ts";
import { WeirError } from "../../core/errors.ts";
import { whenKnown } from "../../core/when-known.ts";
import type { Attempt } from "../provider.ts";
import { Attempts } from "./attempts.ts";
import { boundOf } from "./estimate.ts";
import type {
  CacheLook,
  CacheMiss,
  CallContext,
  GatewayNeeds,
  InputVerdict,
  OutputScan,
  Reply,
  Reservation,
  RoutedModel,
  RunningCall,
  Target,
} from "./needs.ts";
import { modelFor } from "./model-for.ts";
import type { ReleasedCall, Releases } from "./released.ts";
import { hedgeOf, routeAskOf } from "./route-ask.ts";
import type { Router } from "./routing/router.ts";
import { timingHeaders } from "./overhead.ts";
import { relayedId, statusOf, toCallRecord } from "./record.ts";
import { nothingSpent, spentOn } from "./spent.ts";
import { stabilised } from "./stabilise.ts";
import type { StageTimes } from "./timeline.ts";
import { worded } from "./worded.ts";

/** A client that has left while others wait for its answer. */
const NOBODY: Reply = {
  begin: () => undefined,
  events: () => true,
  end: () => undefined,
  fail: () => undefined,
};

type Needs = GatewayNeeds & {
  readonly router: Router;
  /** Absent: nothing is being released. */
  readonly releases?: Releases;
};

export function startCall(
  request: GenerateRequest,
  context: CallContext,
  reply: Reply,
  needs: Needs,
): RunningCall {
  const call = new Call(request, context, reply, needs);
  call.run();
  return call;
}

/** The state of one call between its steps. Everything that ends it goes through `settle`, once. */
class Call implements RunningCall {
  private request: GenerateRequest;
  /** The same without lines that differ in each request. */
  private stable: GenerateRequest;
  private readonly context: CallContext;
  private reply: Reply;
  private readonly needs: Needs;
  private readonly times: StageTimes;
  private model: RoutedModel | undefined;
  private released: ReleasedCall | undefined;
  private reservation: Reservation | undefined;
  private attempts: Attempts | undefined;
  private look: CacheLook | undefined;
  /** What is being relayed: attempts, or an answer from the cache. */
  private source: Attempt | undefined;
  private verdict: InputVerdict | undefined;
  private scan: OutputScan | undefined;
  private inputFindings: readonly FindingRecord[] = [];
  private usage: Usage | undefined;
  private finishReason: FinishReason | null = null;
  private output = "";
  /** Where the upstream's own answer goes on to the client: that one's id. */
  private answerId: string | undefined;
  private hasBegun = false;
  private isOver = false;

  constructor(request: GenerateRequest, context: CallContext, reply: Reply, needs: Needs) {
    this.request = request;
    this.stable = request;
    this.context = context;
    this.reply = reply;
    this.needs = needs;
    this.times = { admitAt: needs.monotonic() };
    needs.recorder.active(1);
  }

  run(): void {
    const failed = (error: WeirError) => this.fail(error);
    const admitted = (reservation: Reservation) => {
      if (!this.isAdmitted(reservation)) return;
      whenKnown(
        () => (this.released?.gate ?? this.needs.gate).inspect(this.request, this.context),
        (verdict) => this.inspected(verdict),
        failed,
      );
    };
    whenKnown(() => this.admit(), admitted, failed);
  }

  private admit(): Reservation | Promise<Reservation> {
    const { context, needs } = this;
    const model = modelFor(context.caller, this.request.model, needs.models);
    this.released = needs.releases?.assign(model, { context, request: this.request });
    this.model = this.released?.model ?? model;
    const request = (this.request = worded(this.request, this.model.words));
    return needs.admission.reserve({
      caller: context.caller,
      route: context.route,
      model: request.model,
      user: request.user,
      bound: boundOf(request, this.model),
      lost: this.model.targets.every(sendsAtTurnEnd) ? (error) => this.lost(error) : undefined,
    });
  }

  /** Takes what was reserved; gives it back where the client left meanwhile. */
  private isAdmitted(reservation: Reservation): boolean {
    if (this.isOver) {
      reservation.settle({ tokens: 0, costNanos: 0 });
      return false;
    }
    this.reservation = reservation;
    const { maxTokens } = reservation;
    if (maxTokens !== undefined) this.request = capOutput(this.request, maxTokens);
    this.times.guardAt = this.needs.monotonic();
    return true;
  }

  private inspected(verdict: InputVerdict): void {
    // The client left while the guard looked.
    if (this.isOver) return;
    this.request = verdict.request;
    this.stable = stabilised(verdict.request, this.model?.volatileLines);
    this.inputFindings = verdict.findings;
    if (verdict.scan) this.times.guardScan = verdict.scan;
    this.times.routeAt = this.needs.monotonic();
    if (verdict.blocked) throw verdict.blocked;
    this.verdict = verdict;
    this.scan = verdict.openOutput();
    whenKnown(
      () => this.lookUp(),
      (look) => this.answer(look),
      (error) => this.fail(error),
    );
  }

  private lookUp(): CacheLook | undefined | Promise<CacheLook> {
    if (this.verdict?.isPrivate) return undefined;
    const { record } = this.released ?? {};
    const variant = record?.arm === "candidate" ? record.id : undefined;
    return this.needs.cache?.look(this.stable, this.context, variant);
  }

  private answer(look: CacheLook | undefined): void {
    this.look = look;
    if (this.isOver) {
      if (look?.kind === "miss") look.failed();
      return;
    }
    if (look === undefined || look.kind === "miss") {
      this.attempt();
      return;
    }
    // What the cache keeps has passed the output guard of its own call.
    this.scan = undefined;
    this.source = look.play({
      events: (events) => this.relay(events),
      done: () => this.finish(),
      failed: (error) => {
        if (this.hasBegun) this.fail(error);
        else this.generateAfterAll();
      },
    });
  }

  /** The call whose answer this one waited for has failed. */
  private generateAfterAll(): void {
    if (this.isOver) return;
    this.look = undefined;
    this.scan = this.verdict?.openOutput();
    this.attempt();
  }

  private attempt(): void {
    const { model, stable: request, request: original, context, needs } = this;
    if (!model) return; // admitted, so it was found
    this.times.attemptAt = needs.monotonic();
    const ask = routeAskOf(request, model, context);
    const toUpstream = this.verdict?.toUpstream ?? ((asked) => asked);
    const attempts = new Attempts(
      {
        request: toUpstream(request),
        original: toUpstream(original),
        route: needs.router.open(ask),
        deadlineMs: context.wishes?.deadlineMs ?? model.routing.deadline,
        trace: context.trace,
        hedge: hedgeOf(model, needs.router),
      },
      {
        events: (events) => this.relay(events),
        done: () => this.finish(),
        failed: (error) => this.fail(error),
      },
      needs,
    );
    this.attempts = attempts;
    this.source = attempts;
    const copied = { request, model, context, openOutput: () => this.verdict?.openOutput() };
    needs.shadow?.copy(copied);
    this.released?.copy(copied);
    attempts.start();
  }

  cancel(): void {
    if (this.isOver) return;
    if (this.miss?.isAwaited && this.source) {
      this.reply = NOBODY;
      this.source.resume();
      return;
    }
    this.source?.cancel();
    this.settle("canceled", new WeirError("client_closed", "The client left before the end."));
  }

  resume(): void {
    if (!this.isOver) this.source?.resume();
  }

  breakOff(error: WeirError): void {
    this.fail(error);
  }

  /** What it may cost could not be written down. Nothing has left: no attempt was made. */
  private lost(error: WeirError): void {
    this.source?.cancel();
    this.attempts = undefined;
    this.fail(error);
  }

  private fail(error: WeirError): void {
    if (this.isOver) return;
    this.source?.cancel();
    this.settle(statusOf(error), error);
    this.reply.fail(error);
  }

  private relay(events: readonly ChatEvent[]): void {
    if (this.isOver) return;
    const leaving = this.scan ? this.scan.push(events) : events;
    for (const event of leaving) this.note(event);
    this.released?.saw(leaving);
    if (leaving.length > 0) {
      if (!this.hasBegun) {
        this.hasBegun = true;
        this.times.firstContentAt = this.needs.monotonic();
        this.answerId = relayedId(leaving[0]);
        this.begin();
      }
      this.miss?.took(leaving);
      if (!this.reply.events(leaving)) this.source?.pause();
    }
    if (this.scan?.blocked) this.fail(this.scan.blocked);
  }

  private begin(): void {
    const facts = this.attempts?.facts ?? { dropped: [], carried: [], isRelayed: true };
    const headers = { ...this.reservation?.headers, ...this.look?.headers, ...this.timing() };
    this.reply.begin({ ...facts, headers });
  }

  private timing(): Record<string, string> | undefined {
    const { needs, context, times, attempts } = this;
    if (!needs.timingHeader?.()) return undefined;
    return timingHeaders(context, times, attempts?.records ?? [], needs.monotonic());
  }

  private get miss(): CacheMiss | undefined {
    return this.look?.kind === "miss" ? this.look : undefined;
  }

  private note(event: ChatEvent): void {
    if (event.type === "usage") this.usage = event.usage;
    else if (event.type === "finish") this.finishReason = event.reason;
    else if (event.type === "tool-call-delta") this.output += event.arguments;
    else if ("text" in event) this.output += event.type === "reasoning-delta" ? "" : event.text;
  }

  private finish(): void {
    if (this.isOver) return;
    if (!this.hasBegun) {
      this.hasBegun = true;
      this.begin();
    }
    const usage = this.settle("ok", undefined);
    this.miss?.done(usage);
    this.reply.end(usage);
  }

  private settle(status: CallStatus, error: WeirError | undefined): Usage {
    this.isOver = true;
    if (status !== "ok") this.miss?.failed();
    const settledAt = this.needs.monotonic();
    const isGivenAgain = this.look !== undefined && this.look.kind !== "miss";
    const spent = isGivenAgain
      ? nothingSpent(this.usage)
      : spentOn(this.attempts, this.usage, this.request);
    const { usage, cost } = spent;
    const costNanos = cost ? cost.input + cost.output : 0;
    this.reservation?.settle({ tokens: spent.tokens, costNanos });
    const outcome = {
      model: this.request.model,
      status,
      error,
      hasBegun: this.hasBegun,
      usage,
      usageEstimated: spent.isEstimated,
      cost,
      finishReason: this.finishReason,
      findings: this.findings,
      times: this.times,
      target: this.attempts?.target,
      attempts: this.attempts?.records ?? [],
      cache: this.look?.kind ?? null,
      release: this.released?.record,
      request: withoutSource(this.request),
      output: this.hasBegun ? this.output : null,
      answerId: this.answerId,
      settledAt,
    };
    this.needs.recorder.record(toCallRecord(this.context, outcome, this.needs));
    this.needs.recorder.active(-1);
    this.released?.over(outcome);
    return usage;
  }

  private get findings(): readonly FindingRecord[] {
    const found = this.scan?.findings ?? [];
    return found.length === 0 ? this.inputFindings : [...this.inputFindings, ...found];
  }
}

function sendsAtTurnEnd({ provider }: Target): boolean {
  return provider.sendsAtTurnEnd === true;
}

/** What the client sent holds what the guard took out: it is not for the trace. */
function withoutSource(request: GenerateRequest): GenerateRequest {
  // A copy with a field less is made the slow way, which shows at every call.
  return { ...request, source: undefined };
}
