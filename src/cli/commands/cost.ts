import { formatDollars } from "../../core/money.ts";
import type { CostAdvice, CostForecast, CostReport } from "../../http/cost-schemas.ts";
import {
  type Command,
  JSON_OPTION,
  type Terminal,
  UsageError,
  type Values,
  text,
} from "../command.ts";
import { CLIENT_OPTIONS, askServer, request } from "../server-client.ts";
import { rightTable } from "../table.ts";
import { WINDOW_OPTIONS, windowOf } from "../time-window.ts";

/** `weir cost`: what everything cost, will cost, and could cost. */
export const cost: Command = {
  name: "cost",
  summary: "Show what models, users, keys and projects cost, and what would be cheaper",
  usage: "[advise]",
  options: {
    ...CLIENT_OPTIONS,
    ...JSON_OPTION,
    ...WINDOW_OPTIONS,
    by: { type: "string", value: "WHAT", help: "one or two dimensions, with a comma (model)" },
    bucket: { type: "string", value: "PERIOD", help: "a row for each hour, day, week or month" },
    tenant: { type: "string", value: "ID", help: "of this tenant alone" },
    csv: { type: "boolean", help: "print CSV, for spreadsheets" },
  },
  detail: `
Without --since or --month it is this month so far, with what it will come to. Times are UTC.
Dimensions: model, target, provider, route, key, user, tenant, project, tag, promptVersion, type,
source, status, thread, name.

  weir cost
  weir cost --by user,model --since 7d
  weir cost --by project --month 2026-03 --csv > march.csv
  weir cost --bucket day
  weir cost advise --since 30d

advise names the dearest prompts, endpoints and models with the saving to expect from the answer
cache, shorter answers or a cheaper model, each with its arithmetic.`,
  async run(values, [action, ...more], terminal) {
    if (more.length > 0) throw new UsageError(`unexpected "${more[0]}"`);
    if (action === "advise") return advise(values, terminal);
    if (action !== undefined) throw new UsageError(`unknown action "${action}"`);
    return report(values, terminal);
  },
};

async function report(values: Values, terminal: Terminal): Promise<number> {
  const window = windowOf(values, Date.now());
  const bucket = text(values, "bucket");
  const by = text(values, "by") ?? (bucket === undefined ? "model" : "");
  const query = queryOf({ ...window, by, bucket, tenant: text(values, "tenant") });
  if (values["csv"]) {
    const answer = await request(`/admin/v1/costs?${query}&format=csv`, values, terminal);
    terminal.print((await answer.text()).trimEnd());
    return 0;
  }
  const found = await askServer<CostReport>(`/admin/v1/costs?${query}`, values, terminal);
  const isOpen = Object.keys(window).length === 0;
  const outlook = isOpen ? await forecastOf(values, terminal) : undefined;
  if (values["json"]) {
    terminal.print(JSON.stringify({ ...found, ...(outlook && { forecast: outlook }) }, null, 2));
    return 0;
  }
  terminal.print(describe(found, outlook));
  return 0;
}

function forecastOf(values: Values, terminal: Terminal): Promise<CostForecast> {
  const query = queryOf({ tenant: text(values, "tenant") });
  return askServer<CostForecast>(`/admin/v1/costs/forecast?${query}`, values, terminal);
}

function queryOf(fields: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined && value !== "");
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
}

type Row = CostReport["total"];

function describe(found: CostReport, outlook: CostForecast | undefined): string {
  const { rows, total, by, bucket, machines, idleCostNanos } = found;
  const time = bucket === null ? [] : [bucket.toUpperCase()];
  const names = [...time, ...by.map((name) => name.toUpperCase())];
  const lines = rows.map((row) => [
    ...(bucket === null ? [] : [periodText(row.at, bucket)]),
    ...row.labels.map((label) => (label === "" ? "(none)" : label)),
    ...figures(row, total.costNanos),
  ]);
  const heads = ["REQUESTS", "COST", "SHARE", "IN", "CACHED", "OUT", "THOUGHT", "EACH", "TOK/EACH"];
  const last = ["total", ...names.slice(1).map(() => ""), ...figures(total, total.costNanos)];
  const text = rightTable(
    [...names, ...heads],
    names.length > 0 ? [...lines, last] : lines,
    names.length,
  );
  const notes = [
    ...(total.unpriced > 0
      ? [`${count(total.unpriced)} runs have no known price: say it under prices: in weir.yaml.`]
      : []),
    ...(total.infraCostNanos > 0
      ? [
          `Vendors: ${formatDollars(total.apiCostNanos)}. Own machines, busy: ${formatDollars(total.infraCostNanos)}.`,
        ]
      : []),
    ...(machines.length > 0
      ? [`Own machines, idle: ${formatDollars(idleCostNanos)}, in no row above.`]
      : []),
    ...(outlook ? [forecastText(outlook)] : []),
  ];
  return [text, ...(notes.length > 0 ? ["", ...notes] : [])].join("\n");
}

function figures(row: Row, allNanos: number): string[] {
  const { perRequest } = row;
  const share = allNanos > 0 ? `${Math.round((row.costNanos / allNanos) * 100)} %` : "";
  return [
    count(row.requests),
    formatDollars(row.costNanos),
    share,
    count(row.inputTokens),
    count(row.cachedTokens),
    count(row.outputTokens),
    count(row.reasoningTokens),
    formatDollars(perRequest.costNanos),
    count(perRequest.totalTokens),
  ];
}

function count(number: number): string {
  return Math.round(number).toLocaleString("en-US");
}

function periodText(at: number, bucket: string): string {
  const iso = new Date(at).toISOString();
  if (bucket === "hour") return `${iso.slice(0, 10)} ${iso.slice(11, 16)}`;
  return bucket === "month" ? iso.slice(0, 7) : iso.slice(0, 10);
}

function forecastText({ month, expectedNanos, lowNanos, highNanos, method }: CostForecast): string {
  const name = new Date(month).toISOString().slice(0, 7);
  const range =
    highNanos > lowNanos ? ` (${formatDollars(lowNanos)} to ${formatDollars(highNanos)})` : "";
  return `${name} will come to ${formatDollars(expectedNanos)}${range}. ${method}`;
}

async function advise(values: Values, terminal: Terminal): Promise<number> {
  const query = queryOf({ ...windowOf(values, Date.now()), tenant: text(values, "tenant") });
  const path = `/admin/v1/costs/advice?${query}`;
  const found = await askServer<CostAdvice>(path, values, terminal);
  if (values["json"]) {
    terminal.print(JSON.stringify(found, null, 2));
    return 0;
  }
  if (found.advice.length === 0) {
    terminal.print("Nothing to advise: no prompt, endpoint or model costs enough in this time.");
    return 0;
  }
  const items = found.advice.map(
    ({ dimension, value, savingNanos, advice, arithmetic }) =>
      `${formatDollars(savingNanos)} of ${dimension} ${value}\n  ${advice}\n  ${arithmetic}`,
  );
  const head = `${formatDollars(found.costNanos)} were spent. What could be saved (savings overlap):`;
  terminal.print([head, ...items].join("\n\n"));
  return 0;
}
