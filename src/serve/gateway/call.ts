/**
 * One call, from its first check to its settlement. The steps stand in `startCall`, in order:
 *
 *   1. admit    limits are checked and the highest cost is reserved
 *   2. guard    what came in is inspected; it may be redacted or refused
 *   3. route    the model's targets are put in order
 *   4. attempt  targets are tried until one gives its first content
 *   5. relay    the output guard looks at every token before the client gets it
 *   6. settle   usage is counted, cost priced, the reservation closed, the call recorded
 *
 * The key was found before (`http/`): an unknown one never gets here.
 */
import type { CallStatus, FindingRecord } from "../../core/call.ts";
import type { ChatEvent, FinishReason, GenerateRequest, Usage } from "../../core/chat.ts";
import { WeirError, toWeirError } from "../../core/errors.ts";
import { Attempts } from "./attempts.ts";
import { costOf, estimate, estimateTokens } from "./estimate.ts";
import type {
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

export function startCall(
  request: GenerateRequest,
  context: CallContext,
  reply: Reply,
  needs: GatewayNeeds & { router: Router },
): RunningCall {
  const call = new Call(request, context, reply, needs);
  try {
    const model = needs.models.find(request.model);
    call.admit(estimate(request, model.targets));
    call.inspect();
    call.attempt(needs.router.order(model.targets));
  } catch (cause) {
    call.fail(toWeirError(cause));
  }
  return call;
}

/** The state of one call between its steps. Everything that ends it goes through `settle`, once. */
class Call implements RunningCall {
  private request: GenerateRequest;
  private readonly context: CallContext;
  private readonly reply: Reply;
  private readonly needs: GatewayNeeds & { router: Router };
  private readonly times: StageTimes;
  private reservation: Reservation | undefined;
  private attempts: Attempts | undefined;
  private scan: OutputScan | undefined;
  private inputFindings: readonly FindingRecord[] = [];
  private usage: Usage | undefined;
  private finishReason: FinishReason | null = null;
  private output = "";
  private deltas = 0;
  private hasBegun = false;
  private isOver = false;

  constructor(
    request: GenerateRequest,
    context: CallContext,
    reply: Reply,
    needs: GatewayNeeds & { router: Router },
  ) {
    this.request = request;
    this.context = context;
    this.reply = reply;
    this.needs = needs;
    this.times = { admitAt: needs.monotonic() };
    needs.recorder.active(1);
  }

  admit(highest: { tokens: number; costNanos: number }): void {
    this.reservation = this.needs.admission.reserve(this.context.caller, highest);
    this.times.guardAt = this.needs.monotonic();
  }

  inspect(): void {
    const verdict = this.needs.gate.inspect(this.request);
    this.request = verdict.request;
    this.inputFindings = verdict.findings;
    this.times.routeAt = this.needs.monotonic();
    if (verdict.blocked) throw verdict.blocked;
    this.scan = this.needs.gate.openOutput();
  }

  attempt(targets: readonly Target[]): void {
    this.times.attemptAt = this.needs.monotonic();
    const handlers = {
      events: (events: readonly ChatEvent[]) => this.relay(events),
      done: () => this.finish(),
      failed: (error: WeirError) => this.fail(error),
    };
    this.attempts = new Attempts(targets, this.request, handlers, this.needs);
    this.attempts.next();
  }

  cancel(): void {
    if (this.isOver) return;
    this.attempts?.cancel();
    this.settle("canceled", new WeirError("client_closed", "The client left before the end."));
  }

  resume(): void {
    if (!this.isOver) this.attempts?.resume();
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
      if (!this.reply.events(leaving)) this.attempts?.pause();
    }
    if (this.scan?.blocked) {
      this.attempts?.cancel();
      this.fail(this.scan.blocked);
    }
  }

  private begin(): void {
    this.reply.begin(this.attempts?.facts ?? { dropped: [], carried: [], isRelayed: false });
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
    this.reply.end(usage);
  }

  private settle(status: CallStatus, error: WeirError | undefined): Usage {
    this.isOver = true;
    const settledAt = this.needs.monotonic();
    const target = this.attempts?.records.at(-1)?.target;
    const counted = this.usage ?? this.attempts?.usage();
    const usage = counted ?? this.estimatedUsage(status);
    const costNanos = target?.price ? costOf(usage, target.price) : null;
    this.reservation?.settle({
      tokens: usage.inputTokens + usage.outputTokens,
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
