import type { KeptRun, Run } from "../core/run.ts";
import type { RunFilter } from "../core/run-query.ts";
import type { FindingRecord, Timeline } from "../core/call.ts";
import type { CallQuery } from "../http/admin-schemas.ts";
import { summarise, windowOf } from "../watch/overview.ts";
import { toUuid } from "../core/trace-ids.ts";
import { toSpans } from "../watch/trace/spans.ts";
import type { Traces } from "../watch/trace/traces.ts";

/** Weir's own calls out of the traces, in the words of the admin API. */

const ENDINGS = {
  success: "ok",
  error: "error",
  blocked: "blocked",
  canceled: "canceled",
  pending: "ok",
} as const;
const STATUSES = {
  ok: "success",
  error: "error",
  blocked: "blocked",
  canceled: "canceled",
} as const;
const CALL_ID = /^[0-9a-f]{32}$/;

export async function listCalls(traces: Traces, query: CallQuery) {
  const { runs, next } = await traces.runs({
    filter: toFilter(query),
    limit: query.limit,
    cursor: query.cursor,
  });
  return { calls: runs.map(toCall), next };
}

export async function findCall(traces: Traces, id: string) {
  if (!CALL_ID.test(id)) return undefined;
  const [kept] = await traces.find([toUuid(id)]);
  return kept && kept.run.source === "call" ? toDetail(kept) : undefined;
}

/** How many calls each model had since then. */
export async function countByModel(traces: Traces, from: number, now: number) {
  const cells = await traces.figures({ from, to: now, by: ["model"], where: { source: ["call"] } });
  return Object.fromEntries(cells.map(({ values: [model = ""], runs }) => [model, runs]));
}

export async function overviewFigures(
  traces: Traces,
  name: Parameters<typeof windowOf>[0],
  now: number,
) {
  const window = windowOf(name, now);
  const { from, to, bucketMs } = window;
  const where = { source: ["call"] } as const;
  const [series, total, models] = await Promise.all([
    traces.figures({ from, to, bucketMs, by: [], where }),
    traces.figures({ from, to, by: [], where }),
    traces.figures({ from, to, by: ["model"], where }),
  ]);
  return { window: name, ...window, ...summarise(series, total[0], models, window) };
}

function toFilter(query: CallQuery): RunFilter {
  const of: RunFilter[] = [{ op: "eq", field: "source", value: "call" }];
  const { status, model, key, user, search, from, to, minDurationMs, guarded } = query;
  if (status !== undefined) of.push({ op: "eq", field: "status", value: STATUSES[status] });
  if (model !== undefined) of.push({ op: "eq", field: "model", value: model });
  if (key !== undefined) of.push({ op: "eq", field: "keyName", value: key });
  if (user !== undefined) of.push({ op: "eq", field: "userId", value: user });
  if (search?.trim()) of.push({ op: "search", text: search });
  if (from !== undefined) of.push({ op: "gte", field: "startTime", value: from });
  if (to !== undefined) of.push({ op: "lt", field: "startTime", value: to });
  if (minDurationMs !== undefined) {
    of.push({ op: "gte", field: "latency", value: minDurationMs / 1000 });
  }
  if (guarded !== undefined) of.push({ op: "eq", field: "guarded", value: guarded });
  return { op: "and", of };
}

function toCall(run: Run) {
  return {
    id: run.id.replaceAll("-", ""),
    at: run.at,
    route: run.route ?? "",
    model: run.model ?? "",
    target: run.target,
    keyId: run.keyId ?? "",
    keyName: run.keyName ?? "",
    user: run.userId,
    stream: run.isStream,
    status: ENDINGS[run.status],
    httpStatus: run.httpStatus ?? 0,
    errorCode: run.errorCode,
    errorMessage: run.errorMessage,
    finishReason: run.finishReason,
    inputTokens: run.inputTokens,
    outputTokens: run.outputTokens,
    cachedTokens: run.cachedTokens,
    costNanos: run.costNanos,
    durationMs: run.durationMs ?? 0,
    ttftMs: run.ttftMs,
    attempts: run.call?.attempts ?? 0,
    cache: run.call?.cache ?? null,
    tenantId: run.tenantId,
    findings: (run.call?.findings ?? []) as readonly FindingRecord[], // as the gateway recorded them
    preview: run.inputPreview,
    capture: run.capture,
  };
}

function toDetail({ run, payload }: KeptRun) {
  const call = toCall(run);
  const timeline = run.call?.timeline as Timeline; // as the gateway recorded it
  const { outputs } = payload as { outputs?: { content?: string } }; // written by describeCall
  return {
    ...call,
    spans: timeline ? toSpans({ ...call, timeline }) : [],
    request: payload.inputs ?? null,
    output: outputs?.content ?? null,
  };
}
