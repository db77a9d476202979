import type { LimitList, SpendList, SpendRow } from "../http/limit-schemas.ts";
import type { LimitCount } from "../serve/gateway/limits/notices.ts";
import { type Spending, spendingOf } from "./spending.ts";
import { standingOf } from "../serve/gateway/limits/standing.ts";
import type { Gauge } from "../watch/metrics/exposition.ts";
import type { House } from "./house.ts";

/** What the admin API and `/metrics` show of limits. */

export async function limitList({ limits, access, live, redis }: House): Promise<LimitList> {
  const own = {
    key: (id: string) => access.callerById(id)?.limits,
    tenant: (id: string) => access.known.tenants.find((tenant) => tenant.id === id)?.limits,
  };
  const shared = redis === undefined ? "no" : redis.isUp ? "yes" : "away";
  const rows = shared === "away" ? [] : await limits.ledger.rows();
  return {
    shared,
    limits: rows.flatMap((row) => {
      const standing = standingOf(row, live.config.limits, own);
      if (!standing) return [];
      const { kind, id, rule, field, unit, span, used, reserved, most, resetAt } = standing;
      const name = rule ?? (kind === "key" ? access.callerById(id)?.keyName : undefined) ?? id;
      return {
        subject: { kind, id, name },
        limit: field,
        unit,
        window: span,
        used,
        reserved,
        most: most ?? null,
        resetAt: resetAt ?? null,
      };
    }),
  };
}

/** What keys and tenants have used, as the traces have it: also those that nothing limits. */
export async function spendList({ traces, recorder }: House): Promise<SpendList> {
  // Who looks sees also what ended just now.
  await recorder.flush();
  const now = new Date();
  const dayFrom = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate());
  const monthFrom = Date.UTC(now.getUTCFullYear(), now.getUTCMonth());
  const rows = await spendingOf(traces, { dayFrom, monthFrom, now: now.getTime() });
  return {
    dayFrom,
    monthFrom,
    keys: summedBy(rows, "keyId"),
    tenants: summedBy(rows, "tenantId"),
  };
}

function summedBy(rows: readonly Spending[], name: "keyId" | "tenantId"): SpendRow[] {
  const sums = new Map<string, SpendRow>();
  for (const row of rows) {
    const { keyId, tenantId, ...spent } = row;
    const id = name === "keyId" ? keyId : tenantId;
    const sum = sums.get(id);
    if (!sum) sums.set(id, { id, ...spent });
    else {
      sum.dayCalls += row.dayCalls;
      sum.dayTokens += row.dayTokens;
      sum.dayNanos += row.dayNanos;
      sum.monthCalls += row.monthCalls;
      sum.monthTokens += row.monthTokens;
      sum.monthNanos += row.monthNanos;
    }
  }
  return [...sums.values()];
}

export function limitGauges({ limits, redis }: Pick<House, "limits" | "redis">): Gauge[] {
  const { counts } = limits.notices;
  const counter = (name: string, help: string, of: ReadonlyMap<string, LimitCount>): Gauge => ({
    name,
    help,
    type: "counter",
    values: Array.from(of.values(), ({ limit, by, value }) => ({ labels: { limit, by }, value })),
  });
  return [
    counter("weir_limit_refusals_total", "Calls that a limit refused.", counts.refusals),
    counter(
      "weir_limit_shadow_refusals_total",
      "Calls that a shadow limit would have refused.",
      counts.shadowRefusals,
    ),
    counter("weir_limit_soft_exceeded_total", "Calls beyond a soft limit.", counts.softExceeded),
    {
      name: "weir_budget_overshoot_nanos_total",
      help: "What calls cost beyond what was reserved for them, in nano-dollars.",
      type: "counter",
      values: [{ labels: {}, value: counts.overshootNanos }],
    },
    {
      name: "weir_redis_up",
      help: "Whether Redis answers in time.",
      type: "gauge",
      values: redis ? [{ labels: {}, value: redis.isUp ? 1 : 0 }] : [],
    },
  ];
}
