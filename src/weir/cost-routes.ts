import { WeirError } from "../core/errors.ts";
import type { RunFilter } from "../core/run-query.ts";
import type { Run } from "../core/run.ts";
import type { App } from "../http/app.ts";
import type { Authorise } from "../http/authorise.ts";
import type { CostAdvice, CostPreview } from "../http/cost-schemas.ts";
import { costRoutes } from "../http/routes/costs.ts";
import { ADVISED, adviceFor, cheaperModels, costOfRow, repeatsOf } from "../watch/cost/advice.ts";
import { type CostRow, DAY_MS, costRows, totalRow } from "../watch/cost/cost-report.ts";
import { forecast, forecastFrom } from "../watch/cost/forecast.ts";
import { modelsBeside } from "../watch/cost/price-list.ts";
import { createRates } from "../watch/cost/price-run.ts";
import type { Traces } from "../watch/trace/traces.ts";
import { reportOf } from "./cost-report.ts";
import { type Asked, endOf, fresh, thisMonth, windowOf } from "./cost-window.ts";
import type { House } from "./house.ts";

/** The newest runs whose inputs are compared. */
const MOST_COMPARED = 5000;
const PAGE = 500;
/** In which advice looks, where nobody says another window. */
const ADVICE_MS = 30 * DAY_MS;

/** Reports of cost and tokens, for the dashboard, the command line and spreadsheets. */
export function registerCostRoutes(app: App, house: House, authorise: Authorise): void {
  costRoutes(app.fastify, {
    authorise,
    report: (query) => reportOf(house, query),
    async forecast({ tenant }) {
      const now = Date.now();
      const traces = await fresh(house);
      const cells = await traces.figures({
        tenantId: tenant,
        from: forecastFrom(now),
        to: endOf(now),
        bucketMs: DAY_MS,
        by: [],
      });
      return forecast(cells, now);
    },
    advice: (query) => adviceOf(house, query),
    preview: ({ on, provider, ...asked }) => previewOf(house, asked, { on, provider }),
  });
}

async function adviceOf(house: House, query: Asked): Promise<CostAdvice> {
  const window = windowOf(query, (now) => now - ADVICE_MS);
  const traces = await fresh(house);
  const asked = { ...window, tenantId: query.tenant };
  const runs = await newestPaid(traces, asked);
  const repeats = repeatsOf(runs);
  const perDimension = await Promise.all(
    ADVISED.map(async (dimension) => {
      const rows = costRows(await traces.figures({ ...asked, by: [dimension] }), [], undefined);
      return adviceFor(dimension, rows, repeats);
    }),
  );
  const cheaper = await cheaperOf(house, traces, asked);
  const total = totalRow(await traces.figures({ ...asked, by: [] }), [], window.from);
  const advice = [...perDimension.flat(), ...cheaper].toSorted(
    (a, b) => b.savingNanos - a.savingNanos,
  );
  return { ...window, costNanos: total.costNanos, runs: runs.length, advice };
}

async function newestPaid(
  traces: Traces,
  { tenantId, from, to }: { tenantId?: string | undefined; from: number; to: number },
): Promise<Run[]> {
  const filter: RunFilter = {
    op: "and",
    of: [
      { op: "gte", field: "startTime", value: from },
      { op: "lt", field: "startTime", value: to },
      { op: "gt", field: "costDollars", value: 0 },
    ],
  };
  const found: Run[] = [];
  let cursor: string | undefined;
  do {
    const page = await traces.runs({ tenantId, filter, limit: PAGE, cursor });
    found.push(...page.runs);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined && found.length < MOST_COMPARED);
  return found;
}

/** Our own calls say their upstream model by the target, runs of others by themselves. */
async function cheaperOf(
  house: House,
  traces: Traces,
  asked: { tenantId?: string | undefined; from: number; to: number },
) {
  const now = Date.now();
  const own = new Set(house.machines.targets().map(({ target }) => target));
  const [calls, others] = await Promise.all([
    traces.figures({ ...asked, by: ["model", "target"], where: { source: ["call"] } }),
    traces.figures({
      ...asked,
      by: ["model", "provider"],
      where: { source: ["langsmith", "otlp"] },
    }),
  ]);
  const ofCalls = costRows(calls, [], undefined).flatMap((row) => {
    const [, target = ""] = row.values;
    const slash = target.indexOf("/");
    if (slash < 0 || own.has(target)) return [];
    const upstream = target.slice(slash + 1).replace(/#\d+$/, "");
    return { row, upstream, provider: target.slice(0, slash) };
  });
  const ofOthers = costRows(others, [], undefined).map((row) => {
    const [upstream = "", provider = ""] = row.values;
    return { row, upstream, provider: provider === "" ? null : provider };
  });
  return [...ofCalls, ...ofOthers]
    .filter(({ row, upstream }) => row.costNanos > 0 && upstream !== "")
    .toSorted((a, b) => b.row.costNanos - a.row.costNanos)
    .slice(0, 5)
    .flatMap(({ row, upstream, provider }) =>
      cheaperModels(row, upstream, modelsBeside(provider, upstream, now)),
    );
}

async function previewOf(
  house: House,
  asked: Asked,
  { on, provider }: { readonly on: string; readonly provider: string | undefined },
): Promise<CostPreview> {
  const window = windowOf(asked, thisMonth);
  const rates = createRates(house.live.config.prices)(provider ?? null, on, Date.now());
  if (!rates) {
    throw new WeirError(
      "invalid_request",
      `on: nobody knows the price of ${JSON.stringify(on)}. Say its vendor with provider=…, or its price under prices: in weir.yaml.`,
      { param: "on" },
    );
  }
  const traces = await fresh(house);
  const cells = await traces.figures({ ...window, tenantId: asked.tenant, by: ["model"] });
  const rows = costRows(cells, [], undefined)
    .filter(({ requests }) => requests > 0)
    .map((row: CostRow) => ({
      model: row.values[0] ?? "",
      requests: row.requests,
      costNanos: row.costNanos,
      previewNanos: costOfRow(row, rates),
    }));
  const sum = (of: (row: (typeof rows)[number]) => number) =>
    rows.reduce((total, row) => total + of(row), 0);
  return {
    ...window,
    costNanos: sum((row) => row.costNanos),
    previewNanos: sum((row) => row.previewNanos),
    priceVersion: rates.version,
    rows,
  };
}
