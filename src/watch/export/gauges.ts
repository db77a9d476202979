import type { Gauge } from "../metrics/exposition.ts";
import type { ExportFigures } from "./export-feed.ts";

/** What receivers took and did not take. */
export function exportGauges(all: readonly ExportFigures[]): Gauge[] {
  const figure = (
    name: string,
    help: string,
    type: Gauge["type"],
    value: (of: ExportFigures) => number,
  ): Gauge => ({
    name,
    help,
    type,
    values: all.map((of) => ({ labels: { receiver: of.receiver }, value: value(of) })),
  });
  return [
    figure("weir_export_calls_total", "Calls that a receiver took.", "counter", (of) => of.sent),
    figure("weir_export_dropped_total", "Calls that were lost.", "counter", (of) => of.dropped),
    figure("weir_export_retries_total", "Deliveries that failed.", "counter", (of) => of.retries),
    figure("weir_export_waiting_bytes", "Held in memory.", "gauge", (of) => of.waitingBytes),
    figure("weir_export_spilled_bytes", "Held on disk.", "gauge", (of) => of.spilledBytes),
    figure("weir_export_up", "Whether it takes calls now.", "gauge", (of) => (of.trouble ? 0 : 1)),
  ];
}
