import type { Bucket, Overview } from "../../../../src/http/admin-schemas.ts";
import { formatCost, formatCount, formatMs, formatShare, plural } from "../../format.ts";
import { Sparkline } from "../../parts/sparkline.tsx";

interface Tile {
  readonly name: string;
  readonly value: string;
  readonly detail: string;
  readonly color: string;
  readonly course: (bucket: Bucket) => number | null;
}

/** The window's figures in one strip, each with its course. */
export function Tiles({ overview: { totals, series } }: { overview: Overview }) {
  return (
    <dl className="tiles">
      {tilesOf(totals).map(({ name, value, detail, color, course }) => (
        <div key={name} className="tile">
          <dt>{name}</dt>
          <dd className="tile-value figures">{value}</dd>
          <dd className="tile-detail">{detail}</dd>
          <dd aria-hidden="true">
            <Sparkline values={series.map(course)} color={color} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function tilesOf(totals: Overview["totals"]): Tile[] {
  return [...trafficTiles(totals), ...latencyTiles(totals), ...spendingTiles(totals)];
}

function trafficTiles({ calls, errors, canceled }: Overview["totals"]): Tile[] {
  return [
    {
      name: "Calls",
      value: formatCount(calls),
      detail: `${formatCount(canceled)} canceled`,
      color: "--river",
      course: (bucket) => bucket.calls,
    },
    {
      name: "Error rate",
      value: formatShare(errors, calls),
      detail: plural(errors, "error"),
      color: "--clay",
      course: (bucket) => bucket.errors,
    },
  ];
}

function latencyTiles({ ttftMs, durationMs }: Overview["totals"]): Tile[] {
  return [
    {
      name: "First token, p95",
      value: formatMs(ttftMs.p95),
      detail: `p50 ${formatMs(ttftMs.p50)}`,
      color: "--river",
      course: (bucket) => bucket.ttftMs.p95,
    },
    {
      name: "Latency, p95",
      value: formatMs(durationMs.p95),
      detail: `p50 ${formatMs(durationMs.p50)}`,
      color: "--river",
      course: (bucket) => bucket.durationMs.p95,
    },
  ];
}

function spendingTiles(totals: Overview["totals"]): Tile[] {
  const { inputTokens, outputTokens, costNanos, guardHits, blocked } = totals;
  return [
    {
      name: "Tokens",
      value: formatCount(inputTokens + outputTokens),
      detail: `${formatCount(inputTokens)} in · ${formatCount(outputTokens)} out`,
      color: "--river",
      course: (bucket) => bucket.inputTokens + bucket.outputTokens,
    },
    {
      name: "Cost",
      value: formatCost(costNanos),
      detail: costNanos === 0 ? "local models cost nothing" : "at list prices",
      color: "--ochre",
      course: (bucket) => bucket.costNanos,
    },
    {
      name: "Guard hits",
      value: formatCount(guardHits),
      detail: `${plural(blocked, "call")} blocked`,
      color: "--ochre",
      course: (bucket) => bucket.guardHits,
    },
  ];
}
