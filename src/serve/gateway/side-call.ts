import type { Usage } from "../../core/chat.ts";
import { WeirError, toWeirError } from "../../core/errors.ts";
import type { Provider } from "../provider.ts";
import type { AttemptRecord } from "./attempts.ts";
import { costOf } from "./estimate.ts";
import type { CallContext, Estimate, GatewayNeeds, Target } from "./needs.ts";
import { toCallRecord } from "./record.ts";
import type { Router } from "./route.ts";

/** What is asked of a model beside generation: vectors, a ranking, its tokens, a picture. */
export interface SideCall<Answer> {
  readonly model: string;
  readonly signal: AbortSignal;
  /** About how many tokens go in: what is reserved. */
  readonly tokens: number;
  /** Throws a WeirError; unsupported_parameter where this target cannot be asked at all. */
  ask(target: Target): Promise<Answer>;
  usageOf(answer: Answer): Usage;
}

type Needs = GatewayNeeds & { readonly router: Router };

const NOTHING: Usage = { inputTokens: 0, outputTokens: 0 };

/** One such call: admitted, tried over the model's targets, settled and recorded as any call. */
export async function sideCall<Answer>(
  call: SideCall<Answer>,
  context: CallContext,
  needs: Needs,
): Promise<Answer> {
  const times = { admitAt: needs.monotonic() };
  const model = needs.models.find(call.model);
  const reservation = await needs.admission.reserve({
    caller: context.caller,
    route: context.route,
    model: call.model,
    user: undefined,
    estimate: estimate(call, model.targets),
  });
  const attempts: AttemptRecord[] = [];
  needs.recorder.active(1);
  let usage = NOTHING;
  let error: WeirError | undefined;
  try {
    const answer = await tryTargets(needs.router.order(model.targets), call, attempts, needs);
    usage = call.usageOf(answer);
    return answer;
  } catch (cause) {
    error = call.signal.aborted
      ? new WeirError("client_closed", "The client left before the end.")
      : toWeirError(cause);
    throw error;
  } finally {
    const price = attempts.at(-1)?.target.price;
    const costNanos = price ? costOf(usage, price) : null;
    reservation.settle({
      tokens: usage.inputTokens + usage.outputTokens,
      costNanos: costNanos ?? 0,
    });
    const outcome = {
      model: call.model,
      status: statusOf(error),
      error,
      hasBegun: false,
      usage,
      usageEstimated: false,
      costNanos,
      finishReason: null,
      findings: [],
      times,
      attempts,
      request: null,
      output: null,
      settledAt: needs.monotonic(),
    };
    needs.recorder.record(toCallRecord(context, outcome, needs));
    needs.recorder.active(-1);
  }
}

function statusOf(error: WeirError | undefined): "ok" | "canceled" | "error" {
  if (!error) return "ok";
  return error.code === "client_closed" ? "canceled" : "error";
}

function estimate({ tokens }: { tokens: number }, targets: readonly Target[]): Estimate {
  const dearest = Math.max(0, ...targets.map(({ price }) => price?.input ?? 0));
  return { tokens: Math.ceil(tokens), costNanos: Math.ceil(tokens * dearest) };
}

async function tryTargets<Answer>(
  targets: readonly Target[],
  call: SideCall<Answer>,
  attempts: AttemptRecord[],
  needs: Needs,
): Promise<Answer> {
  let last = new WeirError("model_unavailable", "The model has no target that could answer.");
  for (const target of targets) {
    const record: AttemptRecord = {
      target,
      startedAt: needs.monotonic(),
      firstContentAt: undefined,
      endedAt: undefined,
      error: undefined,
      canceled: false,
    };
    attempts.push(record);
    try {
      const answer = await call.ask(target);
      needs.router.succeeded(target.id);
      return answer;
    } catch (cause) {
      last = toWeirError(cause);
      record.error = last;
      record.canceled = call.signal.aborted;
      const isOthers = last.retryable || last.code === "unsupported_parameter";
      if (last.retryable && !call.signal.aborted) needs.router.failed(target.id);
      if (!isOthers || call.signal.aborted) throw last;
    } finally {
      record.endedAt = needs.monotonic();
    }
  }
  throw last;
}

/** The refusal of a target whose provider lacks an ability. */
export function cannot({ name }: Provider, what: string): WeirError {
  return new WeirError(
    "unsupported_parameter",
    `The provider ${name} cannot ${what}. Ask a model whose target can.`,
    { param: "model" },
  );
}
