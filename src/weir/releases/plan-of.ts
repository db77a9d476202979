import { createHash } from "node:crypto";
import type { ReleaseConfig } from "../../config/release.ts";
import type { WeirConfig } from "../../config/schema.ts";
import type { TargetConfig } from "../../config/targets.ts";
import type { RolloutPlan } from "../../ship/rollout/plan.ts";

type ModelConfig = WeirConfig["models"][string];

/**
 * What a model's release is to do, for its `attempt`-th time. Whatever changes of the model or of its
 * release makes another one, with evidence of its own: rules that change on the way would bound nothing.
 */
export function planOf(
  model: string,
  config: ModelConfig & { readonly release: ReleaseConfig },
  attempt: number,
): RolloutPlan {
  const { release } = config;
  const { promote } = release;
  return {
    id: `${identityOf(model, config)}-${attempt}`,
    model,
    candidate: describeCandidate(release),
    stable: config.targets.map(nameOf).join(", "),
    stages: release.stages,
    falseRollback: release.falseRollback,
    tolerate: release.tolerate,
    promote: {
      missWorseThan: promote.missWorseThan,
      risk: promote.risk,
      maxExposed: promote.maxExposed,
      maxDurationMs: promote.maxDuration,
      onInconclusive: promote.onInconclusive,
    },
    never: release.never,
    warmUpMs: release.warmUp,
    marks: release.marks,
    judgeBudget: release.judgeBudget,
  };
}

/** The same for every process that reads the same of this model. */
export function identityOf(model: string, config: ModelConfig): string {
  const { targets, prompt, sampling, release } = config;
  const text = JSON.stringify({ model, targets, prompt, sampling, release });
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

function describeCandidate({ candidate }: ReleaseConfig): string {
  const { targets, prompt, sampling, guard } = candidate;
  const parts = [
    targets?.map(nameOf).join(", "),
    prompt === undefined ? undefined : "a prompt",
    sampling && "sampling",
    guard && "a guard policy",
  ];
  return parts.filter((part) => part !== undefined).join(" with ");
}

function nameOf(config: TargetConfig): string {
  const what = config.provider === "llama" ? config.file : config.model;
  return `${config.provider}/${what.replace(/^.*[\\/]/, "")}`;
}
