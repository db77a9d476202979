import type { CallFacts, Run } from "../../../core/run.ts";
import type { RunOutline } from "../../../core/run-query.ts";
import { packDotted, unpackDotted } from "./dotted-order.ts";
import {
  CAPTURES,
  COVERED,
  ESTIMATED,
  GUARDED,
  PATCHED,
  SHADOW,
  SOURCES,
  STATUSES,
  STREAMED,
  TOLD_TOKENS,
  bytesToUuid,
  uuidToBytes,
} from "./schema.ts";
import { orderSegment } from "../../../core/trace-ids.ts";
import { ROUTE_OF_SHADOWS } from "../../shadow-route.ts";
import type { Words } from "./words.ts";

/** Columns of `run` in the order in which `toRow` gives them, without the place of the texts. */
export const COLUMNS = [
  ..."seq id trace parent dotted at duration_ms ttft_ms".split(" "),
  ..."tenant project source type name status flags capture".split(" "),
  ..."model provider target route key key_name user thread prompt".split(" "),
  ..."error_code finish http price cache".split(" "),
  ..."input_tokens output_tokens cached_tokens cache_write_tokens reasoning_tokens".split(" "),
  ..."image_tokens audio_tokens cost input_cost output_cost weight example".split(" "),
  ..."error tags metadata facts input_preview output_preview".split(" "),
] as const;

const PREVIEW_CHARS = 160;

type Cell = string | number | Uint8Array | null;

/** A row as SQLite gives it. */
export interface RunRow {
  readonly seq: number;
  readonly id: Uint8Array;
  readonly trace: Uint8Array;
  readonly parent: Uint8Array | null;
  readonly dotted: Uint8Array | string | null;
  readonly at: number;
  readonly duration_ms: number | null;
  readonly ttft_ms: number | null;
  readonly tenant: number;
  readonly project: number;
  readonly source: number;
  readonly type: number;
  readonly name: number;
  readonly status: number;
  readonly flags: number;
  readonly capture: number;
  readonly model: number | null;
  readonly provider: number | null;
  readonly target: number | null;
  readonly route: number | null;
  readonly key: number | null;
  readonly key_name: number | null;
  readonly user: number | null;
  readonly thread: number | null;
  readonly prompt: number | null;
  readonly error_code: number | null;
  readonly finish: number | null;
  readonly http: number | null;
  readonly price: number | null;
  readonly cache: number | null;
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
  readonly cached_tokens: number | null;
  readonly cache_write_tokens: number | null;
  readonly reasoning_tokens: number | null;
  readonly image_tokens: number | null;
  readonly audio_tokens: number | null;
  readonly cost: number | null;
  readonly input_cost: number | null;
  readonly output_cost: number | null;
  readonly weight: number | null;
  readonly example: Uint8Array | null;
  readonly error: string | null;
  readonly tags: string | null;
  readonly metadata: string | null;
  readonly facts: string | null;
  readonly input_preview: string | null;
  readonly output_preview: string | null;
  readonly block: number | null;
  readonly start: number | null;
  readonly length: number | null;
}

export function toRow(run: Run, seq: number, isPatched: boolean, words: Words): Cell[] {
  const word = (text: string | null) => words.idOf(text);
  return [
    seq,
    uuidToBytes(run.id),
    uuidToBytes(run.traceId),
    run.parentId && uuidToBytes(run.parentId),
    run.parentId === null ? null : packDotted(run.dottedOrder),
    run.at,
    run.durationMs,
    run.ttftMs,
    word(run.tenantId),
    word(run.projectId),
    SOURCES.indexOf(run.source),
    word(run.type),
    word(run.name),
    STATUSES.indexOf(run.status),
    flagsOf(run, isPatched),
    CAPTURES.indexOf(run.capture),
    word(run.model),
    word(run.provider),
    word(run.target),
    word(run.route),
    word(run.keyId),
    word(run.keyName),
    word(run.userId),
    word(run.threadId),
    word(run.promptVersion),
    word(run.errorCode),
    word(run.finishReason),
    run.httpStatus,
    word(run.priceVersion),
    word(run.call?.cache ?? null),
    // What is zero takes no room as null.
    run.inputTokens || null,
    run.outputTokens || null,
    run.cachedTokens || null,
    run.cacheWriteTokens || null,
    run.reasoningTokens || null,
    run.imageTokens || null,
    run.audioTokens || null,
    run.costNanos,
    run.inputCostNanos,
    run.outputCostNanos,
    run.weight === 1 ? null : run.weight,
    run.referenceExampleId && uuidToBytes(run.referenceExampleId),
    run.errorMessage,
    run.tags.length > 0 ? JSON.stringify(run.tags) : null,
    jsonOfFields(run.metadata),
    run.call && JSON.stringify({ ...run.call, timeline: undefined }),
    run.inputPreview?.slice(0, PREVIEW_CHARS) ?? null,
    run.outputPreview?.slice(0, PREVIEW_CHARS) ?? null,
  ];
}

function jsonOfFields(fields: object): string | null {
  for (const _ in fields) return JSON.stringify(fields);
  return null;
}

function flagsOf(run: Run, isPatched: boolean): number {
  return (
    (run.isEstimated ? ESTIMATED : 0) |
    (run.isStream ? STREAMED : 0) |
    (run.isCovered ? COVERED : 0) |
    (isPatched ? PATCHED : 0) |
    ((run.call?.findings.length ?? 0) > 0 ? GUARDED : 0) |
    (run.route === ROUTE_OF_SHADOWS ? SHADOW : 0) |
    (run.inputTokens + run.outputTokens > 0 ? TOLD_TOKENS : 0)
  );
}

/** One object at once: put together of several, it would take three times as long, for every row of a list. */
export function fromRow(row: RunRow, words: Words): Run {
  const id = bytesToUuid(row.id);
  return {
    id,
    traceId: bytesToUuid(row.trace),
    parentId: row.parent && bytesToUuid(row.parent),
    dottedOrder: orderOf(row, id),
    tenantId: words.textOf(row.tenant) ?? "",
    projectId: words.textOf(row.project) ?? "",
    source: SOURCES[row.source] ?? "call",
    name: words.textOf(row.name) ?? "",
    type: words.textOf(row.type) ?? "",
    model: words.textOf(row.model),
    provider: words.textOf(row.provider),
    target: words.textOf(row.target),
    route: words.textOf(row.route),
    keyId: words.textOf(row.key),
    keyName: words.textOf(row.key_name),
    userId: words.textOf(row.user),
    threadId: words.textOf(row.thread),
    promptVersion: words.textOf(row.prompt),
    inputTokens: row.input_tokens ?? 0,
    outputTokens: row.output_tokens ?? 0,
    cachedTokens: row.cached_tokens ?? 0,
    cacheWriteTokens: row.cache_write_tokens ?? 0,
    reasoningTokens: row.reasoning_tokens ?? 0,
    imageTokens: row.image_tokens ?? 0,
    audioTokens: row.audio_tokens ?? 0,
    costNanos: row.cost,
    inputCostNanos: row.input_cost,
    outputCostNanos: row.output_cost,
    priceVersion: words.textOf(row.price),
    isEstimated: (row.flags & ESTIMATED) > 0,
    status: STATUSES[row.status] ?? "pending",
    at: row.at,
    endAt: endOf(row),
    durationMs: row.duration_ms,
    ttftMs: row.ttft_ms,
    errorCode: words.textOf(row.error_code),
    errorMessage: row.error,
    finishReason: words.textOf(row.finish),
    httpStatus: row.http,
    tags: JSON.parse(row.tags ?? "[]"),
    metadata: JSON.parse(row.metadata ?? "{}"),
    isStream: (row.flags & STREAMED) > 0,
    weight: row.weight ?? 1,
    referenceExampleId: row.example && bytesToUuid(row.example),
    inputPreview: row.input_preview,
    outputPreview: row.output_preview,
    capture: CAPTURES[row.capture] ?? "metadata",
    isCovered: (row.flags & COVERED) > 0,
    call: toFacts(row.facts),
  };
}

/** The columns behind an outline: fewer make a row several times as cheap. */
export const OUTLINE = [
  ..."seq id parent at duration_ms ttft_ms type name status flags model".split(" "),
  ..."input_tokens output_tokens cost".split(" "),
] as const;
export type OutlineRow = Pick<
  RunRow,
  | ("seq" | "id" | "parent" | "at" | "duration_ms" | "ttft_ms" | "type" | "name" | "status")
  | ("flags" | "model" | "input_tokens" | "output_tokens" | "cost")
>;

export function toOutline(row: OutlineRow, words: Words): RunOutline {
  return {
    id: bytesToUuid(row.id),
    parentId: row.parent && bytesToUuid(row.parent),
    name: words.textOf(row.name) ?? "",
    type: words.textOf(row.type) ?? "",
    status: STATUSES[row.status] ?? "pending",
    at: row.at,
    durationMs: row.duration_ms,
    ttftMs: row.ttft_ms,
    model: words.textOf(row.model),
    costNanos: row.cost,
    inputTokens: row.input_tokens ?? 0,
    outputTokens: row.output_tokens ?? 0,
    isCovered: (row.flags & COVERED) > 0,
  };
}

function orderOf(row: RunRow, id: string): string | null {
  return row.parent === null ? orderSegment(row.at, id) : unpackDotted(row.dotted);
}

function endOf({ at, duration_ms: durationMs }: RunRow): number | null {
  return durationMs === null ? null : at + durationMs;
}

function toFacts(json: string | null): CallFacts | null {
  if (json === null) return null;
  const facts = JSON.parse(json) as Partial<CallFacts>; // written by toRow
  return {
    timeline: null,
    findings: facts.findings ?? [],
    attempts: facts.attempts ?? 0,
    cache: facts.cache ?? null,
    queueMs: facts.queueMs ?? null,
    answerId: facts.answerId ?? null,
  };
}
