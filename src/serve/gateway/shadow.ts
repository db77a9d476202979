import type { ReleaseRecord } from "../../core/call.ts";
import type { ChatEvent, FinishReason, GenerateRequest, Usage } from "../../core/chat.ts";
import type { WeirError } from "../../core/errors.ts";
import type { AttemptRecord } from "./attempt.ts";
import { estimateTokens } from "./estimate.ts";
import type { CallContext, CopiedCall, GatewayNeeds, Shadow, Target } from "./needs.ts";
import { type Outcome, priced, toCallRecord } from "./record.ts";

/** The shadow target of a model, and how much of its traffic is copied. */
export interface ShadowTarget {
  readonly target: Target;
  readonly share: number;
  readonly calls: number;
}

export interface CopyNeeds extends Pick<GatewayNeeds, "recorder" | "now" | "monotonic"> {
  readonly newTraceId: () => string;
}

interface ShadowNeeds extends CopyNeeds, Pick<GatewayNeeds, "random"> {
  readonly shadowOf: (model: string) => ShadowTarget | undefined;
}

/** Who hears what became of a copy. */
export interface CopyListener {
  readonly release?: ReleaseRecord;
  saw?(events: readonly ChatEvent[]): void;
  ended(outcome: Outcome): void;
}

export const SHADOW_ROUTE = "shadow";

/**
 * Copies of calls to a target that is being tried out. Its answers reach nobody: they are recorded,
 * guarded like any, and no caller's limits or budgets know of them.
 */
export function createShadow(needs: ShadowNeeds): Shadow {
  const running = new Map<string, number>();

  return {
    copy(call) {
      const { model } = call;
      const shadow = needs.shadowOf(model.name);
      if (!shadow || needs.random() >= shadow.share) return;
      const count = running.get(model.name) ?? 0;
      if (count >= shadow.calls) return;
      running.set(model.name, count + 1);
      copyCall(call, shadow.target, needs, {
        ended: () => void running.set(model.name, (running.get(model.name) ?? 1) - 1),
      });
    },
  };
}

/** Sends a call to a target whose answer nobody sees. Never throws. */
export function copyCall(
  call: CopiedCall,
  target: Target,
  needs: CopyNeeds,
  listener: CopyListener,
): void {
  new ShadowCall(call, target, needs, listener).start();
}

/** One copy under way. */
class ShadowCall {
  private readonly request: GenerateRequest;
  private readonly target: Target;
  private readonly context: CallContext;
  private readonly needs: CopyNeeds;
  private readonly listener: CopyListener;
  private readonly record: AttemptRecord;
  private readonly scan;
  private usage: Usage | undefined;
  private finishReason: FinishReason | null = null;
  private output = "";
  private deltas = 0;

  constructor(
    { request, context, openOutput }: CopiedCall,
    target: Target,
    needs: CopyNeeds,
    listener: CopyListener,
  ) {
    this.listener = listener;
    const startedAt = needs.monotonic();
    const { deadlineMs: _, ...wishes } = context.wishes ?? {};
    // It is no part of its client's trace.
    const { link: _link, trace: _trace, ...rest } = context;
    this.request = request;
    this.target = target;
    this.needs = needs;
    this.context = {
      ...rest,
      traceId: needs.newTraceId(),
      route: SHADOW_ROUTE,
      startedAt,
      authMs: 0,
      wishes,
    };
    this.scan = openOutput();
    this.record = {
      target,
      reason: "first",
      startedAt,
      firstContentAt: undefined,
      endedAt: undefined,
      error: undefined,
      canceled: false,
    };
  }

  start(): void {
    const { target, request } = this;
    const finish = (error?: WeirError) => this.settle(error);
    target.provider.generate(
      { ...request, model: target.model },
      { events: (events) => this.took(events), done: finish, failed: finish },
    );
  }

  private took(events: readonly ChatEvent[]): void {
    const leaving = this.scan ? this.scan.push(events) : events;
    this.listener.saw?.(leaving);
    for (const event of leaving) {
      if (event.type === "usage") this.usage = event.usage;
      if (event.type === "finish") this.finishReason = event.reason;
      if (event.type !== "text-delta") continue;
      this.record.firstContentAt ??= this.needs.monotonic();
      this.output += event.text;
      this.deltas += 1;
    }
  }

  private settle(error: WeirError | undefined): void {
    const { record, request, target, needs } = this;
    const settledAt = needs.monotonic();
    record.endedAt = settledAt;
    record.error = error;
    const usage = this.usage ?? {
      inputTokens: estimateTokens(request),
      outputTokens: this.deltas,
    };
    const { source: _, ...plain } = request;
    const outcome = {
      model: request.model,
      status: error ? ("error" as const) : ("ok" as const),
      error,
      hasBegun: error === undefined,
      usage,
      usageEstimated: this.usage === undefined,
      cost: priced(usage, target),
      finishReason: this.finishReason,
      findings: this.scan?.findings ?? [],
      times: { admitAt: record.startedAt, attemptAt: record.startedAt },
      target,
      attempts: [record],
      release: this.listener.release,
      request: plain,
      output: this.output,
      settledAt,
    };
    needs.recorder.record(toCallRecord(this.context, outcome, needs));
    this.listener.ended(outcome);
  }
}
