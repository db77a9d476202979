import { z } from "zod";
import type { ChatEvent, FinishReason, GenerateRequest, Usage } from "../../chat.ts";
import { WeirError } from "../../errors.ts";
import { parseObject, readJson, readValue } from "../read-json.ts";
import { relayedBody } from "../relay.ts";
import type { AnswerReader, UpstreamDialect } from "../upstream-dialect.ts";

/**
 * OpenAI's own Responses API, for clients that speak it: hosted tools, citations and encrypted
 * thoughts exist nowhere else. Other clients' requests go by chat completions.
 */
export const responsesUpstream: UpstreamDialect = {
  dialect: "openai-responses",
  framing: "sse",
  path: () => "/responses",
  body(request) {
    const body = relayedBody(request, "openai-responses");
    if (!body) throw new WeirError("internal", "Only its own clients' requests can be sent there.");
    return { body, dropped: [], isRelayed: true };
  },
  reader: () => new ResponsesReader(),
};

/** Whether a request can go to an upstream of this dialect. */
export function speaksResponses(request: GenerateRequest): boolean {
  return (
    request.source?.dialect === "openai-responses" &&
    relayedBody(request, "openai-responses") !== undefined
  );
}

const Logprob = z.looseObject({
  token: z.string(),
  logprob: z.number(),
  bytes: z.array(z.number()).nullish(),
});
const Logprobs = z.array(Logprob.extend({ top_logprobs: z.array(Logprob).nullish() })).nullish();
const Item = z.looseObject({
  type: z.string(),
  id: z.string().nullish(),
  call_id: z.string().nullish(),
  name: z.string().nullish(),
  arguments: z.string().nullish(),
  encrypted_content: z.string().nullish(),
  summary: z.array(z.looseObject({ text: z.string().nullish() })).nullish(),
  content: z
    .array(
      z.looseObject({
        type: z.string(),
        text: z.string().nullish(),
        refusal: z.string().nullish(),
        annotations: z.array(z.unknown()).nullish(),
        logprobs: Logprobs,
      }),
    )
    .nullish(),
});
type Item = z.infer<typeof Item>;
const Failure = z.looseObject({ code: z.string().nullish(), message: z.string().nullish() });
const Response = z.looseObject({
  status: z.string().nullish(),
  output: z.array(Item).nullish(),
  error: Failure.nullish(),
  incomplete_details: z.looseObject({ reason: z.string().nullish() }).nullish(),
  usage: z
    .looseObject({
      input_tokens: z.number().nullish(),
      output_tokens: z.number().nullish(),
      input_tokens_details: z.looseObject({ cached_tokens: z.number().nullish() }).nullish(),
      output_tokens_details: z.looseObject({ reasoning_tokens: z.number().nullish() }).nullish(),
    })
    .nullish(),
});
type Response = z.infer<typeof Response>;
const Message = z.looseObject({
  type: z.string(),
  output_index: z.number().nullish(),
  summary_index: z.number().nullish(),
  delta: z.string().nullish(),
  logprobs: Logprobs,
  item: Item.nullish(),
  response: Response.nullish(),
});
type Message = z.infer<typeof Message>;

const OWN_ITEMS: ReadonlySet<string> = new Set(["message", "reasoning", "function_call"]);

class ResponsesReader implements AnswerReader {
  /** Calls and thoughts by their place in the output. */
  private readonly calls = new Map<number, { readonly call: number; told: number }>();
  private readonly thoughts = new Map<number, { readonly part: number; hasText: boolean }>();
  private isOver = false;

  message(data: string): readonly ChatEvent[] {
    const value = parseObject(data);
    const message = readValue(Message, value);
    if (message.type === "error") throw toError(readValue(Failure, value));
    return this.read(message, data);
  }

  whole(json: string): readonly ChatEvent[] {
    const response = readJson(Response, json);
    if (response.status === "failed") throw toError(response.error);
    const events = (response.output ?? []).flatMap((item, at) => [
      ...this.begin(item, at),
      ...contentOf(item),
      ...this.finish(item, at),
    ]);
    return [...events, ...this.close(response)];
  }

  end(): readonly ChatEvent[] | false {
    return this.isOver ? [] : false;
  }

  private read(message: Message, json: string): readonly ChatEvent[] {
    const { type, item, response } = message;
    const at = message.output_index ?? 0;
    switch (type) {
      case "response.output_item.added":
        return item ? this.begin(item, at) : [];
      case "response.output_item.done":
        return item ? this.finish(item, at) : [];
      case "response.output_text.annotation.added":
        return [frameOf(message, json)];
      case "response.failed":
        throw toError(response?.error);
      case "response.completed":
      case "response.incomplete":
        return response ? this.close(response) : [];
    }
    return this.readDelta(message, at);
  }

  private readDelta(message: Message, at: number): ChatEvent[] {
    const text = message.delta ?? "";
    switch (message.type) {
      case "response.output_text.delta":
        return [{ type: "text-delta", index: 0, text, ...toLogprobs(message) }];
      case "response.refusal.delta":
        return [{ type: "refusal-delta", index: 0, text }];
      case "response.reasoning_summary_part.added":
        // Parts of a summary are paragraphs.
        return (message.summary_index ?? 0) > 0 ? this.think(at, "\n\n") : [];
      case "response.reasoning_summary_text.delta":
      case "response.reasoning_text.delta":
        return this.think(at, text);
      case "response.function_call_arguments.delta":
        return this.continueCall(at, text);
    }
    return [];
  }

  private begin(item: Item, at: number): ChatEvent[] {
    if (item.type === "reasoning") {
      this.thoughts.set(at, { part: this.thoughts.size, hasText: false });
      return [];
    }
    if (item.type !== "function_call") return [];
    const call = this.calls.size;
    this.calls.set(at, { call, told: 0 });
    const id = item.call_id ?? item.id ?? `call_${call}`;
    return [{ type: "tool-call-delta", index: 0, call, id, name: item.name ?? "", arguments: "" }];
  }

  private think(at: number, text: string): ChatEvent[] {
    const thought = this.thoughts.get(at) ?? { part: this.thoughts.size, hasText: false };
    thought.hasText = true;
    this.thoughts.set(at, thought);
    return [{ type: "reasoning-delta", index: 0, part: thought.part, text }];
  }

  private continueCall(at: number, text: string): ChatEvent[] {
    const known = this.calls.get(at);
    if (!known || text === "") return [];
    known.told += text.length;
    return [{ type: "tool-call-delta", index: 0, call: known.call, arguments: text }];
  }

  /** What an item brings at its end: a thought's proof, arguments that came in no delta, a hosted tool's item. */
  private finish(item: Item, at: number): ChatEvent[] {
    if (item.type === "function_call") {
      return this.continueCall(at, (item.arguments ?? "").slice(this.calls.get(at)?.told ?? 0));
    }
    if (item.type === "reasoning") return this.closeThought(item, at);
    if (OWN_ITEMS.has(item.type)) return [];
    const value = { type: "response.output_item.done", item };
    return [frameOf(value, JSON.stringify(value))];
  }

  private closeThought(item: Item, at: number): ChatEvent[] {
    const { part, hasText } = this.thoughts.get(at) ?? { part: this.thoughts.size, hasText: false };
    const text = hasText ? "" : (item.summary ?? []).map((one) => one.text ?? "").join("\n\n");
    const sealed = item.encrypted_content;
    if (text === "" && sealed == null) return [];
    const proof = sealed != null && { redacted: sealed };
    return [{ type: "reasoning-delta", index: 0, part, text, ...proof }];
  }

  private close({ status, incomplete_details: details, usage }: Response): ChatEvent[] {
    this.isOver = true;
    const reason = toReason(
      status === "incomplete" ? (details?.reason ?? "") : "",
      this.calls.size,
    );
    const finish = { type: "finish", index: 0, reason } as const;
    return usage ? [{ type: "usage", usage: toUsage(usage) }, finish] : [finish];
  }
}

function contentOf({ type, content }: Item): ChatEvent[] {
  if (type !== "message") return [];
  return (content ?? []).flatMap((part): ChatEvent[] => {
    if (part.type === "refusal") {
      return [{ type: "refusal-delta", index: 0, text: part.refusal ?? "" }];
    }
    const text = part.text ?? "";
    const cited = (part.annotations ?? []).map((annotation) => {
      const value = { type: "response.output_text.annotation.added", annotation };
      return frameOf(value, JSON.stringify(value));
    });
    return [{ type: "text-delta", index: 0, text, ...toLogprobs(part) }, ...cited];
  });
}

/** For our client of the same dialect alone: see `Output`. */
function frameOf(value: Readonly<Record<string, unknown>>, json: string): ChatEvent {
  const frame = { dialect: "openai-responses", name: "", json, value, size: 1 } as const;
  return { type: "frame", frame };
}

function toLogprobs({ logprobs }: Pick<Message, "logprobs">) {
  if (!logprobs?.length) return {};
  const bytesOf = ({ token, bytes }: z.infer<typeof Logprob>) => bytes ?? [...Buffer.from(token)];
  return {
    logprobs: logprobs.map((one) => ({
      token: one.token,
      logprob: one.logprob,
      bytes: bytesOf(one),
      top: (one.top_logprobs ?? []).map((top) => ({
        token: top.token,
        logprob: top.logprob,
        bytes: bytesOf(top),
      })),
    })),
  };
}

function toReason(cut: string, calls: number): FinishReason {
  if (cut === "max_output_tokens") return "length";
  if (cut === "content_filter") return "content_filter";
  return calls > 0 ? "tool_calls" : "stop";
}

function toUsage(usage: NonNullable<Response["usage"]>): Usage {
  const cached = usage.input_tokens_details?.cached_tokens;
  const reasoning = usage.output_tokens_details?.reasoning_tokens;
  return {
    inputTokens: usage.input_tokens ?? 0,
    outputTokens: usage.output_tokens ?? 0,
    ...(cached != null && { cachedTokens: cached }),
    ...(reasoning != null && { reasoningTokens: reasoning }),
  };
}

function toError(error: z.infer<typeof Failure> | null | undefined): WeirError {
  const text = `The upstream failed: ${error?.message ?? "it does not say why"}`.slice(0, 500);
  const isLimit = error?.code === "rate_limit_exceeded";
  return new WeirError(isLimit ? "rate_limited" : "provider_failed", text);
}
