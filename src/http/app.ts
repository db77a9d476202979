import type { Socket } from "node:net";
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyServerOptions,
  type RawRequestDefaultExpression as RawRequest,
} from "fastify";
import { z } from "zod";
import { formatError } from "../core/dialects/openai/error.ts";
import { parseBody } from "../core/dialects/parse-body.ts";
import { WeirError } from "../core/errors.ts";
import { newTraceId } from "../core/ids.ts";
import type { Log } from "../core/log.ts";
import { fromFastify } from "./app-error.ts";
import { answerClientError } from "./client-error.ts";
import type { Lane } from "./lane/inference.ts";
import { errorHeaders } from "./lane/replies.ts";
import { LaneServer, type ListenerOptions } from "./lane-server.ts";
import { type Operation, toOperation } from "./openapi.ts";
import { followPlainRequests, noteFailure } from "./plain-requests.ts";
import { canonicalTraceUrl } from "./trace-url.ts";

export interface App {
  readonly server: LaneServer;
  readonly fastify: FastifyInstance;
  /** What was registered, for the OpenAPI document. */
  readonly operations: Operation[];
}

/** What a page may load: this server's own files, and pictures written into the page. */
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/**
 * Two lanes in one server: inference goes straight to its handler, everything else through Fastify
 * with the schemas of its routes. Errors of both leave through one mapper.
 */
export function createApp(lane: Lane, listener: ListenerOptions, log: Log): App {
  let server: LaneServer | undefined;
  const operations: Operation[] = [];
  const fastify = Fastify({
    logger: false,
    bodyLimit: 1024 * 1024,
    // Threads are named by their users.
    routerOptions: { maxParamLength: 500 },
    genReqId: () => newTraceId(),
    rewriteUrl: toRoute,
    // Named here and not set later, or fastify loads its own two beside them: 5 MB that nobody uses.
    schemaController: { compilersFactory: COMPILERS },
    serverFactory: (handle) => (server = new LaneServer(lane, listener, handle)),
    clientErrorHandler(cause, socket) {
      const error = answerClientError(cause, socket, server?.isAnswering(socket) ?? false);
      if (error) noteUnreadable(error, socket, listener);
    },
  });
  if (!server) throw new WeirError("internal", "fastify made no server");
  followPlainRequests(fastify, listener);
  fastify.addContentTypeParser("application/json", { parseAs: "string" }, parseJson);
  fastify.addHook("onRoute", ({ method, url, schema }) => {
    if (schema) operations.push(toOperation(String(method), url, schema));
  });
  fastify.addHook("onSend", async (request, reply) => {
    for (const name of ["x-weir-trace-id", "x-request-id"]) reply.header(name, request.id);
    reply.header("x-content-type-options", "nosniff");
    reply.header("referrer-policy", "no-referrer");
    const type = String(reply.getHeader("content-type") ?? "");
    if (type.startsWith("text/html") && !reply.hasHeader("content-security-policy")) {
      reply.header("content-security-policy", CONTENT_SECURITY_POLICY);
    }
  });
  fastify.setErrorHandler((cause: FastifyError, request, reply) => {
    const error = fromFastify(cause);
    noteFailure(request.raw, error.code);
    if (error.code === "internal") {
      log.error("request_failed", {
        requestId: request.id,
        route: request.url,
        reason: cause.stack,
      });
    }
    return reply
      .code(error.status)
      .headers(errorHeaders(error))
      .type("application/json")
      .send(formatError(error, request.id));
  });
  return { server, fastify, operations };
}

/** A request that never became one is counted and logged all the same. */
function noteUnreadable(
  { code, status }: WeirError,
  { remoteAddress }: Socket,
  { rejected, accessLog }: ListenerOptions,
): void {
  rejected(code);
  accessLog.add({
    method: "",
    route: "",
    status,
    durationMs: 0,
    bytesOut: undefined,
    from: { address: remoteAddress, headers: {} },
    httpVersion: "",
    traceId: newTraceId(),
    caller: undefined,
    error: code,
  });
}

/** The address that is routed: what browsers ask for is a page, whatever the API has of that name. */
function toRoute({ url = "/", method, headers }: RawRequest): string {
  return method === "GET" && headers.accept?.includes("text/html") ? url : canonicalTraceUrl(url);
}

/** Every route's schema is zod's, whatever fastify's own types say of it. */
interface Route {
  readonly schema?: unknown;
}

const COMPILERS = {
  buildValidator:
    () =>
    ({ schema }: Route) =>
    (data: unknown) => ({ value: parseBody(schema as z.ZodType, data) }),
  buildSerializer:
    () =>
    ({ schema }: Route) =>
    (data: unknown) =>
      JSON.stringify((schema as z.ZodType).parse(data)),
} as unknown as NonNullable<
  NonNullable<FastifyServerOptions["schemaController"]>["compilersFactory"]
>;

/** Many clients name a content type also where they send nothing. */
function parseJson(
  _request: unknown,
  body: string | Buffer,
  done: (error: Error | null, value?: unknown) => void,
): void {
  try {
    done(null, body === "" ? undefined : JSON.parse(String(body)));
  } catch {
    done(new WeirError("invalid_request", "The body is not valid JSON."));
  }
}
