import type { z } from "zod";
import type { Catalogue, CatalogueTarget } from "../serve/catalogue.ts";
import {
  type Moment,
  type RoutingReport,
  reportOf,
  sumReports,
} from "../serve/gateway/routing/report.ts";
import type { Router } from "../serve/gateway/routing/router.ts";
import { abilitiesOf, actionsOf } from "../serve/target-desk.ts";
import type { Probe, Prober } from "../serve/prober.ts";
import type { ProviderHealth } from "../serve/provider.ts";
import { addressOf } from "../serve/providers/address.ts";
import type { Gauge } from "../watch/metrics/exposition.ts";
import type { ModelList } from "./admin-schemas.ts";

type Models = z.infer<typeof ModelList>["models"];
type TargetRow = Models[number]["targets"][number];

interface ModelFacts {
  readonly catalogue: Catalogue;
  readonly calls24h: Record<string, number>;
  readonly prober: Pick<Prober, "last">;
  readonly router: Pick<Router, "stateOf" | "waiting">;
  /** What other processes of this server know. */
  readonly others: readonly RoutingReport[];
  readonly moment: Moment;
}

/** The models as the dashboard shows them. */
export function describeModels(facts: ModelFacts): Models {
  const { catalogue, calls24h } = facts;
  return catalogue.names().map((name, index) => ({
    name,
    default: index === 0,
    routing: {
      strategy: catalogue.find(name).routing.strategy,
      waiting: waitingFor(name, facts),
      shadow: catalogue.shadow(name)?.target.id ?? null,
    },
    targets: catalogue.targets(name).map((target) => describeTarget(target, facts)),
    calls24h: calls24h[name] ?? 0,
  }));
}

function describeTarget(target: CatalogueTarget, facts: ModelFacts): TargetRow {
  const { id, provider, engine, config, price } = target;
  const probe = facts.prober.last(target);
  const { state, detail = null } = probe ? toHealth(probe) : provider.health();
  const info = engine?.info();
  const stats = engine?.stats();
  const dollarsPerMillion = (nanos: number | undefined) =>
    nanos === undefined ? null : nanos / 1000;
  return {
    id,
    provider: config.provider,
    model: config.provider === "llama" ? config.file : config.model,
    url: config.provider === "llama" ? null : addressOf(config),
    weight: target.weight,
    fallback: target.fallback,
    state,
    detail,
    abilities: abilitiesOf(provider),
    actions: actionsOf(provider),
    routing: describeRouting(target, facts),
    engine: info && stats ? { ...info, ...stats, devices: [...info.devices] } : null,
    inputPricePerMillion: dollarsPerMillion(price?.input),
    outputPricePerMillion: dollarsPerMillion(price?.output),
  };
}

function describeRouting(
  target: CatalogueTarget,
  { router, others, moment }: ModelFacts,
): TargetRow["routing"] {
  const state = router.stateOf(target);
  const elsewhere = others.flatMap(({ targets }) =>
    targets.filter(({ identity }) => identity === target.identity),
  );
  const sum = sumReports(reportOf(target, state, moment), elsewhere);
  return {
    breaker: sum.breaker,
    isDrained: state.isDrained,
    inFlight: sum.inFlight,
    waitingPromptTokens: sum.waitingPromptTokens,
    firstContentMs: sum.firstContentMs ?? null,
    tokensPerSecond: sum.tokensPerSecond || null,
    attempts: sum.attempts,
    failures: sum.failures,
    lastError: sum.lastError ?? null,
    lastErrorAt: sum.lastErrorAt ?? null,
    tags: [...target.tags],
    concurrency: target.concurrency ?? null,
  };
}

/** Calls without room, in all processes. For workers' calls an embedded engine is a model of its own. */
function waitingFor(name: string, { catalogue, router, others }: ModelFacts): number {
  const engines = new Set(
    catalogue.targets(name).flatMap(({ engine, identity }) => (engine ? [identity] : [])),
  );
  const here = [name, ...engines].reduce((sum, one) => sum + router.waiting(one), 0);
  return others.reduce((sum, { waiting }) => sum + (waiting[name] ?? 0), here);
}

function toHealth({ ok, error }: Probe): ProviderHealth {
  return ok ? { state: "ready" } : { state: "failed", ...(error !== null && { detail: error }) };
}

/** What probes found, for the targets that are probed. */
function probeGauges(catalogue: Catalogue, prober: Pick<Prober, "last">): Gauge[] {
  const probed = catalogue.names().flatMap((model) =>
    catalogue.targets(model).flatMap((target) => {
      const probe = prober.last(target);
      return probe ? [{ labels: { model, target: target.id }, probe }] : [];
    }),
  );
  const gauge = (
    name: string,
    help: string,
    value: (probe: Probe) => number | null | undefined,
  ): Gauge => ({
    name,
    help,
    type: "gauge",
    values: probed.flatMap(({ labels, probe }) => {
      const found = value(probe);
      return found == null ? [] : [{ labels, value: found }];
    }),
  });
  return [
    gauge("weir_target_up", "Whether the target made a token when last asked.", ({ ok }) => +ok),
    gauge(
      "weir_target_probe_first_content_seconds",
      "How long the last probe waited for its first content.",
      ({ firstContentMs: ms }) => ms && ms / 1000,
    ),
    gauge(
      "weir_target_running",
      "Requests that the upstream computes.",
      ({ load }) => load?.running,
    ),
    gauge("weir_target_waiting", "Requests that wait there.", ({ load }) => load?.waiting),
    gauge(
      "weir_target_kv_cache_usage",
      "The share of the upstream's KV cache in use, 0 to 1.",
      ({ load }) => load?.kvCacheUsage,
    ),
  ];
}

/** What a scraper reads besides the calls: engines, and the process itself. */
export function gaugesOf(
  catalogue: Catalogue,
  droppedTraces: number,
  prober: Pick<Prober, "last">,
): Gauge[] {
  const engines = catalogue.engines().map((engine) => ({
    labels: { engine: engine.name },
    stats: engine.stats(),
  }));
  const perEngine = (
    name: string,
    help: string,
    type: Gauge["type"],
    value: (stats: (typeof engines)[number]["stats"]) => number,
  ): Gauge => ({
    name,
    help,
    type,
    values: engines.map(({ labels, stats }) => ({ labels, value: value(stats) })),
  });
  return [
    ...probeGauges(catalogue, prober),
    perEngine("weir_engine_running", "Calls being computed.", "gauge", ({ running }) => running),
    perEngine(
      "weir_engine_waiting",
      "Calls waiting for a slot.",
      "gauge",
      ({ waiting }) => waiting,
    ),
    perEngine(
      "weir_engine_restarts_total",
      "Engine processes that had to be replaced.",
      "counter",
      ({ restarts }) => restarts,
    ),
    perEngine(
      "weir_engine_resident_bytes",
      "Memory of the engine's process.",
      "gauge",
      ({ rssBytes }) => rssBytes ?? 0,
    ),
    {
      name: "weir_traces_dropped_total",
      help: "Calls that could not be kept.",
      type: "counter",
      values: [{ labels: {}, value: droppedTraces }],
    },
    {
      name: "process_resident_memory_bytes",
      help: "Memory of the server's own process.",
      type: "gauge",
      values: [{ labels: {}, value: process.memoryUsage.rss() }],
    },
  ];
}
