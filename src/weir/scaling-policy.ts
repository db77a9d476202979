import type { ScaleConfig } from "../config/scale.ts";
import type { ScaledModel } from "../serve/scaled-models.ts";
import type { PolicySettings } from "../ship/autoscale/policy.ts";
import type { RuleSettings } from "../ship/autoscale/rules.ts";

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/** The policy that a model's `scale:` asks for. */
export function policyOf({ scale, target }: ScaledModel): PolicySettings {
  const { min, max, idle, schedule, timeZone } = scale;
  return {
    min,
    max,
    rule: ruleOf(scale, target?.concurrency),
    idleAfterMs: idle.after,
    ...(schedule.length > 0 && {
      schedule: {
        timeZone,
        entries: schedule.map(({ days, from, to, ...bounds }) => ({
          days: days.map((day) => DAYS.indexOf(day)),
          fromMinute: from,
          toMinute: to,
          ...(bounds.min !== undefined && { min: bounds.min }),
          ...(bounds.max !== undefined && { max: bounds.max }),
        })),
      },
    }),
  };
}

function ruleOf(scale: ScaleConfig, concurrency: number | undefined): RuleSettings {
  const { policy, headroom, slo, target = 1 } = scale;
  if (policy === "qps") return { kind: "qps", target };
  if (policy !== "work") return { kind: policy, target };
  return {
    kind: "work-rate",
    ...(headroom !== undefined && { headroom }),
    ...(slo && { itlMs: slo.itl }),
    ...(concurrency !== undefined && { maxRunning: concurrency }),
  };
}
