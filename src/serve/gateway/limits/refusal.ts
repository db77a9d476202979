import type { Amounts, Meter, Refusal } from "../../../core/ledger.ts";
import { WeirError } from "../../../core/errors.ts";
import { formatDollars } from "../../../core/money.ts";
import type { Caller } from "../../../core/call.ts";
import { formatDuration } from "../../../core/time.ts";
import { type HeaderPlan, nameOf, refusalHeaders } from "./headers.ts";

/** A ledger's refusal in words for who asked: which limit, how far, and what to do. */

export interface Refused {
  readonly meter: Meter;
  readonly refusal: Refusal;
  readonly amounts: Amounts;
  readonly caller: Caller;
  readonly headers: HeaderPlan;
}

const PERIODS = { minute: "a minute", day: "a day", month: "a month", open: "" } as const;

export function toError(refused: Refused): WeirError {
  const { meter, refusal, headers } = refused;
  const { retryAfterMs } = refusal;
  // A budget's minute comes back soon: clients may well try again by themselves.
  const isBudget = meter.unit === "cost" && meter.span !== "minute";
  return new WeirError(isBudget ? "budget_exceeded" : "rate_limited", textFor(refused), {
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    headers: refusalHeaders(headers, refusal.at, retryAfterMs),
  });
}

function textFor({ meter, refusal, amounts, caller }: Refused): string {
  const { unit, limit } = meter;
  const who = nameFor(meter, caller);
  const raise = placeOf(meter, caller);
  if (unit === "calls") {
    return `${who} already has ${refusal.used} calls running, its limit. Wait for one to end, or raise ${raise}.`;
  }
  const what = (amount: number) =>
    unit === "cost"
      ? formatDollars(amount)
      : `${amount} ${amount === 1 ? unit.slice(0, -1) : unit}`;
  const period = PERIODS[meter.span];
  const left = what(Math.max(0, limit - refusal.used));
  if (refusal.retryAfterMs === undefined) {
    return `This call may come to ${what(amounts[unit])} and ${lowered(who)} may use ${what(limit)} ${period}. Lower max_tokens, or raise ${raise}.`;
  }
  const wait = `Try again in ${formatDuration(Math.max(1000, refusal.retryAfterMs))}`;
  if (unit === "requests") {
    return `${who} has used up its ${what(limit)} ${period}. ${wait}, or raise ${raise}.`;
  }
  return `This call may come to ${what(amounts[unit])} and ${lowered(who)} has ${left} left of its ${what(limit)} ${period}. Lower max_tokens, ${lowered(wait)}, or raise ${raise}.`;
}

function nameFor({ scope, subject }: Meter, caller: Caller): string {
  if (scope === "perKey") return `The key "${caller.keyName}"`;
  if (scope === "perTenant") return `The tenant "${subject}"`;
  if (scope === "perUser") return `This user`;
  if (scope === "perModel") return `The model "${subject}"`;
  if (scope === "perEndpoint") return `The endpoint ${subject}`;
  return `The rule "${scope.slice("rule:".length)}"`;
}

/** Where the limit is written down. */
function placeOf(meter: Meter, { limits, tenantLimits }: Caller): string {
  if (meter.scope === "perKey" && limits?.[meter.field] !== undefined)
    return `the key's own ${meter.field}`;
  if (meter.scope === "perTenant" && tenantLimits?.[meter.field] !== undefined)
    return `the tenant's own ${meter.field}`;
  if (meter.scope.startsWith("rule:")) return `${meter.field} of that rule in limits.rules`;
  return `limits.${nameOf(meter)}`;
}

function lowered(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
