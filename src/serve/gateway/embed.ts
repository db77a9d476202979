import type { EmbedRequest, Usage } from "../../core/chat.ts";
import { WeirError, toWeirError } from "../../core/errors.ts";
import type { Embeddings } from "../provider.ts";
import type { AttemptRecord } from "./attempts.ts";
import { costOf } from "./estimate.ts";
import type { CallContext, Estimate, GatewayNeeds, Target } from "./needs.ts";
import { toCallRecord } from "./record.ts";
import type { Router } from "./route.ts";

const CHARS_PER_TOKEN = 2;

/** One embeddings call: admitted, tried over the model's targets, settled and recorded as any call. */
export async function embed(
  request: EmbedRequest,
  context: CallContext,
  signal: AbortSignal,
  needs: GatewayNeeds & { router: Router },
): Promise<Embeddings> {
  const times = { admitAt: needs.monotonic() };
  const model = needs.models.find(request.model);
  const reservation = needs.admission.reserve(context.caller, estimate(request, model.targets));
  const attempts: AttemptRecord[] = [];
  needs.recorder.active(1);
  let usage: Usage = { inputTokens: 0, outputTokens: 0 };
  let error: WeirError | undefined;
  try {
    const order = needs.router.order(model.targets);
    const answer = await tryTargets(order, request, { attempts, signal, needs });
    usage = answer.usage;
    return answer;
  } catch (cause) {
    error = signal.aborted
      ? new WeirError("client_closed", "The client left before the end.")
      : toWeirError(cause);
    throw error;
  } finally {
    const price = attempts.at(-1)?.target.price;
    const costNanos = price ? costOf(usage, price) : null;
    reservation.settle({ tokens: usage.inputTokens, costNanos: costNanos ?? 0 });
    const outcome = {
      model: request.model,
      status: error
        ? signal.aborted
          ? ("canceled" as const)
          : ("error" as const)
        : ("ok" as const),
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

function estimate({ input }: EmbedRequest, targets: readonly Target[]): Estimate {
  const tokens = input.reduce(
    (sum, text) => sum + (typeof text === "string" ? text.length / CHARS_PER_TOKEN : text.length),
    0,
  );
  const dearest = Math.max(0, ...targets.map(({ price }) => price?.input ?? 0));
  return { tokens: Math.ceil(tokens), costNanos: Math.ceil(tokens * dearest) };
}

async function tryTargets(
  targets: readonly Target[],
  request: EmbedRequest,
  {
    attempts,
    signal,
    needs,
  }: { attempts: AttemptRecord[]; signal: AbortSignal; needs: GatewayNeeds & { router: Router } },
): Promise<Embeddings> {
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
      const answer = await target.provider.embed({ ...request, model: target.model }, signal);
      needs.router.succeeded(target.id);
      return answer;
    } catch (cause) {
      last = toWeirError(cause);
      record.error = last;
      if (last.retryable) needs.router.failed(target.id);
      if (!last.retryable || signal.aborted) throw last;
    } finally {
      record.endedAt = needs.monotonic();
    }
  }
  throw last;
}
