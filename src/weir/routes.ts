import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { App } from "../http/app.ts";
import type { Authorise } from "../http/authorise.ts";
import { describeModels, gaugesOf } from "../http/describe.ts";
import { callRoutes } from "../http/routes/calls.ts";
import { limitRoutes } from "../http/routes/limits.ts";
import { modelRoutes } from "../http/routes/models.ts";
import { operationsRoutes } from "../http/routes/operations.ts";
import { pageRoutes } from "../http/routes/pages.ts";
import { targetRoutes } from "../http/routes/targets.ts";
import { createTargetDesk } from "../serve/target-desk.ts";
import { routingGauges } from "../http/routing-gauges.ts";
import type { windowOf } from "../watch/overview.ts";
import {
  FORMAT_TYPES,
  type Format,
  type Gauge,
  formatFor,
  sumGauges,
} from "../watch/metrics/exposition.ts";
import { registerAccessRoutes } from "./access-routes.ts";
import { registerLangSmithRoutes } from "./langsmith.ts";
import { registerCostRoutes } from "./cost-routes.ts";
import { countByModel, findCall, listCalls, overviewFigures } from "./call-views.ts";
import { registerGuardApprovals } from "./guard-approvals.ts";
import { registerGuardTry } from "./guard-try.ts";
import { registerGuardVault } from "./guard-vault-desk.ts";
import type { House } from "./house.ts";
import { registerLibrary } from "./library.ts";
import { registerReleases } from "./releases/release-routes.ts";
import { limitGauges, limitList, spendList } from "./limit-views.ts";
import { whyNotReady } from "./readiness.ts";
import { registerOtlpRoutes } from "./otlp.ts";
import { ROOT, VERSION } from "./release.ts";
import { registerTraceRoutes } from "./trace-routes.ts";

const DAY_MS = 86_400_000;

/** The control plane: everything that is no inference. */
export async function registerRoutes(
  app: App,
  house: House,
  { authorise, stack }: { readonly authorise: Authorise; readonly stack: AsyncDisposableStack },
): Promise<void> {
  const { catalogue } = house;
  operationsRoutes(app.fastify, {
    version: VERSION,
    operations: app.operations,
    notReady: () => whyNotReady(house, Date.now()),
    metrics: (accept) => metricsText(house, formatFor(accept)),
    checkMetrics(request) {
      if (!isLoopback(house.live.config.server.host)) authorise(request, "viewer");
    },
  });
  modelRoutes(app.fastify, {
    authorise,
    names: () => catalogue.names(),
    startedAt: house.startedAt,
    describe: () => modelList(house),
  });
  targetRoutes(app.fastify, {
    authorise,
    desk: createTargetDesk({
      catalogue,
      steering: house.steering,
      monotonic: performance.now.bind(performance),
    }),
  });
  registerLibrary(app, house, { authorise, stack });
  registerReleases(app, house, { authorise });
  registerAccessRoutes(app, house, authorise);
  registerLangSmithRoutes(app, house, authorise);
  registerOtlpRoutes(app, house, authorise);
  limitRoutes(app.fastify, {
    authorise,
    list: () => limitList(house),
    spent: () => spendList(house),
  });
  callRoutes(app.fastify, {
    authorise,
    // Who looks sees also what ended just now.
    async list(query) {
      await house.recorder.flush();
      return listCalls(house.traces, query);
    },
    async find(id) {
      await house.recorder.flush();
      return findCall(house.traces, id);
    },
    overview: (window) => overview(house, window),
  });
  registerTraceRoutes(app, house, authorise);
  registerCostRoutes(app, house, authorise);
  registerGuard(app, house, authorise);
  await pageRoutes(app.fastify, {
    dashboardFolder: join(ROOT, "web", "dist"),
    docsFolder: dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json")),
  });
}

function registerGuard(app: App, house: House, authorise: Authorise): void {
  registerGuardTry(app, house, authorise);
  registerGuardApprovals(app, house, authorise);
  registerGuardVault(app, house, authorise);
}

async function modelList(house: House) {
  const { catalogue, prober, router, traces } = house;
  const now = Date.now();
  return {
    models: describeModels({
      catalogue,
      calls24h: await countByModel(traces, now - DAY_MS, now),
      prober,
      router,
      others: house.reports.flatMap((reports) => reports()),
      moment: { monotonic: performance.now(), now },
    }),
  };
}

async function overview(
  { traces, metrics, startedAt, recorder }: House,
  name: Parameters<typeof windowOf>[0],
) {
  await recorder.flush();
  return {
    ...(await overviewFigures(traces, name, Date.now())),
    live: {
      ...metrics.live,
      uptimeMs: Date.now() - startedAt,
      rssBytes: process.memoryUsage.rss(),
      droppedTraces: recorder.dropped,
    },
  };
}

function metricsText(house: House, format: Format): { type: string; text: string } {
  return { type: FORMAT_TYPES[format], text: house.metrics.expose(allGauges(house), format) };
}

/** What is shown beside the calls' own metrics. */
export function allGauges(house: House): Gauge[] {
  const others = house.gauges.flatMap((gauges) => gauges());
  return sumGauges([...ownGauges(house), ...others]);
}

function ownGauges({
  catalogue,
  recorder,
  rejections,
  prober,
  operations,
  limits,
  redis,
  answers,
  router,
  vaultKeeper,
}: House): Gauge[] {
  const refused = {
    name: "weir_requests_rejected_total",
    help: "Requests that never became calls, by error code.",
    type: "counter" as const,
    values: Array.from(rejections, ([code, value]) => ({ labels: { code }, value })),
  };
  return [
    ...gaugesOf(catalogue, recorder.dropped, prober),
    refused,
    ...operations.gauges(),
    ...routingGauges(catalogue, router, performance.now.bind(performance)),
    ...answers.gauges(),
    ...limitGauges({ limits, redis }),
    ...vaultKeeper.gauges(),
  ];
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}
