/** Calls as LangSmith's multipart ingest takes them: one run a call. Pure. */
import { spanIdOfRun, toHexId } from "../../core/trace-ids.ts";
import { describeCall } from "../trace/call-run.ts";
import type { KeptCall } from "../trace/recorder.ts";

export const LANGSMITH_BOUNDARY = "----WeirBoundary4c7f0d2a91be";

export function langsmithBatch(calls: readonly KeptCall[], project: string): Buffer {
  const parts = calls.flatMap((call) => partsOf(call, project));
  return Buffer.from(`${parts.join("")}--${LANGSMITH_BOUNDARY}--\r\n`);
}

function partsOf(call: KeptCall, project: string): string[] {
  const { run, payload } = describeCall(call, project);
  const { inputs, outputs } = payload;
  const named = `post.${run.id}`;
  return [
    part(named, {
      id: run.id,
      ...placeOf(call, run.id),
      name: run.name,
      run_type: run.type,
      session_name: call.link?.project ?? project,
      start_time: timeOf(run.at),
      end_time: timeOf(run.endAt ?? run.at),
      tags: run.tags,
      ...(call.status !== "ok" && { error: errorOf(call) }),
    }),
    part(`${named}.extra`, { metadata: metadataOf(call) }),
    ...(call.ttftMs === null ? [] : [part(`${named}.events`, [firstToken(call, call.ttftMs)])]),
    ...(inputs === undefined ? [] : [part(`${named}.inputs`, inputs)]),
    ...(outputs === undefined ? [] : [part(`${named}.outputs`, outputs)]),
  ];
}

/** What time to first token is read from there. */
function firstToken({ at }: KeptCall, ttftMs: number) {
  return { name: "new_token", time: timeOf(at + ttftMs) };
}

function part(name: string, value: unknown): string {
  const head = `Content-Disposition: form-data; name="${name}"\r\nContent-Type: application/json`;
  return `--${LANGSMITH_BOUNDARY}\r\n${head}\r\n\r\n${JSON.stringify(value)}\r\n`;
}

/**
 * Under the run that LangSmith's SDK named. A W3C parent is none of theirs: then the call is a root of
 * its own, since a trace of LangSmith begins with a run that it has.
 */
function placeOf({ at, link }: KeptCall, id: string): Record<string, string> {
  const segment = `${timeOf(at).replaceAll(/[-:.]/g, "")}${id}`;
  if (!link?.dottedOrder || link.parentRunId === null) {
    return { trace_id: id, dotted_order: segment };
  }
  return {
    trace_id: link.traceId,
    parent_run_id: link.parentRunId,
    dotted_order: `${link.dottedOrder}.${segment}`,
  };
}

/** With six digits of a second, as their SDKs have it. */
function timeOf(at: number): string {
  const micros = String(Math.floor((at % 1) * 1000)).padStart(3, "0");
  return `${new Date(at).toISOString().slice(0, -1)}${micros}Z`;
}

function errorOf({ errorCode, errorMessage, status }: KeptCall): string {
  return [errorCode ?? status, errorMessage].filter(Boolean).join(": ");
}

function metadataOf(call: KeptCall): Record<string, unknown> {
  const { link, target, user, timeline } = call;
  const upstream = timeline.attempts.at(-1)?.model;
  return {
    ...link?.metadata,
    ls_provider: target?.split("/")[0],
    ls_model_name: upstream ?? call.model,
    ...(user !== null && { user_id: user }),
    ...(call.costNanos !== null && { cost_nanos: call.costNanos }),
    weir_route: call.route,
    weir_target: target,
    weir_key: call.keyName,
    weir_attempts: call.attempts,
    weir_findings: call.findings.map(({ detector, action }) => `${detector}:${action}`).join(","),
    ...(link &&
      !link.dottedOrder &&
      link.parentRunId && {
        w3c_trace_id: toHexId(link.traceId),
        w3c_parent_id: spanIdOfRun(link.parentRunId),
      }),
    usage_metadata: {
      input_tokens: call.inputTokens,
      output_tokens: call.outputTokens,
      total_tokens: call.inputTokens + call.outputTokens,
      input_token_details: {
        cache_read: call.cachedTokens,
        cache_creation: call.cacheWriteTokens ?? 0,
      },
      output_token_details: { reasoning: call.reasoningTokens ?? 0 },
      ...(call.costNanos !== null && { total_cost: call.costNanos / 1e9 }),
    },
  };
}
