import type { LimitsConfig } from "../../../config/limits.ts";
import type { Caller } from "../../../core/call.ts";
import type { Meter } from "../../../core/ledger.ts";
import { type HeaderPlan, toHeaderPlan } from "./headers.ts";
import { type Subject, asksForUser, metersFor } from "./meters.ts";

/** All that is the same for many calls: worked out once, looked up for each. */
export interface Plan {
  readonly meters: readonly Meter[];
  readonly headers: HeaderPlan;
  /** The cost must stay below something, whatever happens. */
  readonly boundsCost: boolean;
  /** Somebody counts cost or tokens. */
  readonly countsCost: boolean;
  readonly countsTokens: boolean;
}

interface Kept {
  readonly plan: Plan;
  readonly caller: Caller;
}

const MOST = 10_000;

/** Plans by key, model, endpoint and, where it matters, user; forgotten when weir.yaml changes. */
export function createPlans(limits: () => LimitsConfig): (subject: Subject) => Plan {
  // By parts: one name put together for each call would have to be hashed anew each time.
  const kept = new Map<string, Map<string, Map<string, Kept>>>();
  let count = 0;
  let config = limits();
  let byUser = asksForUser(config);

  function shelfOf({ route, model }: Subject): Map<string, Kept> {
    const shelves = kept.get(model) ?? new Map<string, Map<string, Kept>>();
    const shelf = shelves.get(route) ?? new Map<string, Kept>();
    kept.set(model, shelves.set(route, shelf));
    return shelf;
  }

  function forget(): void {
    kept.clear();
    count = 0;
  }

  return (subject) => {
    const current = limits();
    if (current !== config) {
      config = current;
      byUser = asksForUser(config);
      forget();
    }
    const { caller, route, model, user } = subject;
    const id = byUser && user !== undefined ? `${caller.keyId}\0${user}` : caller.keyId;
    const known = kept.get(model)?.get(route)?.get(id);
    if (known && isSame(known.caller, caller)) return known.plan;
    if (count >= MOST) forget();
    count += 1;
    const plan = toPlan(metersFor(subject, config));
    shelfOf(subject).set(id, { plan, caller });
    return plan;
  };
}

/** Whether nothing that a limit looks at was changed on a key meanwhile. */
function isSame(known: Caller, caller: Caller): boolean {
  return (
    known === caller ||
    (known.limits === caller.limits &&
      known.tenantLimits === caller.tenantLimits &&
      known.tenantId === caller.tenantId &&
      known.keyName === caller.keyName)
  );
}

function toPlan(meters: readonly Meter[]): Plan {
  const counts = (unit: Meter["unit"]) => meters.some((meter) => meter.unit === unit);
  return {
    meters,
    headers: toHeaderPlan(meters),
    boundsCost: meters.some(({ unit, mode }) => unit === "cost" && mode === "hard"),
    countsCost: counts("cost"),
    countsTokens: counts("tokens"),
  };
}
