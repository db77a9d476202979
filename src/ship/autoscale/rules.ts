import { type CompletionSettings, CompletionRule } from "./completion-rule.ts";
import { type KnativeSettings, KnativeRule } from "./knative-rule.ts";
import type { Rule } from "./rule.ts";
import { type RateSettings, RateRule } from "./rate-rule.ts";
import { type TargetSettings, TargetRule } from "./target-rule.ts";
import { type WorkRateSettings, WorkRateRule } from "./work-rate.ts";

/** Every way of scaling, by its name. All but `work-rate` are there to compare with. */
export type RuleSettings =
  | ({ readonly kind: "work-rate" } & WorkRateSettings)
  | ({ readonly kind: "queue" | "concurrency" | "kv" | "busy" } & TargetSettings)
  | ({ readonly kind: "qps" } & RateSettings)
  | ({ readonly kind: "knative" } & KnativeSettings)
  | ({ readonly kind: "completions" } & CompletionSettings)
  | { readonly kind: "fixed"; readonly replicas: number };

export function createRule(settings: RuleSettings): Rule {
  switch (settings.kind) {
    case "work-rate":
      return new WorkRateRule(settings);
    case "qps":
      return new RateRule(settings);
    case "knative":
      return new KnativeRule(settings);
    case "completions":
      return new CompletionRule(settings);
    case "fixed":
      return fixed(settings.replicas);
    default:
      return new TargetRule(settings);
  }
}

function fixed(replicas: number): Rule {
  return { ask: () => ({ replicas, why: "the size is fixed", numbers: {} }) };
}
