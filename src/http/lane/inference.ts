import type { CallRecord, Caller } from "../../core/call.ts";
import type { EmbedRequest, GenerateRequest } from "../../core/chat.ts";
import {
  type AnswerHead,
  type ChunkWriter,
  type Collected,
  collect,
  createChatChunkWriter,
  createCompletionChunkWriter,
  formatChatCompletion,
  formatCompletion,
  formatEmbeddings,
} from "../../core/dialects/openai/answer.ts";
import {
  ChatCompletionBody,
  CompletionBody,
  EmbeddingBody,
  parseBody,
  toChatRequest,
  toCompletionRequest,
  toEmbedRequest,
} from "../../core/dialects/openai/request.ts";
import { WeirError, toWeirError } from "../../core/errors.ts";
import { newId, newTraceId } from "../../core/ids.ts";
import type { Log } from "../../core/log.ts";
import type { Embeddings } from "../../serve/provider.ts";
import type { CallContext, Reply, RunningCall } from "../../serve/gateway/needs.ts";
import { type Credentials, identify } from "../identify.ts";
import { readJson } from "./body.ts";
import type { Exchange } from "./exchange.ts";
import { type Heartbeats, StreamReply, WholeReply, sendError } from "./replies.ts";

/** What the fast lane needs of the house. */
export interface LaneNeeds {
  readonly credentials: Credentials;
  readonly generate: (request: GenerateRequest, context: CallContext, reply: Reply) => RunningCall;
  readonly embed: (
    request: EmbedRequest,
    context: CallContext,
    signal: AbortSignal,
  ) => Promise<Embeddings>;
  readonly heartbeats: Heartbeats;
  readonly maxBodyBytes: () => number;
  readonly monotonic: () => number;
  readonly now: () => number;
  readonly log: Log;
  /** Set once the server drains: new calls are turned away. */
  readonly isDraining: () => boolean;
  /** A request that never became a call: wrong key, bad body. */
  readonly rejected: (code: CallRecord["errorCode"]) => void;
}

/** One generation endpoint: how its body is read and how its answer is written. */
interface Generation {
  readonly prefix: string;
  request(body: unknown): GenerateRequest;
  whole(head: AnswerHead, collected: Collected): string;
  chunks(head: AnswerHead, includeUsage: boolean): ChunkWriter;
}

const GENERATIONS: Readonly<Record<string, Generation>> = {
  "/v1/chat/completions": {
    prefix: "chatcmpl-",
    request: (body) => toChatRequest(parseBody(ChatCompletionBody, body)),
    whole: formatChatCompletion,
    chunks: createChatChunkWriter,
  },
  "/v1/completions": {
    prefix: "cmpl-",
    request: (body) => toCompletionRequest(parseBody(CompletionBody, body)),
    whole: formatCompletion,
    chunks: createCompletionChunkWriter,
  },
};
const EMBEDDINGS = "/v1/embeddings";

interface Asking {
  readonly exchange: Exchange;
  readonly context: CallContext;
}

/** The paths that are this lane's; it takes them with POST only. */
export const INFERENCE_PATHS: ReadonlySet<string> = new Set([
  ...Object.keys(GENERATIONS),
  EMBEDDINGS,
]);

/** Handles a request if it is an inference call; false leaves it to the other lane. */
export type Lane = (exchange: Exchange) => boolean;

/**
 * The fast lane: inference with nothing between the socket and the call path. A request's key is
 * checked before its body is read; its body before anything else is done.
 */
export function createInferenceLane(needs: LaneNeeds): Lane {
  return (exchange) => {
    const route = exchange.path;
    if (exchange.method !== "POST" || !INFERENCE_PATHS.has(route)) return false;
    const startedAt = needs.monotonic();
    const traceId = traceIdOf(exchange);
    let caller: Caller;
    try {
      if (needs.isDraining()) throw draining();
      caller = identify(exchange, needs.credentials, "inference");
    } catch (cause) {
      reject(cause);
      return true;
    }
    const authMs = needs.monotonic() - startedAt;
    const context = { traceId, route, caller, startedAt, authMs };
    readJson(exchange, needs.maxBodyBytes(), handle, reject);
    return true;

    function handle(body: unknown): void {
      try {
        const generation = GENERATIONS[route];
        if (generation) generate(generation, body, { exchange, context }, needs);
        else void embed(body, { exchange, context }, needs).catch(reject);
      } catch (cause) {
        reject(cause);
      }
    }

    function reject(cause: unknown): void {
      const error = toWeirError(cause);
      if (error.code === "internal") {
        needs.log.error("request_failed", { traceId, route, reason: String(error.cause) });
      }
      needs.rejected(error.code);
      sendError(exchange, error, traceId);
    }
  };
}

function generate(
  generation: Generation,
  body: unknown,
  { exchange, context }: Asking,
  needs: LaneNeeds,
): void {
  const asked = generation.request(body);
  const head = {
    id: newId(generation.prefix),
    created: Math.floor(needs.now() / 1000),
    model: asked.model,
  };
  const reply = asked.stream
    ? new StreamReply(
        exchange,
        context.traceId,
        generation.chunks(head, wantsUsage(body)),
        needs.heartbeats,
      )
    : new WholeReply(exchange, context.traceId, (events, usage) =>
        generation.whole(head, { ...collect(events), usage }),
      );
  if (reply instanceof StreamReply && exchange.headers["x-weir-progress"] === "1") {
    reply.comment("accepted");
  }
  const call = needs.generate(asked, context, reply);
  exchange.onDrain(() => call.resume());
  exchange.onLeave(() => {
    if (reply instanceof StreamReply) needs.heartbeats.remove(reply);
    call.cancel();
  });
}

async function embed(
  body: unknown,
  { exchange, context }: Asking,
  needs: LaneNeeds,
): Promise<void> {
  const parsed = parseBody(EmbeddingBody, body);
  const left = new AbortController();
  exchange.onLeave(() => left.abort());
  const { vectors, usage } = await needs.embed(toEmbedRequest(parsed), context, left.signal);
  const answer = formatEmbeddings(parsed.model, vectors, usage, parsed.encoding_format ?? "float");
  if (exchange.isOver) return;
  const headers = { "content-type": "application/json", "x-weir-trace-id": context.traceId };
  exchange.respond(200, headers, answer);
}

const TRACEPARENT = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The caller's own trace id when it sent one after W3C's Trace Context, else a new one. */
function traceIdOf({ headers }: Exchange): string {
  const sent = headers["traceparent"];
  const id = typeof sent === "string" ? TRACEPARENT.exec(sent)?.[1] : undefined;
  return id === undefined || /^0+$/.test(id) ? newTraceId() : id;
}

/** The body was checked by its schema, which lets nothing else stand there. */
function wantsUsage(body: unknown): boolean {
  const options = (body as { stream_options?: { include_usage?: boolean } | null }).stream_options;
  return options?.include_usage ?? false;
}

export function draining(): WeirError {
  return new WeirError(
    "shutting_down",
    "This server is shutting down. Try again in a few seconds.",
    {
      retryAfterMs: 2000,
    },
  );
}
