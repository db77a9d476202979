import type { ChatEvent, Usage } from "../../core/chat.ts";
import { type ChunkWriter, formatError } from "../../core/dialects/openai/answer.ts";
import { ERRORS, type WeirError } from "../../core/errors.ts";
import { formatSse, formatSseComment } from "../../core/sse.ts";
import type { Reply } from "../../serve/gateway/needs.ts";
import type { Exchange } from "./exchange.ts";

/** Answers an error with its status and OpenAI's envelope; as an event when a stream has begun. */
export function sendError(exchange: Exchange, error: WeirError, traceId?: string): void {
  if (exchange.isOver) return;
  const body = formatError(error, traceId);
  if (exchange.hasBegun) {
    exchange.end(formatSse(body));
    return;
  }
  const headers = {
    "content-type": "application/json",
    ...(traceId && { "x-weir-trace-id": traceId }),
    ...(error.retryAfterMs !== undefined && {
      "retry-after": String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))),
    }),
    // OpenAI's clients retry every 429 unless they are told not to.
    "x-should-retry": String(ERRORS[error.code].retry),
  };
  exchange.respond(error.status, headers, body);
}

/** An answer given whole, at its end. */
export class WholeReply implements Reply {
  private readonly exchange: Exchange;
  private readonly traceId: string;
  private readonly format: (events: readonly ChatEvent[], usage: Usage) => string;
  private readonly collected: ChatEvent[] = [];

  constructor(
    exchange: Exchange,
    traceId: string,
    format: (events: readonly ChatEvent[], usage: Usage) => string,
  ) {
    this.exchange = exchange;
    this.traceId = traceId;
    this.format = format;
  }

  begin(): void {
    // The status line goes out with the body.
  }

  events(events: readonly ChatEvent[]): boolean {
    this.collected.push(...events);
    return true;
  }

  end(usage: Usage): void {
    const body = this.format(this.collected, usage);
    const headers = { "content-type": "application/json", "x-weir-trace-id": this.traceId };
    this.exchange.respond(200, headers, body);
  }

  fail(error: WeirError): void {
    sendError(this.exchange, error, this.traceId);
  }
}

/** Keeps silent streams alive: one timer for all of them. */
export interface Heartbeats {
  add(stream: StreamReply): void;
  remove(stream: StreamReply): void;
}

/** An answer sent as server-sent events, each as soon as it is known. */
export class StreamReply implements Reply {
  private readonly exchange: Exchange;
  private readonly traceId: string;
  private readonly writer: ChunkWriter;
  private readonly heartbeats: Heartbeats;
  private hasUsage = false;
  /** When something was last written, in the heartbeats' own time. */
  lastWriteAt = 0;

  constructor(exchange: Exchange, traceId: string, writer: ChunkWriter, heartbeats: Heartbeats) {
    this.exchange = exchange;
    this.traceId = traceId;
    this.writer = writer;
    this.heartbeats = heartbeats;
    heartbeats.add(this);
  }

  begin(): void {
    if (this.exchange.hasBegun) return;
    this.exchange.begin({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
      "x-weir-trace-id": this.traceId,
    });
  }

  events(events: readonly ChatEvent[]): boolean {
    let text = "";
    for (const event of events) {
      if (event.type === "usage") this.hasUsage = true;
      for (const chunk of this.writer.chunks(event)) text += `data: ${chunk}\n\n`;
    }
    if (text === "") return true;
    this.lastWriteAt = Date.now();
    return this.exchange.write(text);
  }

  end(usage: Usage): void {
    this.heartbeats.remove(this);
    const last = this.hasUsage ? [] : this.writer.chunks({ type: "usage", usage });
    this.exchange.end(`${last.map((chunk) => formatSse(chunk)).join("")}data: [DONE]\n\n`);
  }

  fail(error: WeirError): void {
    this.heartbeats.remove(this);
    sendError(this.exchange, error, this.traceId);
  }

  /** A comment for a stream that is silent, or whose first content is long in coming. */
  comment(text: string): void {
    this.begin();
    this.lastWriteAt = Date.now();
    this.exchange.write(formatSseComment(text));
  }
}
