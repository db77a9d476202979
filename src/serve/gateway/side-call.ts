import type { Usage } from "../../core/chat.ts";
import { WeirError, toWeirError } from "../../core/errors.ts";
import type { Provider } from "../provider.ts";
import type { AttemptRecord } from "./attempt.ts";
import { inputBound } from "./estimate.ts";
import type { CallBound, CallContext, GatewayNeeds, Target } from "./needs.ts";
import { modelFor } from "./model-for.ts";
import { priced, toCallRecord } from "./record.ts";
import { sideAskOf } from "./route-ask.ts";
import type { Route } from "./routing/route.ts";
import type { Router } from "./routing/router.ts";
import type { Ticket } from "./routing/ticket.ts";

/** What is asked of a model beside generation: vectors, a ranking, its tokens, a picture. */
export interface SideCall<Answer> {
  readonly model: string;
  readonly signal: AbortSignal;
  /** As many tokens as go in at the most; undefined where nobody can know. */
  readonly tokens: number | undefined;
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
  const model = modelFor(context.caller, call.model, needs.models);
  const reservation = await needs.admission.reserve({
    caller: context.caller,
    route: context.route,
    model: call.model,
    user: undefined,
    bound: boundOf(call, model.targets),
  });
  context.tell?.(reservation.headers);
  const attempts: AttemptRecord[] = [];
  needs.recorder.active(1);
  let usage = NOTHING;
  let error: WeirError | undefined;
  try {
    const route = needs.router.open(sideAskOf(model, context, call.tokens ?? 0));
    const answer = await tryTargets(route, call, attempts, needs);
    usage = call.usageOf(answer);
    return answer;
  } catch (cause) {
    error = call.signal.aborted
      ? new WeirError("client_closed", "The client left before the end.")
      : toWeirError(cause);
    throw error;
  } finally {
    const target = attempts.at(-1)?.target;
    const cost = target ? priced(usage, target) : null;
    reservation.settle({
      tokens: usage.inputTokens + usage.outputTokens,
      costNanos: cost ? cost.input + cost.output : 0,
    });
    const outcome = {
      model: call.model,
      status: statusOf(error),
      error,
      hasBegun: false,
      usage,
      usageEstimated: false,
      cost,
      finishReason: null,
      findings: [],
      times,
      target,
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

/** What nobody counts nobody can price. */
function boundOf(
  { tokens }: Pick<SideCall<unknown>, "tokens">,
  targets: readonly Target[],
): CallBound {
  const bound = inputBound(tokens ?? 0, targets);
  return tokens === undefined ? { ...bound, isPriced: false } : bound;
}

async function tryTargets<Answer>(
  route: Route,
  call: SideCall<Answer>,
  attempts: AttemptRecord[],
  needs: Needs,
): Promise<Answer> {
  let last: WeirError | undefined;
  for (;;) {
    const ticket = await nextTicket(route, call.signal, last);
    const record = begin(ticket, needs);
    attempts.push(record);
    try {
      const answer = await call.ask(ticket.target);
      ticket.ended({ how: "answered" });
      return answer;
    } catch (cause) {
      last = toWeirError(cause);
      record.error = last;
      record.canceled = call.signal.aborted;
      if (record.canceled) ticket.ended({ how: "withdrawn" });
      else ticket.ended(last.retryable ? { how: "failed", error: last } : { how: "answered" });
      const isOthers = last.retryable || last.code === "unsupported_parameter";
      if (!isOthers || record.canceled) throw last;
    } finally {
      record.endedAt = needs.monotonic();
    }
  }
}

/** The next target, as soon as it has room. Rejects when none is left, or the client has left. */
function nextTicket(
  route: Route,
  signal: AbortSignal,
  last: WeirError | undefined,
): Promise<Ticket> {
  const { promise, resolve, reject } = Promise.withResolvers<Ticket>();
  const left = () => {
    route.leave();
    reject(new WeirError("client_closed", "The client left before the end."));
  };
  signal.addEventListener("abort", left);
  route.next({ go: resolve, none: reject }, last);
  return promise.finally(() => signal.removeEventListener("abort", left));
}

function begin({ target, reason }: Ticket, needs: Needs): AttemptRecord {
  return {
    target,
    reason,
    startedAt: needs.monotonic(),
    firstContentAt: undefined,
    endedAt: undefined,
    error: undefined,
    canceled: false,
  };
}

/** The refusal of a target whose provider lacks an ability. */
export function cannot({ name }: Provider, what: string): WeirError {
  return new WeirError(
    "unsupported_parameter",
    `The provider ${name} cannot ${what}. Ask a model whose target can.`,
    { param: "model" },
  );
}
