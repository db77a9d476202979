import { mostOf } from "../config/scale.ts";
import type { Caller } from "../core/call.ts";
import { WeirError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { App } from "../http/app.ts";
import type { Authorise } from "../http/authorise.ts";
import { scalingRoutes } from "../http/routes/scaling.ts";
import type { ScaledModelRow, ScalingWish, WantedReplicas } from "../http/scaling-schemas.ts";
import type { Scaling, ScalingEntry } from "./scaling.ts";

/** What people and other autoscalers ask of the scaling. */
export function registerScaling(
  { fastify }: App,
  scaling: Scaling,
  { authorise, log }: { readonly authorise: Authorise; readonly log: Log },
): void {
  scalingRoutes(fastify, {
    authorise,
    list: () => ({ models: scaling.all().map(toRow) }),
    act(wish, by) {
      const entry = scaling.find(wish.model);
      act(entry, wish, by);
      log.info(wish.action === "hold" ? "scaling_held" : "scaling_resumed", {
        model: wish.model,
        by: by.keyId,
        who: by.keyName,
      });
      return toRow(entry);
    },
    wanted: (model) => wantedOf(scaling.find(model)),
  });
}

function act({ scaler }: ScalingEntry, wish: ScalingWish, by: Caller): void {
  if (wish.action === "resume") {
    scaler.resume();
    return;
  }
  const { scale, name } = scaler.model;
  const { replicas } = wish;
  const [least, most] = [Math.max(1, scale.min), mostOf(scale)];
  if (replicas < least || replicas > most) {
    throw new WeirError(
      "invalid_request",
      `The model "${name}" may have ${least} to ${most} replicas, as weir.yaml says, not ${replicas}.`,
      { param: "replicas" },
    );
  }
  scaler.hold({ replicas, by: by.keyName, at: Date.now() });
}

export function wantedOf({ scaler }: ScalingEntry): WantedReplicas {
  const { wanted, model } = scaler;
  if (wanted !== undefined) return { model: model.name, replicas: wanted };
  throw new WeirError("model_unavailable", "Nothing was decided yet. Ask again in a moment.", {
    retryAfterMs: 1000,
  });
}

function toRow({ scaler, journal }: ScalingEntry): ScaledModelRow {
  const { model, standing, wanted, trouble, isFrozen } = scaler;
  const { ready, starting, draining, startDelayMs } = standing;
  return {
    model: model.name,
    driver: model.driver,
    policy: model.scale.policy,
    min: model.scale.min,
    max: mostOf(model.scale),
    wanted: wanted ?? null,
    ready,
    starting,
    draining,
    asleep: model.sleeper.isAsleep,
    frozen: isFrozen,
    hold: journal.hold ?? null,
    trouble: trouble ?? null,
    startDelayMs: startDelayMs === undefined ? null : Math.round(startDelayMs),
    decisions: journal.decisions.toReversed(),
    samples: [...journal.samples],
  };
}
