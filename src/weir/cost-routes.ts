import { WeirError } from "../core/errors.ts";
import type { Dimension, FigureQuery, RunFilter } from "../core/run-query.ts";
import { DIMENSIONS } from "../core/run-query.ts";
import type { Run } from "../core/run.ts";
import type { App } from "../http/app.ts";
import type { Authorise } from "../http/authorise.ts";
import type { CostAdvice, CostPreview, CostQuery, CostReport } from "../http/cost-schemas.ts";
import { costRoutes } from "../http/routes/costs.ts";
import { ADVISED, adviceFor, cheaperModels, costOfRow, repeatsOf } from "../watch/cost/advice.ts";
import {
  type CostRow,
  DAY_MS,
  HOUR_MS,
  bucketOf,
  type SummedCell,
  costRows,
  restOf,
  startOf,
  totalRow,
} from "../watch/cost/cost-report.ts";
import { forecast, forecastFrom } from "../watch/cost/forecast.ts";
import { hourlyNanos } from "../watch/cost/infra.ts";
import { modelsBeside } from "../watch/cost/price-list.ts";
import { createRates } from "../watch/cost/price-run.ts";
import type { Traces } from "../watch/trace/traces.ts";
import type { House } from "./house.ts";

const MOST_PROJECTS = 1000;
/** The newest runs whose inputs are compared. */
const MOST_COMPARED = 5000;
const PAGE = 500;
/** In which advice looks, where nobody says another window. */
const ADVICE_MS = 30 * DAY_MS;

interface Asked {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly tenant?: string | undefined;
}

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

/** Who looks sees also what ended just now. */
async function fresh({ recorder, traces }: House): Promise<Traces> {
  await recorder.flush();
  return traces;
}

/** The end of an hour: sums are kept by the hour. */
function endOf(at: number): number {
  return startOf("hour", at) + HOUR_MS;
}

/** Widened to whole hours: so all that is asked of it is about the same time. */
function windowOf({ from, to }: Asked, defaultFrom: (now: number) => number) {
  const now = Date.now();
  const window = {
    from: startOf("hour", from ?? defaultFrom(now)),
    to: endOf((to ?? now + 1) - 1),
  };
  if (window.from < window.to) return window;
  throw new WeirError("invalid_request", "from: expected a time before `to`.", { param: "from" });
}

const thisMonth = (now: number) => startOf("month", now);

async function reportOf(house: House, query: CostQuery): Promise<CostReport> {
  const { bucket, by, tenant } = query;
  const window = windowOf(query, thisMonth);
  const where = conditionsOf(query);
  const traces = await fresh(house);
  const asked: FigureQuery = { ...window, tenantId: tenant, where, by: [] };
  const ask = async (by: readonly Dimension[], bucketMs: number | undefined) =>
    Promise.all([
      traces.figures({ ...asked, by, bucketMs }),
      ownMachineFigures(house, traces, { ...asked, by, bucketMs }),
    ]);
  const [rows, total] = await Promise.all([
    split(ask, by, bucketOf(bucket, window.from)).then(([cells, infra]) =>
      costRows(cells, infra, bucket),
    ),
    ask([], undefined).then(([cells, infra]) => totalRow(cells, infra, window.from)),
  ]);
  const labels = await labelsFor(house, by);
  const machines = await machineBills(house, traces, window);
  const { at: _, values: __, ...sums } = total;
  return {
    ...window,
    by,
    bucket: bucket ?? null,
    rows: rows.map(({ values, ...row }) => ({
      ...row,
      values: [...values],
      labels: values.map((value, index) => labels[index]?.get(value) ?? value),
    })),
    total: sums,
    machines,
    idleCostNanos: machines.reduce((sum, { idleNanos }) => sum + idleNanos, 0),
  };
}

type Ask = (
  by: readonly Dimension[],
  bucketMs: number | undefined,
) => Promise<readonly (readonly SummedCell[])[]>;

/** With what has no value of the dimension, which sums by one dimension leave out. Tags overlap: there is no rest. */
async function split(ask: Ask, by: readonly Dimension[], bucketMs: number | undefined) {
  const [cells = [], infra = []] = await ask(by, bucketMs);
  if (by.length !== 1 || by[0] === "tag") return [cells, infra] as const;
  const [all = [], allInfra = []] = await ask([], bucketMs);
  return [
    [...cells, ...restOf(all, cells)],
    [...infra, ...restOf(allInfra, infra)],
  ] as const;
}

function conditionsOf(query: CostQuery): FigureQuery["where"] {
  return Object.fromEntries(
    DIMENSIONS.flatMap((name) => {
      // `tenant` narrows the whole report.
      const values = name === "tenant" ? undefined : query[name];
      return values === undefined ? [] : [[name, values.split(",")]];
    }),
  );
}

/** Of the same runs, those that ran on machines whose cost weir.yaml says. */
async function ownMachineFigures(house: House, traces: Traces, query: FigureQuery) {
  const own = new Set(house.machines.targets().map(({ target }) => target));
  const asked = query.where?.target;
  const target = asked ? asked.filter((id) => own.has(id)) : [...own];
  if (target.length === 0) return [];
  return traces.figures({ ...query, where: { ...query.where, target } });
}

/** What machines cost from their first call in a window on: what no call was charged was idle. */
async function machineBills(
  house: House,
  traces: Traces,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<CostReport["machines"]> {
  const targets = house.machines.targets();
  if (targets.length === 0) return [];
  const cells = await traces.figures({
    from,
    to,
    bucketMs: HOUR_MS,
    by: ["model", "target"],
    where: { target: [...new Set(targets.map(({ target }) => target))] },
  });
  const until = Math.min(to, Date.now());
  // Two models may share a machine: it is paid once.
  const byMachine = Map.groupBy(targets, ({ machine }) => machine.id);
  return Array.from(byMachine.values(), (shared) => {
    const [{ model, target, machine }] = shared as [(typeof targets)[number]]; // groups are not empty
    const own = cells.filter(({ values }) =>
      shared.some((one) => one.model === values[0] && one.target === values[1]),
    );
    const first = own.reduce((least, { at }) => Math.min(least, at), Infinity);
    const hourly = hourlyNanos(machine.cost);
    const hours = Math.max(0, until - Math.max(from, first)) / HOUR_MS;
    const billNanos = Math.round(hours * hourly);
    const busyNanos = Math.round(own.reduce((sum, { costNanos }) => sum + costNanos, 0));
    const idleNanos = Math.max(0, billNanos - busyNanos);
    return { model, target, hourlyNanos: hourly, hours, billNanos, busyNanos, idleNanos };
  });
}

/** Names for what is kept by id. */
async function labelsFor(
  house: House,
  by: readonly Dimension[],
): Promise<(ReadonlyMap<string, string> | undefined)[]> {
  const { keys, tenants } = house.access.known;
  return Promise.all(
    by.map(async (dimension) => {
      if (dimension === "key") return new Map(keys.map(({ id, name }) => [id, name]));
      if (dimension === "tenant") return new Map(tenants.map(({ id, name }) => [id, name]));
      if (dimension !== "project") return undefined;
      const projects = await house.traces.projects({ limit: MOST_PROJECTS });
      return new Map(projects.map(({ id, name }) => [id, name]));
    }),
  );
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
