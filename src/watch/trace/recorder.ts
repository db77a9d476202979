import type { CallRecord, FindingRecord } from "../../core/call.ts";
import {
  type ChatRequest,
  type ContentPart,
  type GenerateRequest,
  textOf,
} from "../../core/chat.ts";
import { messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { ExportFeed } from "../export/export-feed.ts";
import { LineBatch } from "./line-batch.ts";

/** `metadata`: everything but texts; `none`: it is only counted. */
export type Capture = "full" | "redacted" | "metadata" | "none";

/** A call in the words of its storage: flat, and with texts only as the capture policy lets them be. */
export interface KeptCall extends Omit<
  CallRecord,
  "usage" | "usageEstimated" | "request" | "output"
> {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  /** Lines of older releases' logs have none of these. */
  readonly cacheWriteTokens?: number;
  readonly reasoningTokens?: number;
  readonly imageTokens?: number;
  readonly audioTokens?: number;
  readonly isEstimated?: boolean;
  readonly preview: string | null;
  readonly request: unknown;
  readonly output: string | null;
  readonly capture: Capture;
}

/**
 * Where finished calls go, as lines of JSON. Rejects when it could not take them; they are offered
 * again then. The bytes are overwritten once it has resolved.
 */
export interface CallLog {
  append(lines: Uint8Array, count: number): Promise<void>;
}

export interface Recorder {
  record(call: CallRecord): void;
  /** Hands over what waits; resolves when it is kept, or is to be offered again later. */
  flush(): Promise<void>;
  /** Calls that were lost because the store refused for too long. */
  readonly dropped: number;
  /** Why the store refuses calls now; undefined when it takes them. */
  readonly trouble: string | undefined;
}

/** Who wrote a text: the user, the model in this call's answer, or anybody else. */
export type Writer = "user" | "answer" | "other";

export interface RecorderNeeds {
  readonly calls: CallLog;
  readonly capture: (route: string) => Capture;
  /** Takes secrets and personal data out of a text. `writer` says whose it is: a guard may have cleaned it before. */
  readonly redact: (text: string, writer: Writer) => string;
  /** Gets each call as it is kept. */
  readonly feed?: ExportFeed;
  readonly log: Log;
  /** Runs `action` once, later. Tests hand in their own. */
  readonly later?: (action: () => void, ms: number) => void;
}

/** At most this old when it is handed over: what a killed process can lose. */
const FLUSH_MS = 200;
const FLUSH_COUNT = 500;
const RETRY_MS = 1000;
/** Calls held while the store refuses; beyond it the oldest batches are dropped, and counted. */
const MAX_WAITING = 20_000;
const PREVIEW_CHARS = 200;
const TEXT_CHARS = 256 * 1024;

/** Keeps calls off the request's path: they are collected and handed over in batches. */
export function createRecorder(needs: RecorderNeeds): Recorder {
  return new BatchRecorder(needs);
}

class BatchRecorder implements Recorder {
  dropped = 0;
  trouble: string | undefined;
  private readonly needs: RecorderNeeds;
  private filling = new LineBatch();
  /** What is handed over, or was refused: the oldest first. */
  private readonly ready: LineBatch[] = [];
  private spare: LineBatch | undefined;
  private flushing: Promise<void> | undefined;
  private isScheduled = false;

  constructor(needs: RecorderNeeds) {
    this.needs = needs;
  }

  record(call: CallRecord): void {
    const kept = toKept(call, this.needs);
    this.filling.add(JSON.stringify(kept));
    this.needs.feed?.offer(kept);
    if (this.filling.count >= FLUSH_COUNT && !this.flushing) void this.flush();
    else this.schedule(FLUSH_MS);
  }

  async flush(): Promise<void> {
    while (this.flushing) await this.flushing;
    if (this.filling.count > 0) {
      this.ready.push(this.filling);
      this.filling = this.spare ?? new LineBatch();
      this.spare = undefined;
    }
    this.flushing = this.handOver();
    await this.flushing;
    this.flushing = undefined;
  }

  private schedule(ms: number): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    const later = this.needs.later ?? unhurried;
    later(() => {
      this.isScheduled = false;
      void this.flush();
    }, ms);
  }

  private async handOver(): Promise<void> {
    for (let batch = this.ready[0]; batch; batch = this.ready[0]) {
      try {
        await this.needs.calls.append(batch.bytes, batch.count);
      } catch (cause) {
        this.refused(cause);
        return;
      }
      this.trouble = undefined;
      this.ready.shift();
      batch.clear();
      this.spare = batch;
    }
  }

  private refused(cause: unknown): void {
    this.trouble = messageOf(cause);
    let waiting = this.ready.reduce((sum, { count }) => sum + count, 0);
    while (waiting > MAX_WAITING) {
      const { count = 0 } = this.ready.shift() ?? {};
      waiting -= count;
      this.dropped += count;
    }
    const { dropped } = this;
    this.needs.log.error("traces_not_kept", { waiting, dropped, reason: String(cause) });
    this.schedule(RETRY_MS);
  }
}

function unhurried(action: () => void, ms: number): void {
  setTimeout(action, ms).unref();
}

function toKept(call: CallRecord, { capture, redact }: RecorderNeeds): KeptCall {
  const { usage, request, output } = call;
  const policy = capture(call.route);
  const keepsTexts = policy === "redacted" || policy === "full";
  const clean: Keep = policy === "redacted" ? redact : (text) => text;
  const keep: Keep = (text, writer) => clean(text.slice(0, TEXT_CHARS), writer);
  const kept = keepsTexts && request ? mapTexts(request, keep) : null;
  return {
    id: call.id,
    at: call.at,
    route: call.route,
    model: call.model,
    target: call.target,
    keyId: call.keyId,
    keyName: call.keyName,
    user: call.user,
    stream: call.stream,
    status: call.status,
    httpStatus: call.httpStatus,
    errorCode: call.errorCode,
    errorMessage: call.errorMessage,
    finishReason: call.finishReason,
    costNanos: call.costNanos,
    inputCostNanos: call.inputCostNanos ?? null,
    outputCostNanos: call.outputCostNanos ?? null,
    priceVersion: call.priceVersion ?? null,
    answerId: call.answerId ?? null,
    durationMs: call.durationMs,
    ttftMs: call.ttftMs,
    attempts: call.attempts,
    cache: call.cache,
    tenantId: call.tenantId,
    link: call.link,
    release: call.release,
    findings: keepsTexts
      ? call.findings.map((finding) => cleaned(finding, clean))
      : call.findings.map((finding) => ({ ...finding, evidence: undefined })),
    timeline: call.timeline,
    inputTokens: usage.inputTokens,
    outputTokens: usage.outputTokens,
    cachedTokens: usage.cachedTokens ?? 0,
    cacheWriteTokens: usage.cacheWriteTokens ?? 0,
    reasoningTokens: usage.reasoningTokens ?? 0,
    imageTokens: usage.imageTokens ?? 0,
    audioTokens: usage.audioTokens ?? 0,
    isEstimated: call.usageEstimated,
    capture: policy,
    preview: kept && lastUserText(kept).slice(0, PREVIEW_CHARS),
    request: kept,
    output: keepsTexts && output !== null ? keep(output, "answer") : null,
  };
}

/** What was decoded is a text of the client's as any. */
function cleaned(finding: FindingRecord, clean: Keep): FindingRecord {
  const { evidence } = finding;
  if (!evidence) return finding;
  return { ...finding, evidence: { ...evidence, text: clean(evidence.text, "other") } };
}

type Keep = (text: string, writer: Writer) => string;

function lastUserText(request: GenerateRequest): string {
  if (request.kind === "completion") return request.prompt;
  return textOf(request.messages.findLast(({ role }) => role === "user")?.content ?? "");
}

/** The request with every text that a person or a tool wrote passed through `map`. */
function mapTexts(request: GenerateRequest, keep: Keep): GenerateRequest {
  if (request.kind === "completion") return { ...request, prompt: keep(request.prompt, "user") };
  return { ...request, messages: request.messages.map((message) => mapMessage(message, keep)) };
}

function mapMessage(
  message: ChatRequest["messages"][number],
  keep: Keep,
): ChatRequest["messages"][number] {
  const { content, toolCalls, reasoning } = message;
  const map = (text: string) => keep(text, message.role === "user" ? "user" : "other");
  return {
    ...message,
    content:
      content === null || typeof content === "string"
        ? content && map(content)
        : content.map((part) =>
            part.type === "text" ? { ...part, text: map(part.text) } : withoutBytes(part),
          ),
    ...(reasoning && { reasoning: reasoning.map(({ text }) => ({ text: map(text) })) }),
    ...(toolCalls && {
      toolCalls: toolCalls.map((call) => ({ ...call, arguments: map(call.arguments) })),
    }),
  };
}

/** Bytes inside the prompt would fill the store; their place is kept. */
function withoutBytes(part: Exclude<ContentPart, { type: "text" }>): ContentPart {
  if (part.type === "foreign") return { ...part, value: "[left out]" };
  if (part.type === "audio") return { ...part, base64: "[left out]" };
  return { ...part, url: part.url.startsWith("data:") ? "data:[left out]" : part.url };
}
