import type { ChatEvent, Usage } from "../../core/chat.ts";
import type { ClientProtocol, StreamWriter } from "../../core/dialects/client-protocol.ts";
import { formatError } from "../../core/dialects/openai/error.ts";
import { ERRORS, type WeirError } from "../../core/errors.ts";
import { formatSseComment } from "../../core/sse.ts";
import type { AnswerFacts, Reply } from "../../serve/gateway/needs.ts";
import type { AnswerHeaders, Exchange } from "./exchange.ts";

/** How one client is answered: its exchange, its protocol's envelope, its trace. */
export interface Answering {
  readonly exchange: Exchange;
  readonly traceId: string;
  readonly formatError: ClientProtocol["error"];
  /** The request's fields that Weir does not know: asked only when they went no further. */
  readonly unknownFields: () => readonly string[];
}

/** Answers an error with its status and the client's own envelope. */
export function sendError(
  exchange: Exchange,
  error: WeirError,
  traceId?: string,
  format: ClientProtocol["error"] = formatError,
): void {
  if (exchange.isOver || exchange.hasBegun) return;
  const headers = {
    "content-type": "application/json",
    ...(traceId && toTraceHeaders(traceId)),
    ...errorHeaders(error),
  };
  exchange.respond(error.status, headers, format(error, traceId));
}

/** What a client is told beside the error's text: whether to come again, and when. */
export function errorHeaders(error: WeirError): AnswerHeaders {
  return {
    ...(error.retryAfterMs !== undefined && {
      "retry-after": String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))),
    }),
    ...error.headers,
    // OpenAI's and Anthropic's clients retry every 429 unless they are told not to.
    "x-should-retry": String(ERRORS[error.code].retry),
  };
}

/** `x-request-id` and `request-id` are where OpenAI's and Anthropic's clients look for one. */
function toTraceHeaders(traceId: string): AnswerHeaders {
  return { "x-weir-trace-id": traceId, "x-request-id": traceId, "request-id": traceId };
}

const RELAYED: AnswerFacts = { dropped: [], carried: [], isRelayed: true };

const MAX_NAMED = 20;

/** What the client should know of what became of its request. */
function toHeaders({ traceId, unknownFields }: Answering, facts: AnswerFacts): AnswerHeaders {
  const headers = { ...toTraceHeaders(traceId), ...facts.headers };
  const unknown = facts.isRelayed ? [] : unknownFields();
  const lost = unknown.filter((name) => !facts.carried.includes(name));
  const dropped = [...facts.dropped, ...lost];
  if (dropped.length === 0) return headers;
  const names = [...new Set(dropped)].slice(0, MAX_NAMED).map((name) => name.slice(0, 100));
  return { ...headers, "x-weir-dropped": names.join(", ").replaceAll(/[^\x20-\x7e]/g, "?") };
}

/** An answer given whole, at its end. */
export class WholeReply implements Reply {
  private readonly answering: Answering;
  private readonly format: (events: readonly ChatEvent[], usage: Usage) => string;
  private readonly collected: ChatEvent[] = [];
  private facts: AnswerFacts = RELAYED;

  constructor(
    answering: Answering,
    format: (events: readonly ChatEvent[], usage: Usage) => string,
  ) {
    this.answering = answering;
    this.format = format;
  }

  begin(facts: AnswerFacts): void {
    // The status line goes out with the body.
    this.facts = facts;
  }

  events(events: readonly ChatEvent[]): boolean {
    this.collected.push(...events);
    return true;
  }

  end(usage: Usage): void {
    const body = this.format(this.collected, usage);
    const headers = {
      "content-type": "application/json",
      ...toHeaders(this.answering, this.facts),
    };
    this.answering.exchange.respond(200, headers, body);
  }

  fail(error: WeirError): void {
    const { exchange, traceId, formatError } = this.answering;
    sendError(exchange, error, traceId, formatError);
  }
}

/** Keeps silent streams alive: one timer for all of them. */
export interface Heartbeats {
  add(stream: StreamReply): void;
  remove(stream: StreamReply): void;
}

/** An answer sent as server-sent events, each as soon as it is known. */
export class StreamReply implements Reply {
  private readonly answering: Answering;
  private readonly writer: StreamWriter;
  private readonly heartbeats: Heartbeats;
  /** When something was last written, in the heartbeats' own time. */
  lastWriteAt = 0;

  constructor(answering: Answering, writer: StreamWriter, heartbeats: Heartbeats) {
    this.answering = answering;
    this.writer = writer;
    this.heartbeats = heartbeats;
    heartbeats.add(this);
  }

  begin(facts: AnswerFacts = RELAYED): void {
    const { exchange } = this.answering;
    if (exchange.hasBegun) return;
    exchange.begin({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
      ...toHeaders(this.answering, facts),
    });
  }

  events(events: readonly ChatEvent[]): boolean {
    const text = this.writer.events(events);
    if (text === "") return true;
    this.lastWriteAt = Date.now();
    return this.answering.exchange.write(text);
  }

  end(usage: Usage): void {
    this.heartbeats.remove(this);
    this.answering.exchange.end(this.writer.end(usage));
  }

  /** Before the first byte an error status, after it the protocol's own event. */
  fail(error: WeirError): void {
    this.heartbeats.remove(this);
    const { exchange, traceId, formatError } = this.answering;
    if (exchange.isOver) return;
    if (exchange.hasBegun) exchange.end(this.writer.fail(error, traceId));
    else sendError(exchange, error, traceId, formatError);
  }

  /** A comment for a stream that is silent, or whose first content is long in coming. */
  comment(text: string): void {
    // For a client that does not read it would only pile up, and look like progress.
    if (this.answering.exchange.isFull) return;
    this.begin();
    this.lastWriteAt = Date.now();
    this.answering.exchange.write(formatSseComment(text));
  }
}
