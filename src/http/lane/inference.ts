import type { IncomingMessage, ServerResponse } from "node:http";
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

/** Handles a request if it is an inference call; false leaves it to the other lane. */
export type Lane = (request: IncomingMessage, response: ServerResponse) => boolean;

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly context: CallContext;
}

/**
 * The fast lane: inference on plain `node:http`, with nothing between the socket and the call path.
 * A request's key is checked before its body is read; its body before anything else is done.
 */
export function createInferenceLane(needs: LaneNeeds): Lane {
  return (request, response) => {
    const route = routeOf(request);
    if (route === undefined) return false;
    const startedAt = needs.monotonic();
    const traceId = traceIdOf(request);
    let caller: Caller;
    try {
      if (needs.isDraining()) throw draining();
      caller = identify(request, needs.credentials, "inference");
    } catch (cause) {
      reject(cause);
      return true;
    }
    const authMs = needs.monotonic() - startedAt;
    const exchange = { request, response, context: { traceId, route, caller, startedAt, authMs } };
    readJson(request, needs.maxBodyBytes(), handle, reject);
    return true;

    function handle(body: unknown): void {
      try {
        const generation = GENERATIONS[exchange.context.route];
        if (generation) generate(generation, body, exchange, needs);
        else void embed(body, exchange, needs).catch(reject);
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
      sendError(response, error, traceId);
    }
  };
}

function generate(
  generation: Generation,
  body: unknown,
  { request, response, context }: Exchange,
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
        response,
        context.traceId,
        generation.chunks(head, wantsUsage(body)),
        needs.heartbeats,
      )
    : new WholeReply(response, context.traceId, (events, usage) =>
        generation.whole(head, { ...collect(events), usage }),
      );
  if (reply instanceof StreamReply && request.headers["x-weir-progress"] === "1") {
    reply.comment("accepted");
  }
  const call = needs.generate(asked, context, reply);
  response.on("drain", () => call.resume());
  response.on("close", () => {
    if (reply instanceof StreamReply) needs.heartbeats.remove(reply);
    if (!response.writableFinished) call.cancel();
  });
}

async function embed(
  body: unknown,
  { response, context }: Exchange,
  needs: LaneNeeds,
): Promise<void> {
  const parsed = parseBody(EmbeddingBody, body);
  const left = new AbortController();
  response.on("close", () => left.abort());
  const { vectors, usage } = await needs.embed(toEmbedRequest(parsed), context, left.signal);
  const answer = formatEmbeddings(parsed.model, vectors, usage, parsed.encoding_format ?? "float");
  response.writeHead(200, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(answer),
    "x-weir-trace-id": context.traceId,
  });
  response.end(answer);
}

function routeOf({ method, url = "" }: IncomingMessage): string | undefined {
  if (method !== "POST") return undefined;
  const query = url.indexOf("?");
  const path = query === -1 ? url : url.slice(0, query);
  return path in GENERATIONS || path === EMBEDDINGS ? path : undefined;
}

const TRACEPARENT = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The caller's own trace id when it sent one after W3C's Trace Context, else a new one. */
function traceIdOf({ headers }: IncomingMessage): string {
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
