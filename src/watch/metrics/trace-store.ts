import type { Gauge } from "./exposition.ts";

/** What the trace store says of itself; counts are since the start. */
export interface TraceFigures {
  readonly accepted: number;
  readonly rejected: number;
  readonly truncated: number;
  readonly conflicts: number;
  readonly written: number;
  readonly failed: number;
  readonly backlogBytes: number;
  readonly usedBytes: number;
  readonly trouble: string | null;
}

/** Received, merged, waiting, lost: an operator sees here that nothing is dropped in silence. */
export function traceGauges(figures: TraceFigures | undefined): Gauge[] {
  if (!figures) return [];
  const one = (name: string, help: string, type: Gauge["type"], value: number): Gauge => ({
    name,
    help,
    type,
    values: [{ labels: {}, value }],
  });
  return [
    one(
      "weir_traces_received_total",
      "Runs and calls that were accepted.",
      "counter",
      figures.accepted,
    ),
    one(
      "weir_traces_rejected_total",
      "Parts that were refused by name.",
      "counter",
      figures.rejected,
    ),
    one(
      "weir_traces_truncated_total",
      "Runs with fields that were cut.",
      "counter",
      figures.truncated,
    ),
    one(
      "weir_traces_conflicts_total",
      "Left out: another tenant's runs.",
      "counter",
      figures.conflicts,
    ),
    one("weir_traces_written_total", "Runs written to the database.", "counter", figures.written),
    one("weir_traces_failed_total", "Runs that the database refused.", "counter", figures.failed),
    one("weir_traces_backlog_bytes", "Accepted, not written yet.", "gauge", figures.backlogBytes),
    one("weir_traces_used_bytes", "What the database holds.", "gauge", figures.usedBytes),
    one(
      "weir_traces_up",
      "Whether the database takes runs now.",
      "gauge",
      figures.trouble === null ? 1 : 0,
    ),
  ];
}
