import type { CallRecord, Caller } from "../../core/call.ts";
import type { EmbedRequest, GenerateRequest, Source } from "../../core/chat.ts";
import { anthropicMessages } from "../../core/dialects/anthropic/protocol.ts";
import type { ClientProtocol } from "../../core/dialects/client-protocol.ts";
import {
  EmbeddingBody,
  formatEmbeddings,
  toEmbedRequest,
} from "../../core/dialects/openai/embedding.ts";
import { formatError } from "../../core/dialects/openai/error.ts";
import { openAiChat, openAiCompletions } from "../../core/dialects/openai/protocols.ts";
import { parseBody } from "../../core/dialects/parse-body.ts";
import { unknownFields } from "../../core/dialects/unknown-fields.ts";
import { WeirError, toWeirError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { whenKnown } from "../../core/when-known.ts";
import type { Log } from "../../core/log.ts";
import type { Embeddings } from "../../serve/provider.ts";
import type { CallContext, CallWishes, Reply, RunningCall } from "../../serve/gateway/needs.ts";
import type { PreparedResponse, Responses } from "../../serve/responses/responses.ts";
import { type Credentials, identify } from "../identify.ts";
import { type TraceContext, traceContextOf } from "../trace-context.ts";
import { type Visitors, sendsKey } from "../visitors.ts";
import { wishesOf } from "../wishes.ts";
import { readJson } from "./body.ts";
import type { AnswerHeaders, Exchange, Inbound } from "./exchange.ts";
import type { Resumables } from "./resumable.ts";
import { type Heartbeats, StreamReply, WholeReply, sendError } from "./replies.ts";
import type { Breakable, Traffic, Visit } from "./traffic.ts";

/** What the fast lane needs of the house. */
export interface LaneNeeds {
  readonly credentials: Credentials;
  readonly generate: (request: GenerateRequest, context: CallContext, reply: Reply) => RunningCall;
  readonly embed: (
    request: EmbedRequest,
    context: CallContext,
    signal: AbortSignal,
  ) => Promise<Embeddings>;
  readonly responses: Pick<Responses, "prepare">;
  readonly resumables: Resumables;
  readonly heartbeats: Heartbeats;
  readonly maxBodyBytes: () => number;
  /** What becomes of request fields that Weir does not know. */
  readonly unknownFields: () => "pass" | "refuse";
  readonly monotonic: () => number;
  readonly now: () => number;
  readonly log: Log;
  /** Counts what is under way, and turns away what is too much. */
  readonly visitors: Visitors;
  readonly traffic: Traffic;
  /** Set once the server is to end: connections are not kept open. */
  readonly isLeaving: () => boolean;
  /** Set once the server drains: new calls are turned away. */
  readonly isDraining: () => boolean;
  /** A request that never became a call: wrong key, bad body. */
  readonly rejected: (code: CallRecord["errorCode"]) => void;
}

/** The generation endpoints, each with the protocol that its clients speak. */
const PROTOCOLS: Readonly<Record<string, ClientProtocol>> = {
  "/v1/chat/completions": openAiChat,
  "/v1/completions": openAiCompletions,
  "/v1/messages": anthropicMessages,
};
const EMBEDDINGS = "/v1/embeddings";
const RESPONSES = "/v1/responses";

interface Asking {
  readonly exchange: Exchange;
  readonly context: CallContext;
  readonly visit: Visit;
}

/** The paths that are this lane's; it takes them with POST only. */
export const INFERENCE_PATHS: ReadonlySet<string> = new Set([
  ...Object.keys(PROTOCOLS),
  RESPONSES,
  EMBEDDINGS,
]);

/** Handles a request if it is an inference call; false leaves it to the other lane. */
export type Lane = (exchange: Inbound) => boolean;

/**
 * The fast lane: inference with nothing between the socket and the call path. A request's key is
 * checked before its body is read; its body before anything else is done.
 */
export function createInferenceLane(needs: LaneNeeds): Lane {
  return (exchange) => {
    const route = exchange.path;
    const isKnown = exchange.method === "POST" ? INFERENCE_PATHS.has(route) : isStream(exchange);
    if (!isKnown) return false;
    const protocol = PROTOCOLS[route];
    const startedAt = needs.monotonic();
    const trace = toContext(traceContextOf(exchange.headers));
    const { traceId } = trace;
    const visit = needs.traffic.enter(exchange, traceId);
    if (needs.isLeaving()) exchange.closeAfter();
    let caller: Caller;
    let wishes: CallWishes | undefined;
    let entering: Promise<void> | undefined;
    try {
      if (needs.isDraining()) throw draining();
      if (!exchange.caller) entering = enter(exchange, visit, needs);
      caller = exchange.caller ?? identify(exchange, needs.credentials, "inference");
      wishes = wishesOf(exchange.headers);
      const last = lastEventOf(exchange);
      if (last !== undefined) {
        needs.resumables.resume(exchange, last, caller.keyId);
        return true;
      }
      visit.admit(caller, wishes?.priority);
    } catch (cause) {
      reject(cause);
      return true;
    }
    const authMs = needs.monotonic() - startedAt;
    const asking = { route, caller, startedAt, authMs, ...(wishes && { wishes }) };
    const context: CallContext = { ...trace, ...asking };
    const entered = () => entering;
    const read = (body: unknown) => whenKnown(entered, () => handle(body), reject);
    readJson(exchange, { maxBytes: needs.maxBodyBytes(), grew: visit.grew }, read, reject);
    return true;

    function handle(body: unknown): void {
      if (exchange.isOver) return;
      try {
        if (route !== EMBEDDINGS)
          generate(prepare(route, body, caller, needs), { exchange, context, visit }, needs);
        else void embed(body, { exchange, context, visit }, needs).catch(reject);
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
      const isWrong = error.code === "unauthorized" && sendsKey(exchange.headers);
      if (isWrong && !exchange.caller) needs.visitors.wrongKey(exchange);
      visit.rejected(error.code);
      sendError(exchange, error, traceId, protocol?.error ?? formatError);
    }
  };
}

function toContext({ id, link, upstream }: TraceContext): Pick<CallContext, Traced> {
  return { traceId: id, trace: upstream, ...(link && { link }) };
}

type Traced = "traceId" | "trace" | "link";

/**
 * Counts a request for its address. Where replicas count together the answer comes later: it is
 * waited for once the body is here, which an unknown key's never is.
 */
function enter(
  exchange: Inbound,
  visit: Visit,
  { visitors }: LaneNeeds,
): Promise<void> | undefined {
  const over = visitors.enter(exchange);
  if (!(over instanceof Promise)) {
    visit.after(over);
    return undefined;
  }
  const entering = over.then((known) => visit.after(known));
  // Where nobody gets so far as to wait for it.
  entering.catch(() => undefined);
  return entering;
}

const STREAMS = "/v1/streams/";

function isStream({ method, path }: Exchange): boolean {
  return method === "GET" && path.startsWith(STREAMS);
}

/** Where a client goes on with a stream: by the header that SSE has for it, or by the stream's path. */
function lastEventOf({ method, path, headers }: Exchange): string | undefined {
  const header = headers["last-event-id"];
  if (typeof header === "string" && header !== "") return header;
  return method === "GET" ? path.slice(STREAMS.length) : undefined;
}

/** A request that was read, and how it goes on. */
interface Prepared extends Omit<PreparedResponse, "start"> {
  readonly body: unknown;
  start(context: CallContext, reply: Reply, request: GenerateRequest): RunningCall;
}

function prepare(route: string, body: unknown, caller: Caller, needs: LaneNeeds): Prepared {
  const protocol = PROTOCOLS[route];
  if (!protocol) return { ...needs.responses.prepare(body, caller), body };
  const request = protocol.request(body);
  const head = {
    id: newId(protocol.idPrefix),
    created: Math.floor(needs.now() / 1000),
    model: request.model,
  };
  return {
    request,
    head,
    protocol,
    body,
    start: (context, reply, asked) => needs.generate(asked, context, reply),
  };
}

function generate(
  prepared: Prepared,
  { exchange, context, visit }: Asking,
  needs: LaneNeeds,
): void {
  const { protocol, head, body } = prepared;
  const asked = withHeaders(prepared.request, exchange);
  const unknown = () => unknownFields(protocol.schema, body);
  if (needs.unknownFields() === "refuse") refuse(unknown());
  const { traceId } = context;
  const carrier = asked.stream ? resumable(exchange, context, needs) : exchange;
  const answering = {
    exchange: carrier,
    traceId,
    formatError: protocol.error,
    unknownFields: unknown,
  };
  const reply = asked.stream
    ? new StreamReply(answering, protocol.stream(head, asked), needs.heartbeats)
    : new WholeReply(answering, (events, usage) => protocol.whole(head, events, usage));
  if (reply instanceof StreamReply && exchange.headers["x-weir-progress"] === "1") {
    reply.comment("accepted");
  }
  const call = prepared.start({ ...context, answerId: head.id }, reply, asked);
  visit.runs(call);
  carrier.onDrain(() => call.resume());
  carrier.onLeave(() => {
    if (reply instanceof StreamReply) needs.heartbeats.remove(reply);
    call.cancel();
  });
}

/** A stream that outlives its connection where the client asked for one; else the connection itself. */
function resumable(
  exchange: Exchange,
  { traceId, caller }: CallContext,
  needs: LaneNeeds,
): Exchange {
  if (exchange.headers["x-weir-resume"] !== "1") return exchange;
  return needs.resumables.open(exchange, traceId, caller.keyId) ?? exchange;
}

/** Headers that belong to the client's dialect: they go along to an upstream of the same. */
function withHeaders(request: GenerateRequest, { headers }: Exchange): GenerateRequest {
  const beta = headers["anthropic-beta"];
  if (typeof beta !== "string" || !request.source) return request;
  const source: Source = { ...request.source, headers: { "anthropic-beta": beta } };
  return { ...request, source };
}

function refuse(names: readonly string[]): void {
  if (names.length === 0) return;
  throw new WeirError(
    "invalid_request",
    `This server takes no fields that it does not know: ${names.slice(0, 10).join(", ")}. Leave them out, or set server.unknownFields: pass in weir.yaml.`,
    { param: names[0] ?? "" },
  );
}

async function embed(
  body: unknown,
  { exchange, context, visit }: Asking,
  needs: LaneNeeds,
): Promise<void> {
  const parsed = parseBody(EmbeddingBody, body);
  const left = new AbortController();
  exchange.onLeave(() => left.abort());
  visit.runs(breakable(left, exchange, context.traceId));
  let limits: AnswerHeaders = {};
  const told = { ...context, tell: (headers: AnswerHeaders) => void (limits = headers) };
  const { vectors, usage } = await needs.embed(toEmbedRequest(parsed), told, left.signal);
  const answer = formatEmbeddings(parsed.model, vectors, usage, parsed.encoding_format ?? "float");
  if (exchange.isOver) return;
  const headers = { "content-type": "application/json", "x-weir-trace-id": context.traceId };
  exchange.respond(200, { ...headers, ...limits }, answer);
}

/** Answers with the error and stops the work. */
function breakable(work: AbortController, exchange: Exchange, traceId: string): Breakable {
  return {
    breakOff(error) {
      sendError(exchange, error, traceId);
      work.abort();
    },
  };
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
