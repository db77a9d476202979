import type { CallLink } from "../core/call.ts";
import { newTraceId } from "../core/ids.ts";
import type { RunMetadata } from "../core/run.ts";
import { callIdWithin, runIdOfSpan, spanIdOfRun, toUuid } from "../core/trace-ids.ts";
import type { UpstreamTrace } from "../serve/provider.ts";
import type { Asked } from "./identify.ts";

/** What a call is called, where it hangs, and what its upstreams are told of both. */
export interface TraceContext {
  /** The call's own: 32 hex digits. */
  readonly id: string;
  readonly link: CallLink | undefined;
  readonly upstream: UpstreamTrace;
}

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const NO_ID = /^0+$/;
const SAMPLED = "01";

/**
 * Reads W3C's `traceparent` and LangSmith's `langsmith-trace` with its `baggage`. A call always has an
 * id of its own: two calls may belong to one trace. Whatever is not understood is left aside, as both
 * specifications have it.
 */
export function traceContextOf(headers: Asked["headers"]): TraceContext {
  const parent = headers["traceparent"];
  const dotted = headers["langsmith-trace"];
  if (parent === undefined && dotted === undefined) {
    const id = newTraceId();
    return { id, link: undefined, upstream: { traceparent: traceparentOf(id, id, SAMPLED) } };
  }
  return joined(w3cOf(parent), langsmithOf(dotted), headers);
}

interface Parent {
  /** 32 hex digits. */
  readonly traceId: string;
  readonly runId: string;
  readonly flags?: string;
  readonly dottedOrder?: string;
}

function joined(
  w3c: Parent | undefined,
  langsmith: Parent | undefined,
  headers: Asked["headers"],
): TraceContext {
  // W3C's trace goes on where there is one; in Weir the call hangs where LangSmith's SDK says.
  const traceId = (w3c ?? langsmith)?.traceId;
  const id = traceId === undefined ? newTraceId() : callIdWithin(traceId, newTraceId());
  const parent = langsmith ?? w3c;
  const traceparent = traceparentOf(traceId ?? id, id, w3c?.flags ?? SAMPLED);
  const tracestate = w3c && stateOf(headers["tracestate"]);
  return {
    id,
    link: parent && {
      traceId: toUuid(parent.traceId),
      parentRunId: parent.runId,
      dottedOrder: parent.dottedOrder ?? null,
      ...baggageOf(headers["baggage"]),
    },
    upstream: { traceparent, ...(tracestate !== undefined && { tracestate }) },
  };
}

/** The call is the upstream's parent: attempts are no runs of their own. */
function traceparentOf(traceId: string, callId: string, flags: string): string {
  return `00-${traceId}-${spanIdOfRun(callId)}-${flags}`;
}

function w3cOf(header: string | string[] | undefined): Parent | undefined {
  const found = typeof header === "string" ? TRACEPARENT.exec(header) : null;
  const [, traceId = "", spanId = "", flags = SAMPLED] = found ?? [];
  if (!found || NO_ID.test(traceId) || NO_ID.test(spanId)) return undefined;
  return { traceId, runId: runIdOfSpan(traceId, spanId), flags };
}

const SEGMENT = /^\d{8}T\d{12,}Z([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/i;
const MAX_DOTTED = 16_384;

/** A dotted order: the trace's first run, and so on down to the one that calls. */
function langsmithOf(header: string | string[] | undefined): Parent | undefined {
  if (typeof header !== "string" || header.length > MAX_DOTTED) return undefined;
  const dottedOrder = header.trim();
  const ids = dottedOrder.split(".").map((segment) => SEGMENT.exec(segment)?.[1]?.toLowerCase());
  const [root] = ids;
  const runId = ids.at(-1);
  if (root === undefined || runId === undefined || ids.includes(undefined)) return undefined;
  return { traceId: root.replaceAll("-", ""), runId, dottedOrder };
}

/** Goes on unchanged, as it must; what cannot stand in a header is left out, as it may be. */
function stateOf(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" && /^[\x21-\x7e][\x20-\x7e]{0,511}$/.test(header)
    ? header
    : undefined;
}

type Baggage = Pick<CallLink, "project" | "tags" | "metadata">;
const NOTHING: Baggage = { project: null, tags: [], metadata: {} };
const MAX_BAGGAGE = 8192;
const MOST = 64;
const MAX_CHARS = 256;

/** What LangSmith's SDK says in W3C's baggage; others' entries are theirs. */
function baggageOf(header: string | string[] | undefined): Baggage {
  if (typeof header !== "string" || header.length > MAX_BAGGAGE) return NOTHING;
  let found = NOTHING;
  for (const item of header.split(",")) {
    const [name = "", ...rest] = item.trim().split("=");
    const value = name.startsWith("langsmith-") ? decoded(rest.join("=")) : undefined;
    if (value === undefined) continue;
    if (name === "langsmith-project") found = { ...found, project: value.slice(0, MAX_CHARS) };
    else if (name === "langsmith-tags") found = { ...found, tags: tagsIn(value) };
    else if (name === "langsmith-metadata") found = { ...found, metadata: metadataIn(value) };
  }
  return found;
}

function decoded(value: string): string | undefined {
  try {
    return decodeURIComponent(value.split(";", 1)[0] ?? "");
  } catch {
    return undefined;
  }
}

function tagsIn(value: string): string[] {
  const tags = value.split(",").filter((tag) => tag !== "");
  return tags.slice(0, MOST).map((tag) => tag.slice(0, MAX_CHARS));
}

function metadataIn(value: string): RunMetadata {
  let fields: unknown;
  try {
    fields = JSON.parse(value);
  } catch {
    return {};
  }
  if (typeof fields !== "object" || fields === null) return {};
  const kept: Record<string, string | number | boolean> = {};
  for (const [name, field] of Object.entries(fields).slice(0, MOST)) {
    if (typeof field === "string") kept[name] = field.slice(0, MAX_CHARS);
    else if (typeof field === "number" || typeof field === "boolean") kept[name] = field;
  }
  return kept;
}
