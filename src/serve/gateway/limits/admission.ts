import type { LimitsConfig } from "../../../config/limits.ts";
import { WeirError } from "../../../core/errors.ts";
import type { Amounts, Grant, Ledger, Refusal } from "../../../core/ledger.ts";
import type { Clock } from "../../../core/time.ts";
import type { Admission, AdmissionAsk, Estimate, Reservation } from "../needs.ts";
import { limitHeaders, nameOf } from "./headers.ts";
import type { LimitNotices } from "./notices.ts";
import { type Plan, createPlans } from "./plans.ts";
import { toError } from "./refusal.ts";

export interface AdmissionNeeds {
  /** As weir.yaml has them now: another object once it has changed. */
  readonly limits: () => LimitsConfig;
  readonly ledger: Ledger;
  readonly notices: LimitNotices;
  readonly now: Clock;
}

/** What a request without an end of its own is taken to make, where only a rate is at stake. */
const USUAL_OUTPUT_TOKENS = 1024;

const UNLIMITED: Reservation = { headers: {}, settle: () => undefined };

/** Limits and budgets at the door: what a call may come to is reserved before anything is done. */
export function createAdmission(needs: AdmissionNeeds): Admission {
  const planFor = createPlans(needs.limits);
  return {
    reserve(ask) {
      const plan = planFor(ask);
      if (plan.meters.length === 0) return UNLIMITED;
      const { amounts, maxTokens } = toAmounts(ask, plan, needs.limits());
      const answer = needs.ledger.reserve(plan.meters, amounts, ask.lost);
      const asking = { ask, plan, amounts, maxTokens, needs };
      if (answer instanceof Promise) return answer.then((known) => open(known, asking));
      return open(answer, asking);
    },
  };
}

interface Asking {
  readonly ask: AdmissionAsk;
  readonly plan: Plan;
  readonly amounts: Amounts;
  /** Set where the call must not make more. */
  readonly maxTokens: number | undefined;
  readonly needs: AdmissionNeeds;
}

function toAmounts(
  { bound }: AdmissionAsk,
  { boundsCost, countsCost, countsTokens }: Plan,
  { assumedOutputTokens, unpriced }: LimitsConfig,
): Pick<Asking, "amounts" | "maxTokens"> {
  if (boundsCost && !bound.isPriced && unpriced === "refuse") throw withoutPrice();
  // Without an end of its output a call has no highest cost: then it is given one.
  const isToBeCapped = boundsCost && !bound.isCapped;
  const output = isToBeCapped ? assumedOutputTokens : USUAL_OUTPUT_TOKENS;
  const amounts = {
    requests: 1,
    tokens: countsTokens ? bound.tokens(output) : 0,
    cost: countsCost ? bound.cost(output) : 0,
    calls: 1,
  };
  return { amounts, maxTokens: isToBeCapped ? output : undefined };
}

function withoutPrice(): WeirError {
  return new WeirError(
    "budget_exceeded",
    "This call's cost is not known, and a budget applies to it. Give its target a price in weir.yaml, or set limits.unpriced: allow.",
  );
}

function open(answer: Grant | Refusal, asking: Asking): Reservation {
  if (answer.isGranted) return new OpenReservation(answer, asking);
  const { plan, needs, amounts, ask } = asking;
  const meter = plan.meters[answer.at];
  if (!meter) throw new WeirError("internal", "the ledger refused for no reason");
  needs.notices.refused(meter);
  const { caller } = ask;
  throw toError({ meter, refusal: answer, amounts, caller, headers: plan.headers });
}

class OpenReservation implements Reservation {
  readonly maxTokens: number | undefined;
  private readonly grant: Grant;
  private readonly asking: Asking;
  private isSettled = false;

  constructor(grant: Grant, asking: Asking) {
    this.grant = grant;
    this.asking = asking;
    this.maxTokens = asking.maxTokens;
    for (const place of grant.exceeded) {
      const meter = asking.plan.meters[place];
      if (meter) asking.needs.notices.exceeded(meter);
    }
  }

  /** Made when they are asked for: most refusals and cut calls never do. */
  get headers(): Readonly<Record<string, string>> {
    const { plan, needs } = this.asking;
    const headers = limitHeaders(plan.headers, this.grant.used, needs.now());
    if (this.maxTokens !== undefined) headers["x-weir-max-tokens"] = String(this.maxTokens);
    if (this.grant.exceeded.length === 0) return headers;
    const soft = this.grant.exceeded.flatMap((place) => {
      const meter = plan.meters[place];
      return meter?.mode === "soft" ? nameOf(meter) : [];
    });
    if (soft.length > 0) headers["x-weir-limit-exceeded"] = soft.join(", ");
    return headers;
  }

  settle({ tokens, costNanos }: Estimate): void {
    if (this.isSettled) return;
    this.isSettled = true;
    const { amounts, plan, needs } = this.asking;
    this.grant.settle({ requests: 1, tokens, cost: costNanos, calls: 0 });
    if (plan.boundsCost && costNanos > amounts.cost)
      needs.notices.overshot(costNanos - amounts.cost);
  }
}
