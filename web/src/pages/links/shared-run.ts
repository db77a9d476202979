import { asNumber, asText, at, isRecord } from "../../api/json.ts";
import type { TreeRun } from "../traces/run-tree.ts";

const STATUSES = { success: "success", error: "error", pending: "pending" } as const;

/** A run as LangSmith's reads give it, as a line of the tree. Null where it is none. */
export function toSharedRun(wire: unknown): TreeRun | null {
  const id = asText(at(wire, "id"));
  const started = Date.parse(zoned(asText(at(wire, "start_time"))));
  if (!isRecord(wire) || id === null || Number.isNaN(started)) return null;
  const ended = Date.parse(zoned(asText(wire["end_time"])));
  const first = Date.parse(zoned(asText(wire["first_token_time"])));
  const status = asText(wire["status"]) ?? "";
  return {
    id,
    parentId: asText(wire["parent_run_id"]),
    name: asText(wire["name"]) ?? "",
    type: asText(wire["run_type"]) ?? "",
    status: Object.hasOwn(STATUSES, status) ? STATUSES[status as keyof typeof STATUSES] : "error",
    at: started,
    durationMs: Number.isNaN(ended) ? null : ended - started,
    ttftMs: Number.isNaN(first) ? null : first - started,
    model: asText(at(wire, "extra", "metadata", "ls_model_name")),
    costNanos: null,
    inputTokens: asNumber(wire["prompt_tokens"]) ?? 0,
    outputTokens: asNumber(wire["completion_tokens"]) ?? 0,
    isCovered: false,
  };
}

/** LangSmith's times say no zone where they mean UTC. */
function zoned(time: string | null): string {
  if (time === null) return "";
  return /(?:Z|[+-]\d\d:?\d\d)$/.test(time) ? time : `${time}Z`;
}
