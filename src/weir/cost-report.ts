import { DIMENSIONS, type Dimension, type FigureQuery } from "../core/run-query.ts";
import type { CostQuery, CostReport } from "../http/cost-schemas.ts";
import {
  HOUR_MS,
  type SummedCell,
  bucketOf,
  costRows,
  restOf,
  totalRow,
} from "../watch/cost/cost-report.ts";
import { hourlyNanos } from "../watch/cost/infra.ts";
import type { Traces } from "../watch/trace/traces.ts";
import { fresh, thisMonth, windowOf } from "./cost-window.ts";
import type { House } from "./house.ts";

const MOST_PROJECTS = 1000;

/** Cost and tokens by what is asked for, with what vendors bill and what own machines cost apart. */
export async function reportOf(house: House, query: CostQuery): Promise<CostReport> {
  const { bucket, by, tenant } = query;
  const window = windowOf(query, thisMonth);
  const traces = await fresh(house);
  const base: FigureQuery = { ...window, tenantId: tenant, by: [] };
  const infraOf = await infraSplit(house, traces, base);
  const ask = async (by: readonly Dimension[], bucketMs: number | undefined) => {
    const asked = { ...base, by, bucketMs, where: conditionsOf(query) };
    const cells = await traces.figures(asked);
    return [cells, await infraOf(asked, cells)] as const;
  };
  const [cells, infra] = await split(ask, by, bucketOf(bucket, window.from));
  const { at: _, values: __, ...total } = totalRow(...(await ask([], undefined)), window.from);
  const labels = await labelsFor(house, by);
  const machines = await machineBills(house, traces, window);
  return {
    ...window,
    by,
    bucket: bucket ?? null,
    rows: costRows(cells, infra, bucket).map(({ values, ...row }) => ({
      ...row,
      values: [...values],
      labels: values.map((value, index) => labels[index]?.get(value) ?? value),
    })),
    total,
    machines,
    idleCostNanos: machines.reduce((sum, { idleNanos }) => sum + idleNanos, 0),
  };
}

type Cells = readonly SummedCell[];
type Ask = (
  by: readonly Dimension[],
  bucketMs: number | undefined,
) => Promise<readonly [cells: Cells, infra: Cells]>;

/** With what has no value of the dimension, which sums by one dimension leave out. Tags overlap: there is no rest. */
async function split(
  ask: Ask,
  by: readonly Dimension[],
  bucketMs: number | undefined,
): Promise<readonly [Cells, Cells]> {
  const [cells, infra] = await ask(by, bucketMs);
  if (by.length !== 1 || by[0] === "tag") return [cells, infra];
  const [all, allInfra] = await ask([], bucketMs);
  return [
    [...cells, ...restOf(all, cells)],
    [...infra, ...restOf(allInfra, infra)],
  ];
}

/**
 * Finds what of an answer ran on machines whose cost weir.yaml says. Where none of a window's cost
 * is theirs, or all of it, that needs no second look, which is slow by users and prompts.
 */
async function infraSplit(house: House, traces: Traces, base: FigureQuery) {
  const own = new Set(house.machines.targets().map(({ target }) => target));
  const figuresOf = (query: FigureQuery): Promise<Cells> | Cells => {
    const target = query.where?.target?.filter((id) => own.has(id)) ?? [...own];
    if (target.length === 0) return [];
    return traces.figures({ ...query, where: { ...query.where, target } });
  };
  const sum = (cells: Cells) => cells.reduce((all, { costNanos }) => all + costNanos, 0);
  const ownNanos = sum(await figuresOf(base));
  const allNanos = ownNanos === 0 ? 0 : sum(await traces.figures(base));
  return async (query: FigureQuery, cells: Cells): Promise<Cells> => {
    if (ownNanos === 0) return [];
    return allNanos - ownNanos < 1 ? cells : figuresOf(query);
  };
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
