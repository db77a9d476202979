import type { CallRecord } from "../../core/call.ts";
import {
  type ChatRequest,
  type ContentPart,
  type GenerateRequest,
  textOf,
} from "../../core/chat.ts";
import { messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";

export type Capture = "full" | "redacted" | "none";

/** A call in the words of its storage: flat, and with texts only as the capture policy lets them be. */
export interface KeptCall extends Omit<
  CallRecord,
  "usage" | "usageEstimated" | "request" | "output"
> {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  readonly preview: string | null;
  readonly request: unknown;
  readonly output: string | null;
  readonly capture: Capture;
}

/** Where finished calls go, as lines of JSON. Rejects when it could not take them; they are offered again then. */
export interface CallLog {
  append(lines: string, count: number): Promise<void>;
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
  readonly capture: () => Capture;
  /** Takes secrets and personal data out of a text. `writer` says whose it is: a guard may have cleaned it before. */
  readonly redact: (text: string, writer: Writer) => string;
  readonly log: Log;
  /** Runs `action` once, later. Tests hand in their own. */
  readonly later?: (action: () => void, ms: number) => void;
}

/** At most this old when it is handed over: what a killed process can lose. */
const FLUSH_MS = 200;
const FLUSH_COUNT = 500;
const RETRY_MS = 1000;
/** Calls held while the store refuses; beyond it the oldest are dropped, and counted. */
const MAX_WAITING = 20_000;
const PREVIEW_CHARS = 200;
const TEXT_CHARS = 256 * 1024;

/** Keeps calls off the request's path: they are collected and handed over in batches. */
export function createRecorder(needs: RecorderNeeds): Recorder {
  const later = needs.later ?? ((action, ms) => void setTimeout(action, ms).unref());
  // Lines, not records: what lives until the next flush should be one flat string a call for the collector.
  let waiting: string[] = [];
  let isScheduled = false;
  let dropped = 0;
  let trouble: string | undefined;
  let flushing: Promise<void> | undefined;

  function schedule(ms: number): void {
    if (isScheduled) return;
    isScheduled = true;
    later(() => {
      isScheduled = false;
      void flush();
    }, ms);
  }

  async function flush(): Promise<void> {
    await flushing;
    if (waiting.length === 0) return;
    const batch = waiting;
    waiting = [];
    flushing = handOver(batch);
    await flushing;
    flushing = undefined;
  }

  async function handOver(batch: readonly string[]): Promise<void> {
    try {
      await needs.calls.append(batch.join(""), batch.length);
      trouble = undefined;
    } catch (cause) {
      trouble = messageOf(cause);
      waiting = [...batch, ...waiting];
      const excess = waiting.length - MAX_WAITING;
      if (excess > 0) {
        waiting = waiting.slice(excess);
        dropped += excess;
      }
      needs.log.error("traces_not_kept", {
        waiting: waiting.length,
        dropped,
        reason: String(cause),
      });
      schedule(RETRY_MS);
    }
  }

  return {
    record(call) {
      waiting.push(`${JSON.stringify(toKept(call, needs))}\n`);
      if (waiting.length === FLUSH_COUNT && !flushing) void flush();
      else schedule(FLUSH_MS);
    },
    flush,
    get dropped() {
      return dropped;
    },
    get trouble() {
      return trouble;
    },
  };
}

function toKept(call: CallRecord, { capture, redact }: RecorderNeeds): KeptCall {
  const { usage, usageEstimated: _, request, output, ...facts } = call;
  const policy = capture();
  const clean = policy === "redacted" ? redact : (text: string) => text;
  const keep: Keep = (text, writer) => clean(text.slice(0, TEXT_CHARS), writer);
  const kept = policy === "none" || !request ? null : mapTexts(request, keep);
  return {
    ...facts,
    inputTokens: usage.inputTokens,
    outputTokens: usage.outputTokens,
    cachedTokens: usage.cachedTokens ?? 0,
    capture: policy,
    preview: kept && lastUserText(kept).slice(0, PREVIEW_CHARS),
    request: kept,
    output: policy === "none" || output === null ? null : keep(output, "answer"),
  };
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
