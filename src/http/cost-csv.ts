import type { CostReport } from "./cost-schemas.ts";

const NANOS_PER_DOLLAR = 1_000_000_000;

type Row = CostReport["rows"][number];

const MONEY = [
  ["cost_usd", "costNanos"],
  ["api_cost_usd", "apiCostNanos"],
  ["infra_cost_usd", "infraCostNanos"],
  ["input_cost_usd", "inputCostNanos"],
  ["output_cost_usd", "outputCostNanos"],
] as const satisfies readonly (readonly [string, keyof Row])[];

const COUNTS = [
  ["runs", "runs"],
  ["errors", "errors"],
  ["requests", "requests"],
  ["unpriced", "unpriced"],
  ["input_tokens", "inputTokens"],
  ["output_tokens", "outputTokens"],
  ["cached_tokens", "cachedTokens"],
  ["cache_write_tokens", "cacheWriteTokens"],
  ["reasoning_tokens", "reasoningTokens"],
  ["image_tokens", "imageTokens"],
  ["audio_tokens", "audioTokens"],
] as const satisfies readonly (readonly [string, keyof Row])[];

/** A report for a spreadsheet: one line a row, money in dollars, times as UTC. */
export function costCsv({ rows, by }: CostReport): string {
  const head = [
    "from",
    ...by.flatMap((name) => [name, `${name}_name`]),
    ...MONEY.map(([name]) => name),
    ...COUNTS.map(([name]) => name),
    "cost_per_request_usd",
    "tokens_per_request",
  ];
  const lines = rows.map((row) => [
    new Date(row.at).toISOString(),
    ...row.values.flatMap((value, index) => [value, row.labels[index] ?? value]),
    ...MONEY.map(([, field]) => dollars(row[field])),
    ...COUNTS.map(([, field]) => String(row[field])),
    dollars(row.perRequest.costNanos),
    row.perRequest.totalTokens.toFixed(1),
  ]);
  return [head, ...lines].map((line) => `${line.map(csvField).join(",")}\r\n`).join("");
}

/** All nine places, so that sums in a spreadsheet come out right. */
function dollars(nanos: number): string {
  return (nanos / NANOS_PER_DOLLAR).toFixed(9);
}

/** Names come from users: one that begins as a formula must not become one in a spreadsheet. */
function csvField(text: string): string {
  const safe = /^[=+@\t\r-]/.test(text) && !/^-?[\d.]+$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
