import type { ChatEvent, GenerateRequest, Usage } from "../../core/chat.ts";
import type { WeirError } from "../../core/errors.ts";
import type { AttemptRecord } from "./attempt.ts";
import { estimateTokens } from "./estimate.ts";
import type { CallContext, CopiedCall, GatewayNeeds, Shadow, Target } from "./needs.ts";
import { priced, toCallRecord } from "./record.ts";

/** The shadow target of a model, and how much of its traffic is copied. */
export interface ShadowTarget {
  readonly target: Target;
  readonly share: number;
  readonly calls: number;
}

interface ShadowNeeds extends Pick<GatewayNeeds, "recorder" | "now" | "monotonic" | "random"> {
  readonly shadowOf: (model: string) => ShadowTarget | undefined;
  readonly newTraceId: () => string;
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
      new ShadowCall(call, shadow.target, needs).start(() => {
        running.set(model.name, (running.get(model.name) ?? 1) - 1);
      });
    },
  };
}

/** One copy under way. */
class ShadowCall {
  private readonly request: GenerateRequest;
  private readonly target: Target;
  private readonly context: CallContext;
  private readonly needs: ShadowNeeds;
  private readonly record: AttemptRecord;
  private readonly scan;
  private usage: Usage | undefined;
  private output = "";
  private deltas = 0;

  constructor({ request, context, openOutput }: CopiedCall, target: Target, needs: ShadowNeeds) {
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

  start(ended: () => void): void {
    const { target, request } = this;
    const finish = (error?: WeirError) => {
      this.settle(error);
      ended();
    };
    target.provider.generate(
      { ...request, model: target.model },
      { events: (events) => this.took(events), done: finish, failed: finish },
    );
  }

  private took(events: readonly ChatEvent[]): void {
    for (const event of this.scan ? this.scan.push(events) : events) {
      if (event.type === "usage") this.usage = event.usage;
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
      finishReason: null,
      findings: this.scan?.findings ?? [],
      times: { admitAt: record.startedAt, attemptAt: record.startedAt },
      target,
      attempts: [record],
      request: plain,
      output: this.output,
      settledAt,
    };
    needs.recorder.record(toCallRecord(this.context, outcome, needs));
  }
}
