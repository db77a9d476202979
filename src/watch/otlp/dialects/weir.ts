/** What Weir's own exporter writes beside the GenAI conventions' names: `to-spans.ts` is its other half. */
import type { RunStatus } from "../../../core/run.ts";
import { hasUnder, listAt, numberAt, textAt, textOf, under } from "../attributes.ts";
import type { Dialect } from "../reading.ts";

const STATUSES: ReadonlySet<string> = new Set([
  "pending",
  "success",
  "error",
  "blocked",
  "canceled",
] satisfies RunStatus[]);

export const weir: Dialect = ({ attributes }) => {
  if (!hasUnder(attributes, "weir.")) return undefined;
  const status = textAt(attributes, "weir.status");
  const costNanos = numberAt(attributes, "weir.cost_nanos");
  return {
    type: textAt(attributes, "weir.run.type"),
    status: STATUSES.has(status ?? "") ? (status as RunStatus) : undefined, // just looked up
    project: textAt(attributes, "weir.project"),
    ttftMs: numberAt(attributes, "weir.ttft_ms"),
    threadId: textAt(attributes, "weir.thread"),
    userId: textAt(attributes, "weir.user"),
    tags: listAt(attributes, "weir.tags").flatMap((tag) => textOf(tag) ?? []),
    usage: costNanos === undefined ? undefined : { totalCost: costNanos / 1e9 },
    metadata: Object.fromEntries(under(attributes, "weir.metadata.")),
  };
};
