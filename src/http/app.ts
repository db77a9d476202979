import { createServer, type Server } from "node:http";
import Fastify, { type FastifyError, type FastifyInstance } from "fastify";
import { z } from "zod";
import { formatError } from "../core/dialects/openai/answer.ts";
import { parseBody } from "../core/dialects/openai/request.ts";
import { WeirError, toWeirError } from "../core/errors.ts";
import { newTraceId } from "../core/ids.ts";
import type { Log } from "../core/log.ts";
import type { Lane } from "./lane/inference.ts";
import { type Operation, toOperation } from "./openapi.ts";

export interface App {
  readonly server: Server;
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
export function createApp(lane: Lane, log: Log): App {
  const operations: Operation[] = [];
  const fastify = Fastify({
    logger: false,
    bodyLimit: 1024 * 1024,
    genReqId: () => newTraceId(),
    serverFactory: (handle) =>
      createServer({ keepAliveTimeout: 65_000, requestTimeout: 120_000 }, (request, response) => {
        if (!lane(request, response)) handle(request, response);
      }),
  });
  fastify.addContentTypeParser("application/json", { parseAs: "string" }, parseJson);
  fastify.setValidatorCompiler(({ schema }) => (data) => {
    return { value: parseBody(schema as z.ZodType, data) }; // every route's schema is zod's
  });
  fastify.setSerializerCompiler(({ schema }) => (data) => {
    return JSON.stringify((schema as z.ZodType).parse(data));
  });
  fastify.addHook("onRoute", ({ method, url, schema }) => {
    if (schema) operations.push(toOperation(String(method), url, schema));
  });
  fastify.addHook("onSend", async (_request, reply) => {
    reply.header("x-content-type-options", "nosniff");
    reply.header("referrer-policy", "no-referrer");
    const type = String(reply.getHeader("content-type") ?? "");
    if (type.startsWith("text/html") && !reply.hasHeader("content-security-policy")) {
      reply.header("content-security-policy", CONTENT_SECURITY_POLICY);
    }
  });
  fastify.setErrorHandler((cause: FastifyError, request, reply) => {
    const error = fromFastify(cause);
    if (error.code === "internal") {
      log.error("request_failed", {
        requestId: request.id,
        route: request.url,
        reason: cause.stack,
      });
    }
    return reply.code(error.status).type("application/json").send(formatError(error, request.id));
  });
  return { server: fastify.server, fastify, operations };
}

/** Fastify's own refusals in our words; ours and unknown ones as they are. */
function fromFastify(cause: FastifyError): WeirError {
  if (cause instanceof WeirError || cause.statusCode === undefined || cause.statusCode >= 500) {
    return toWeirError(cause);
  }
  if (cause.statusCode === 413) {
    return new WeirError("request_too_large", "The body is larger than this route takes.", {
      cause,
    });
  }
  return new WeirError("invalid_request", cause.message, { cause, status: cause.statusCode });
}

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
