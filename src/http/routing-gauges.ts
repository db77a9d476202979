import type { Catalogue, CatalogueTarget } from "../serve/catalogue.ts";
import type { Router } from "../serve/gateway/routing/router.ts";
import type { TargetState } from "../serve/gateway/routing/target-state.ts";
import type { Gauge } from "../watch/metrics/exposition.ts";

/** A closed breaker, one that lets a probe through, an open one: as numbers that can be drawn. */
const BREAKER = { closed: 0, "half-open": 1, open: 2 } as const;

/** What routing knows of each target, for a scraper. */
export function routingGauges(
  catalogue: Catalogue,
  router: Pick<Router, "stateOf" | "waiting">,
  monotonic: () => number,
): Gauge[] {
  const targets = catalogue.names().flatMap((model) =>
    catalogue.targets(model).map((target: CatalogueTarget) => ({
      labels: { model, target: target.id },
      state: router.stateOf(target),
    })),
  );
  const gauge = (
    name: string,
    help: string,
    type: Gauge["type"],
    value: (state: TargetState) => number,
  ): Gauge => ({
    name,
    help,
    type,
    values: targets.map(({ labels, state }) => ({ labels, value: value(state) })),
  });
  return [
    gauge("weir_target_in_flight", "Attempts running there now.", "gauge", (one) => one.inFlight),
    gauge(
      "weir_target_breaker_state",
      "0 closed, 1 half-open, 2 open.",
      "gauge",
      ({ breaker }) => BREAKER[breaker.state(monotonic())],
    ),
    gauge("weir_target_drained", "1 while an operator has taken it out.", "gauge", (one) =>
      Number(one.isDrained),
    ),
    gauge("weir_target_attempts_total", "Attempts made there.", "counter", (one) => one.started),
    gauge("weir_target_failures_total", "Attempts that failed.", "counter", (one) => one.failed),
    gauge(
      "weir_target_waiting_prompt_tokens",
      "Tokens of prompts that were sent there and have no answer yet.",
      "gauge",
      ({ waitingTokens }) => waitingTokens.small + waitingTokens.large,
    ),
    {
      name: "weir_model_waiting_calls",
      help: "Calls for which no target has room.",
      type: "gauge",
      values: catalogue
        .names()
        .map((model) => ({ labels: { model }, value: router.waiting(model) })),
    },
  ];
}
