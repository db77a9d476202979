import { ApiError } from "../../api/api-error.ts";
import { parseJson } from "../../api/json.ts";
import { problemsIn } from "./check-schema.ts";
import type { Question } from "./question.ts";
import type { ToolCall } from "./tools.ts";
import type { ChatEvent } from "./wire/wire.ts";

export interface ChatUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
}

/** One answer as far as it came, and what is known about it. */
export interface Answer {
  readonly state: "streaming" | "done" | "stopped" | "failed";
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly (ToolCall & { readonly index: number })[];
  readonly traceId: string | null;
  readonly finishReason: string | null;
  readonly usage: ChatUsage | null;
  /** Milliseconds from sending to the first content, and to the end. */
  readonly ttftMs: number | null;
  readonly totalMs: number | null;
  readonly error: ApiError | null;
}

export const NOTHING_YET: Answer = {
  state: "streaming",
  text: "",
  reasoning: "",
  calls: [],
  traceId: null,
  finishReason: null,
  usage: null,
  ttftMs: null,
  totalMs: null,
  error: null,
};

const NO_USAGE: ChatUsage = { inputTokens: 0, outputTokens: 0, cachedTokens: 0 };

export interface AnswerNeeds {
  readonly stream: (question: Question, signal: AbortSignal) => AsyncIterable<ChatEvent>;
  readonly now: () => number;
}

/** An answer as it grows. The last one is done, stopped or failed; nothing is thrown. */
export async function* collect(
  { stream, now }: AnswerNeeds,
  question: Question,
  signal: AbortSignal,
): AsyncGenerator<Answer> {
  const started = now();
  let answer = NOTHING_YET;
  try {
    for await (const event of stream(question, signal)) {
      answer = afterEvent(answer, event, now() - started);
      yield answer;
    }
    yield { ...answer, state: "done", totalMs: now() - started };
  } catch (error) {
    const totalMs = now() - started;
    yield signal.aborted
      ? { ...answer, state: "stopped", totalMs }
      : { ...answer, state: "failed", totalMs, error: asApiError(error) };
  }
}

function afterEvent(answer: Answer, event: ChatEvent, elapsedMs: number): Answer {
  const ttftMs = answer.ttftMs ?? elapsedMs;
  switch (event.type) {
    case "start":
      return { ...answer, traceId: event.traceId };
    case "text-delta":
      return { ...answer, text: answer.text + event.text, ttftMs };
    case "reasoning-delta":
      return { ...answer, reasoning: answer.reasoning + event.text, ttftMs };
    case "tool-delta":
      return { ...answer, calls: withCall(answer.calls, event), ttftMs };
    case "finish":
      return { ...answer, finishReason: event.reason };
    default:
      return { ...answer, usage: { ...NO_USAGE, ...answer.usage, ...event.usage } };
  }
}

function withCall(
  calls: Answer["calls"],
  { index, id, name, text }: ChatEvent & { type: "tool-delta" },
): Answer["calls"] {
  const known = calls.find((call) => call.index === index);
  if (!known)
    return [...calls, { index, id: id ?? `call_${index}`, name: name ?? "", arguments: text }];
  const grown = { ...known, arguments: known.arguments + text };
  return calls.map((call) => (call === known ? grown : call));
}

/** Tokens a second after the first one; null when there were too few to tell. */
export function tokensPerSecond({ usage, ttftMs, totalMs }: Answer): number | null {
  if (usage === null || ttftMs === null || totalMs === null) return null;
  const seconds = (totalMs - ttftMs) / 1000;
  return usage.outputTokens < 2 || seconds <= 0 ? null : (usage.outputTokens - 1) / seconds;
}

/** An answer that was to be JSON: the value in lines, or what is wrong with it. */
export interface JsonCheck {
  readonly pretty: string | null;
  readonly problems: readonly string[];
}

/** Null where no JSON was asked for, or the answer has no text to look at. */
export function checkJson({ format }: Question, { text }: Answer): JsonCheck | null {
  if (format === "text" || text === "") return null;
  const value = parseJson(text);
  if (value === undefined) return { pretty: null, problems: ["The answer is not valid JSON."] };
  const problems = format === "json" ? [] : problemsIn(value, format.schema);
  return { pretty: JSON.stringify(value, null, 2), problems };
}

function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ApiError(message, { status: 0, code: "unexpected_answer" }, { cause: error });
}
