import type {
  AttachmentPart,
  Run,
  RunCost,
  RunMetadata,
  RunPart,
  RunPayload,
  RunRecord,
  RunStatus,
} from "../../core/run.ts";
import { inputPreview, outputPreview } from "./preview-of.ts";
import { type PricedUsage, type ToldUsage, NO_USAGE, fieldsOf, usageOf } from "./usage-of.ts";

/** What tokens of a model cost at a time. */
export type PriceTokens = (what: {
  readonly model: string;
  readonly provider: string | null;
  readonly at: number;
  readonly usage: PricedUsage;
}) => RunCost;

export interface DescribeNeeds {
  readonly price: PriceTokens;
  readonly capture: Run["capture"];
  readonly isCountedOnly?: boolean;
}

const NO_COST: RunCost = {
  costNanos: null,
  inputCostNanos: null,
  outputCostNanos: null,
  priceVersion: null,
};
const ERROR_CHARS = 500;
const MOST_METADATA = 64;
const METADATA_CHARS = 256;
const NANOS = 1e9;

/** Turns what senders said of a run into the row and the texts that are kept. Pure. */
export function describeRun(
  part: RunPart & { readonly projectId: string },
  needs: DescribeNeeds,
): RunRecord {
  const metadata = fieldsOf(fieldsOf(part.extra)?.["metadata"]) ?? {};
  const keepsTexts = needs.capture !== "metadata";
  const run: Run = {
    ...placeOf(part),
    ...timesOf(part),
    ...namesOf(part, metadata),
    ...spentOn(part, metadata, needs.price),
    ...endingOf(part, keepsTexts),
    // What only our own calls have.
    target: null,
    route: null,
    keyId: null,
    keyName: null,
    httpStatus: null,
    isEstimated: false,
    isStream: isStreamed(part, metadata),
    weight: weightOf(metadata["ls_tracing_sample_rate"]),
    referenceExampleId: part.referenceExampleId ?? null,
    inputPreview: keepsTexts ? inputPreview(part.inputs) : null,
    outputPreview: keepsTexts ? outputPreview(part.outputs) : null,
    capture: needs.capture,
    isCovered: false,
    call: null,
  };
  return {
    run,
    payload: keepsTexts ? payloadOf(part) : metadataOnly(run),
    attachments: keepsTexts ? (part.attachments ?? []) : [],
    isPatched: part.kind === "patch",
    text: [run.name, run.inputPreview, run.outputPreview, run.errorMessage]
      .filter(Boolean)
      .join("\n"),
    isCountedOnly: needs.isCountedOnly ?? false,
  };
}

function placeOf(part: RunPart & { readonly projectId: string }) {
  const { id, traceId = id, parentId = null, dottedOrder = null, tenantId, projectId } = part;
  return { id, traceId, parentId, dottedOrder, tenantId, projectId, source: part.source };
}

function startOf({ at, endAt, receivedAt }: RunPart): number {
  return at ?? endAt ?? receivedAt;
}

function timesOf(part: RunPart) {
  const at = startOf(part);
  return {
    at,
    endAt: part.endAt ?? null,
    durationMs: part.endAt === undefined ? null : Math.max(0, part.endAt - at),
    ttftMs: part.ttftMs ?? firstTokenMs(part.events, at),
  };
}

function namesOf(part: RunPart, metadata: Fields) {
  return {
    name: part.name ?? "unnamed",
    type: typeOf(part),
    model: modelOf(part, metadata),
    provider: providerOf(metadata),
    userId: textOf(metadata["user_id"]) ?? textOf(metadata["ls_user_id"]) ?? null,
    threadId: threadOf(metadata),
    promptVersion: promptOf(metadata),
    tags: (part.tags ?? []).slice(0, MOST_METADATA),
    metadata: scalarsOf(metadata),
  };
}

function spentOn(part: RunPart, metadata: Fields, price: PriceTokens) {
  const told = isPriced(typeOf(part)) ? usageOf(part) : undefined;
  if (!told) return { ...NO_USAGE, ...NO_COST };
  const model = modelOf(part, metadata);
  const { usage } = told;
  const ours = () =>
    model === null
      ? NO_COST
      : price({ model, provider: providerOf(metadata), at: startOf(part), usage });
  return { ...usage, ...(toldCost(told) ?? ours()) };
}

function endingOf(part: RunPart, keepsTexts: boolean) {
  const error = part.error ?? null;
  return {
    status: statusOf(part),
    errorCode: error === null ? null : errorClass(error),
    errorMessage: error === null || !keepsTexts ? null : error.slice(0, ERROR_CHARS),
    finishReason: finishReason(part.outputs),
  };
}

function typeOf({ type = "chain" }: RunPart): string {
  return type;
}

function providerOf(metadata: Fields): string | null {
  return textOf(metadata["ls_provider"]) ?? null;
}

/** Sums are of these alone: a chain repeats what the models under it used. */
export function isPriced(type: string): boolean {
  return type === "llm" || type === "embedding";
}

function statusOf({ status, error, endAt }: RunPart): RunStatus {
  if (status !== undefined) return status;
  if (error !== undefined && error !== null && error !== "") return "error";
  return endAt === undefined ? "pending" : "success";
}

type Fields = Readonly<Record<string, unknown>>;

function modelOf({ extra, outputs }: RunPart, metadata: Fields): string | null {
  const invocation = fieldsOf(fieldsOf(extra)?.["invocation_params"]);
  return (
    textOf(metadata["ls_model_name"]) ??
    textOf(invocation?.["model"]) ??
    textOf(invocation?.["model_name"]) ??
    textOf(fieldsOf(outputs)?.["model"]) ??
    null
  );
}

/** What the sender says that it cost. */
function toldCost({ costs }: ToldUsage): RunCost | undefined {
  if (costs?.total === undefined) return undefined;
  const nanos = (dollars: number | undefined) =>
    dollars === undefined ? null : Math.round(dollars * NANOS);
  return {
    costNanos: nanos(costs.total),
    inputCostNanos: nanos(costs.input),
    outputCostNanos: nanos(costs.output),
    priceVersion: null,
  };
}

function threadOf(metadata: Fields): string | null {
  return (
    textOf(metadata["session_id"]) ??
    textOf(metadata["thread_id"]) ??
    textOf(metadata["conversation_id"]) ??
    null
  );
}

/** As `ls_prompt`-style metadata and LangChain's hub say it: `name:version`. */
function promptOf(metadata: Fields): string | null {
  const name = textOf(metadata["prompt_name"]) ?? textOf(metadata["lc_hub_repo"]);
  if (name === undefined) return null;
  const version = textOf(metadata["prompt_version"]) ?? textOf(metadata["lc_hub_commit_hash"]);
  return version === undefined ? name : `${name}:${version.slice(0, 12)}`;
}

function scalarsOf(metadata: Fields): RunMetadata {
  const kept: Record<string, string | number | boolean> = {};
  let count = 0;
  for (const [name, value] of Object.entries(metadata)) {
    if (count === MOST_METADATA) break;
    // SDKs echo their own settings there, which say nothing of the run.
    if (name.startsWith("LANGSMITH_") || name.startsWith("LANGCHAIN_")) continue;
    if (typeof value === "string") kept[name] = value.slice(0, METADATA_CHARS);
    else if (typeof value === "number" || typeof value === "boolean") kept[name] = value;
    else continue;
    count += 1;
  }
  return kept;
}

function firstTokenMs(events: unknown, at: number): number | null {
  if (!Array.isArray(events)) return null;
  const first = fieldsOf(events.find((event) => fieldsOf(event)?.["name"] === "new_token"));
  const time = first?.["time"];
  const ms = typeof time === "number" ? time : typeof time === "string" ? Date.parse(time) : NaN;
  return Number.isFinite(ms) && ms >= at ? ms - at : null;
}

/** Who does not say so, but tells of a first token, has streamed. */
function isStreamed({ events, ttftMs }: RunPart, { ls_stream: told }: Fields): boolean {
  return told === true || hasTokenEvent(events) || (told === undefined && ttftMs !== undefined);
}

function hasTokenEvent(events: unknown): boolean {
  return Array.isArray(events) && events.some((event) => fieldsOf(event)?.["name"] === "new_token");
}

/** An exception's class, as `ValueError`: what errors are grouped by. */
function errorClass(error: string): string {
  const found = /^\s*(?:\w+\.)*([A-Z]\w*(?:Error|Exception|Warning|Timeout|Interrupt))\b/.exec(
    error,
  );
  return found?.[1] ?? "error";
}

function finishReason(outputs: unknown): string | null {
  const out = fieldsOf(outputs);
  const choices = out?.["choices"];
  const first = fieldsOf(Array.isArray(choices) ? choices[0] : undefined);
  return textOf(first?.["finish_reason"]) ?? textOf(out?.["stop_reason"]) ?? null;
}

function weightOf(rate: unknown): number {
  return typeof rate === "number" && rate > 0 && rate <= 1 ? 1 / rate : 1;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** What a late part is merged into where no texts are kept. */
function metadataOnly(run: Run): RunPayload {
  const usage_metadata = {
    input_tokens: run.inputTokens,
    output_tokens: run.outputTokens,
    input_token_details: { cache_read: run.cachedTokens, cache_creation: run.cacheWriteTokens },
    output_token_details: { reasoning: run.reasoningTokens },
  };
  const isCounted = run.inputTokens + run.outputTokens > 0;
  return { extra: { metadata: { ...run.metadata, ...(isCounted && { usage_metadata }) } } };
}

function payloadOf(part: RunPart): RunPayload {
  const { inputs, outputs, extra, events, error, serialized, attachments, truncated } = part;
  return {
    ...(inputs !== undefined && { inputs }),
    ...(outputs !== undefined && { outputs }),
    ...(extra !== undefined && { extra }),
    ...(Array.isArray(events) && events.length > 0 && { events }),
    ...(typeof error === "string" && { error }),
    ...(serialized !== undefined && serialized !== null && { serialized }),
    ...(attachments && {
      attachments: attachments.map(({ name, mimeType, base64 }) => ({
        name,
        mimeType,
        bytes: Buffer.byteLength(base64, "base64"),
      })),
    }),
    ...(truncated && { truncated }),
  };
}

/** What is kept of a run, as a part: what comes late is merged into it. */
export function toPart(
  { run, payload }: { readonly run: Run; readonly payload: RunPayload },
  isPatched: boolean,
  attachments: readonly AttachmentPart[],
): RunPart {
  return {
    kind: isPatched ? "patch" : "post",
    id: run.id,
    source: run.source,
    tenantId: run.tenantId,
    receivedAt: run.at,
    traceId: run.traceId,
    parentId: run.parentId,
    dottedOrder: run.dottedOrder ?? undefined,
    projectId: run.projectId,
    name: run.name === "unnamed" ? undefined : run.name,
    type: run.type,
    at: run.at,
    endAt: run.endAt ?? undefined,
    ttftMs: run.ttftMs ?? undefined,
    error: payload.error,
    tags: run.tags,
    referenceExampleId: run.referenceExampleId ?? undefined,
    inputs: payload.inputs,
    outputs: payload.outputs,
    extra: payload.extra,
    events: payload.events,
    serialized: payload.serialized,
    ...(attachments.length > 0 && { attachments }),
    ...(payload.truncated && { truncated: payload.truncated }),
  };
}
