import { join } from "node:path";
import type { CallStatus, FindingRecord, Timeline } from "../../core/call.ts";
import { AppendLog } from "../../store/append-log.ts";
import type { OldCall } from "../../store/sqlite/traces/old-calls.ts";
import type { SqliteRunWriter } from "../../store/sqlite/traces/run-writer.ts";
import { describeCall, projectOfCall } from "../../watch/trace/call-run.ts";
import type { Capture, KeptCall } from "../../watch/trace/recorder.ts";
import type { LogPosition } from "../../core/log-position.ts";
import { Merging } from "./merging.ts";

const AT_ONCE = 500;

/** Brings over what releases before 0.6 kept: their table of calls, and lines that still stood in their log. */
export async function importOldCalls(folder: string, writer: SqliteRunWriter): Promise<void> {
  const merging = new Merging({ writer, price: unasked, capture: () => "full", now: Date.now });
  const write = async (calls: readonly KeptCall[], position: LogPosition | undefined) => {
    const records = [];
    for (const call of calls) {
      records.push(describeCall(call, await merging.projectId(call.tenantId, projectOfCall(call))));
    }
    await writer.write(await merging.toBatch({ runs: [], feedback: [], calls: records, position }));
  };
  for (let rows = writer.oldCalls(AT_ONCE); rows.length > 0; rows = writer.oldCalls(AT_ONCE)) {
    await write(rows.map(toCall), undefined);
    writer.dropOldCalls(rows.at(-1)?.seq ?? 0);
  }
  const log = new AppendLog(join(folder, "log"));
  let position = await writer.position();
  for (let chunk = log.read(position); chunk; chunk = log.read(position)) {
    await write(chunk.lines.flatMap(parseLine), chunk.next);
    position = chunk.next;
  }
  if (position) log.forget({ ...position, segment: `${position.segment}~` });
}

/** Calls come with their cost. */
function unasked(): never {
  throw new Error("an old call is not priced again");
}

function parseLine(line: string): KeptCall[] {
  try {
    const call = JSON.parse(line) as Partial<KeptCall>; // written by an older recorder
    return [{ tenantId: "default", cache: null, link: null, ...call } as KeptCall];
  } catch {
    return [];
  }
}

function toCall(row: OldCall): KeptCall {
  return {
    id: row.id,
    at: row.at,
    route: row.route,
    model: row.model,
    target: row.target,
    keyId: row.key_id,
    keyName: row.key_name,
    user: row.user,
    stream: row.stream === 1,
    status: row.status as CallStatus,
    httpStatus: row.http_status,
    errorCode: row.error_code as KeptCall["errorCode"],
    errorMessage: row.error_message,
    finishReason: row.finish_reason as KeptCall["finishReason"],
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    cachedTokens: row.cached_tokens,
    costNanos: row.cost_nanos,
    durationMs: row.duration_ms,
    ttftMs: row.ttft_ms,
    attempts: row.attempts,
    cache: row.cache as KeptCall["cache"],
    tenantId: row.tenant_id,
    link: null,
    findings: JSON.parse(row.findings) as FindingRecord[],
    timeline: JSON.parse(row.timeline) as Timeline,
    capture: (row.capture === "none" ? "metadata" : row.capture) as Capture,
    preview: row.preview,
    request: row.request === null ? null : JSON.parse(row.request),
    output: row.output,
  };
}
