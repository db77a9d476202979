import type { ChatEvent, Usage } from "../../chat.ts";
import { ERRORS, type WeirError } from "../../errors.ts";
import { formatSse } from "../../sse.ts";
import type { AnswerHead, StreamWriter } from "../client-protocol.ts";
import { Output, type OutputEvent, type OutputItem } from "./output.ts";

export type ResponseStatus =
  | "queued"
  | "in_progress"
  | "completed"
  | "incomplete"
  | "failed"
  | "cancelled";

/** A Response as clients get it. */
export type ResponseObject = Readonly<Record<string, unknown>> & {
  readonly id: string;
  readonly status: ResponseStatus;
  readonly output: readonly OutputItem[];
};

/** What an answer repeats of its request. */
export type Echo = Readonly<Record<string, unknown>>;

/** What stands in an answer where the request said nothing. */
const DEFAULTS = {
  background: false,
  conversation: null,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  metadata: {},
  parallel_tool_calls: true,
  previous_response_id: null,
  prompt_cache_key: null,
  reasoning: { effort: null, summary: null },
  safety_identifier: null,
  service_tier: "default",
  store: true,
  temperature: null,
  text: {},
  tool_choice: "auto",
  tools: [],
  top_logprobs: 0,
  top_p: null,
  truncation: "disabled",
  user: null,
};

/** The fields of a request that OpenAI repeats in its answers. */
export function echoOf(body: Readonly<Record<string, unknown>>): Echo {
  const echo: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(DEFAULTS)) echo[field] = body[field] ?? value;
  const { conversation, text } = echo;
  if (typeof conversation === "string") echo["conversation"] = { id: conversation };
  // The request was checked: what stands here is an object.
  echo["text"] = { format: { type: "text" }, ...(text as Record<string, unknown>) };
  return echo;
}

/**
 * One answer of the Responses API while it comes: its stream is what the methods of `StreamWriter`
 * return, its whole is `response()`, at any moment. Events are numbered from 0.
 */
export class ResponseAnswer implements StreamWriter {
  private readonly head: AnswerHead;
  private readonly echo: Echo;
  private readonly output: Output;
  private status: ResponseStatus = "in_progress";
  private usage: Usage | undefined;
  private error: WeirError | undefined;
  private text = "";
  private nextNumber = 0;
  private hasBegun = false;
  private readonly isStreamed: boolean;

  constructor(head: AnswerHead, echo: Echo, isStreamed = true) {
    this.head = head;
    this.echo = echo;
    this.isStreamed = isStreamed;
    this.output = new Output(head.id, (event) => this.emit(event));
  }

  /** The number of the last event; -1 before the first. */
  get lastNumber(): number {
    return this.nextNumber - 1;
  }

  /** The opening events of an answer that waits for its turn. */
  queued(): string {
    this.status = "queued";
    this.emit({ type: "response.created", response: this.response() });
    this.emit({ type: "response.queued", response: this.response() });
    return this.take();
  }

  events(events: readonly ChatEvent[]): string {
    this.open();
    for (const event of events) {
      if (event.type === "usage") this.usage = event.usage;
      else this.output.apply(event);
    }
    return this.take();
  }

  end(usage: Usage): string {
    this.open();
    this.usage = usage;
    const { finish } = this.output;
    this.status = finish === "length" || finish === "content_filter" ? "incomplete" : "completed";
    this.output.close(this.status);
    this.emit({ type: `response.${this.status}`, response: this.response() });
    return this.take();
  }

  /**
   * Ends with `response.failed` alone. OpenAI's clients throw on an `error` event, and would then
   * never see the response that holds what had come so far.
   */
  fail(error: WeirError): string {
    this.open();
    this.error = error;
    this.status = "failed";
    this.output.close("incomplete");
    this.emit({ type: "response.failed", response: this.response() });
    return this.take();
  }

  /** Nobody wants the rest. The API has no event for it: a stream of a cancelled answer just ends. */
  cancel(): void {
    this.status = "cancelled";
    this.output.close("incomplete");
    this.take();
  }

  response(): ResponseObject {
    const { id, created, model } = this.head;
    const { finish, items } = this.output;
    const reason = finish === "length" ? "max_output_tokens" : finish;
    return {
      id,
      object: "response",
      created_at: created,
      status: this.status,
      error: this.error ? toResponseError(this.error) : null,
      incomplete_details: this.status === "incomplete" ? { reason } : null,
      model,
      output: items,
      ...this.echo,
      usage: this.usage ? toWireUsage(this.usage) : null,
    };
  }

  private open(): void {
    if (this.nextNumber === 0) this.emit({ type: "response.created", response: this.response() });
    if (this.hasBegun) return;
    this.hasBegun = true;
    this.status = "in_progress";
    this.emit({ type: "response.in_progress", response: this.response() });
  }

  private emit(event: OutputEvent): void {
    const { type, ...rest } = event;
    if (!this.isStreamed) return;
    const data = JSON.stringify({ type, sequence_number: this.nextNumber, ...rest });
    this.nextNumber += 1;
    this.text += formatSse(data, type);
  }

  private take(): string {
    const { text } = this;
    this.text = "";
    return text;
  }
}

/** A failure in the words that a Response has for it. */
export function toResponseError({ code, message }: WeirError): { code: string; message: string } {
  const { status } = ERRORS[code];
  if (status === 429) return { code: "rate_limit_exceeded", message };
  return { code: status < 500 ? "invalid_prompt" : "server_error", message };
}

function toWireUsage(usage: Usage): Record<string, unknown> {
  return {
    input_tokens: usage.inputTokens,
    input_tokens_details: { cached_tokens: usage.cachedTokens ?? 0 },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: usage.inputTokens + usage.outputTokens,
  };
}
