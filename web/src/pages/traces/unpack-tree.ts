import type { TraceTree } from "../../../../src/http/trace-schemas.ts";
import type { TreeRun } from "./run-tree.ts";
import { STATUSES } from "./trace-filter.ts";

/** The runs of a tree that came in columns. */
export function unpackTree({ words, columns }: TraceTree): TreeRun[] {
  const word = (place: number | null | undefined) =>
    place === null || place === undefined ? null : (words[place] ?? null);
  return columns.id.map((id, index) => ({
    id,
    parentId: word(columns.parent[index]),
    name: word(columns.name[index]) ?? "",
    type: word(columns.type[index]) ?? "",
    status: statusOf(word(columns.status[index])),
    model: word(columns.model[index]),
    at: columns.at[index] ?? 0,
    durationMs: columns.durationMs[index] ?? null,
    ttftMs: columns.ttftMs[index] ?? null,
    costNanos: columns.costNanos[index] ?? null,
    inputTokens: columns.inputTokens[index] ?? 0,
    outputTokens: columns.outputTokens[index] ?? 0,
    isCovered: columns.isCovered[index] === 1,
  }));
}

function statusOf(text: string | null): TreeRun["status"] {
  return STATUSES.find((status) => status === text) ?? "error";
}
