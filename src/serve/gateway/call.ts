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
import { WeirError } from "../../core/errors.ts";
import { whenKnown } from "../../core/when-known.ts";
import type { Attempt } from "../provider.ts";
import { Attempts } from "./attempts.ts";
import { costOf, estimate, estimateTokens } from "./estimate.ts";
import type {
  CacheLook,
  CacheMiss,
  CallContext,
  GatewayNeeds,
  OutputScan,
  Reply,
  Reservation,
  RunningCall,
  Target,
} from "./needs.ts";
import type { Router } from "./route.ts";
import { toCallRecord } from "./record.ts";
import type { StageTimes } from "./timeline.ts";

type Needs = GatewayNeeds & { readonly router: Router };

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
  private readonly context: CallContext;
  private readonly reply: Reply;
  private readonly needs: Needs;
  private readonly times: StageTimes;
  private targets: readonly Target[] = [];
  private reservation: Reservation | undefined;
  private attempts: Attempts | undefined;
  private look: CacheLook | undefined;
  /** What is being relayed: attempts, or an answer from the cache. */
  private source: Attempt | undefined;
  private scan: OutputScan | undefined;
  private inputFindings: readonly FindingRecord[] = [];
  private usage: Usage | undefined;
  private finishReason: FinishReason | null = null;
  private output = "";
  private deltas = 0;
  private hasBegun = false;
  private isOver = false;

  constructor(request: GenerateRequest, context: CallContext, reply: Reply, needs: Needs) {
    this.request = request;
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
      this.inspect();
      whenKnown(
        () => this.lookUp(),
        (look) => this.answer(look),
        failed,
      );
    };
    whenKnown(() => this.admit(), admitted, failed);
  }

  private admit(): Reservation | Promise<Reservation> {
    const { request, context, needs } = this;
    this.targets = needs.models.find(request.model).targets;
    return needs.admission.reserve({
      caller: context.caller,
      route: context.route,
      model: request.model,
      user: request.user,
      estimate: estimate(request, this.targets),
    });
  }

  /** Takes what was reserved; gives it back where the client left meanwhile. */
  private isAdmitted(reservation: Reservation): boolean {
    if (this.isOver) {
      reservation.settle({ tokens: 0, costNanos: 0 });
      return false;
    }
    this.reservation = reservation;
    this.times.guardAt = this.needs.monotonic();
    return true;
  }

  private inspect(): void {
    const verdict = this.needs.gate.inspect(this.request);
    this.request = verdict.request;
    this.inputFindings = verdict.findings;
    this.times.routeAt = this.needs.monotonic();
    if (verdict.blocked) throw verdict.blocked;
    this.scan = this.needs.gate.openOutput();
  }

  private lookUp(): CacheLook | undefined | Promise<CacheLook> {
    return this.needs.cache?.look(this.request, this.context);
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
    this.scan = this.needs.gate.openOutput();
    this.attempt();
  }

  private attempt(): void {
    this.times.attemptAt = this.needs.monotonic();
    const handlers = {
      events: (events: readonly ChatEvent[]) => this.relay(events),
      done: () => this.finish(),
      failed: (error: WeirError) => this.fail(error),
    };
    const targets = this.needs.router.order(this.targets);
    this.attempts = new Attempts(targets, this.request, handlers, this.needs);
    this.source = this.attempts;
    this.attempts.next();
  }

  cancel(): void {
    if (this.isOver) return;
    this.source?.cancel();
    this.settle("canceled", new WeirError("client_closed", "The client left before the end."));
  }

  resume(): void {
    if (!this.isOver) this.source?.resume();
  }

  fail(error: WeirError): void {
    if (this.isOver) return;
    this.settle(error.code === "blocked_by_guard" ? "blocked" : "error", error);
    this.reply.fail(error);
  }

  private relay(events: readonly ChatEvent[]): void {
    if (this.isOver) return;
    const leaving = this.scan ? this.scan.push(events) : events;
    for (const event of leaving) this.note(event);
    if (leaving.length > 0) {
      if (!this.hasBegun) {
        this.hasBegun = true;
        this.times.firstContentAt = this.needs.monotonic();
        this.begin();
      }
      this.miss?.took(leaving);
      if (!this.reply.events(leaving)) this.source?.pause();
    }
    if (this.scan?.blocked) {
      this.attempts?.cancel();
      this.fail(this.scan.blocked);
    }
  }

  private begin(): void {
    const facts = this.attempts?.facts ?? { dropped: [], carried: [], isRelayed: true };
    const headers = { ...this.reservation?.headers, ...this.look?.headers };
    this.reply.begin({ ...facts, headers });
  }

  private get miss(): CacheMiss | undefined {
    return this.look?.kind === "miss" ? this.look : undefined;
  }

  private note(event: ChatEvent): void {
    if (event.type === "usage") this.usage = event.usage;
    else if (event.type === "finish") this.finishReason = event.reason;
    else if (event.type === "text-delta") {
      this.output += event.text;
      this.deltas += 1;
    } else if (event.type === "refusal-delta") this.output += event.text;
    else if (event.type === "tool-call-delta") this.output += event.arguments;
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
    const target = this.attempts?.records.at(-1)?.target;
    const isFree = this.look !== undefined && this.look.kind !== "miss";
    const counted = this.usage ?? this.attempts?.usage();
    const usage = counted ?? this.estimatedUsage(status);
    const costNanos = isFree ? 0 : target?.price ? costOf(usage, target.price) : null;
    this.reservation?.settle({
      tokens: isFree ? 0 : usage.inputTokens + usage.outputTokens,
      costNanos: costNanos ?? 0,
    });
    const outcome = {
      model: this.request.model,
      status,
      error,
      hasBegun: this.hasBegun,
      usage,
      usageEstimated: counted === undefined,
      costNanos,
      finishReason: this.finishReason,
      findings: [...this.inputFindings, ...(this.scan?.findings ?? [])],
      times: this.times,
      attempts: this.attempts?.records ?? [],
      cache: this.look?.kind ?? null,
      request: withoutSource(this.request),
      output: this.hasBegun ? this.output : null,
      settledAt,
    };
    this.needs.recorder.record(toCallRecord(this.context, outcome, this.needs));
    this.needs.recorder.active(-1);
    return usage;
  }

  /** Where the upstream counted nothing: what was sent, about four characters a token. */
  private estimatedUsage(status: CallStatus): Usage {
    const reached = this.attempts?.records.some(
      ({ firstContentAt }) => firstContentAt !== undefined,
    );
    if (!reached && status !== "ok") return { inputTokens: 0, outputTokens: 0 };
    return { inputTokens: estimateTokens(this.request), outputTokens: this.deltas };
  }
}

/** What the client sent holds what the guard took out: it is not for the trace. */
function withoutSource(request: GenerateRequest): GenerateRequest {
  const { source: _, ...rest } = request;
  return rest;
}
