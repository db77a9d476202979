import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Caller } from "../core/call.ts";
import type { ErrorCode } from "../core/errors.ts";
import type { AccessLog } from "./access-log.ts";

/** What is said of requests beside the fast lane once they have ended. */
export interface PlainRequests {
  readonly accessLog: AccessLog;
  /** Connections are not kept open any more. */
  readonly isLeaving: () => boolean;
}

const callers = new WeakMap<IncomingMessage, Caller>();
const failures = new WeakMap<IncomingMessage, ErrorCode>();

/** For the access log: who it was, and why it was refused. */
export function noteCaller(request: IncomingMessage, caller: Caller): void {
  callers.set(request, caller);
}

export function noteFailure(request: IncomingMessage, code: ErrorCode): void {
  failures.set(request, code);
}

export function followPlainRequests(
  fastify: FastifyInstance,
  { accessLog, isLeaving }: PlainRequests,
): void {
  fastify.addHook("onRequest", (_request, reply, next) => {
    if (isLeaving()) reply.header("connection", "close");
    next();
  });
  fastify.addHook("onResponse", (request, reply, next) => {
    note(request, reply, accessLog);
    next();
  });
}

function note(request: FastifyRequest, reply: FastifyReply, accessLog: AccessLog): void {
  const { raw, method, id } = request;
  const length = Number(reply.getHeader("content-length"));
  accessLog.add({
    method,
    // The route's pattern where there is one: an address may hold what is nobody's business.
    route: request.routeOptions.url ?? (raw.url ?? "").replace(/\?.*$/s, ""),
    status: raw.socket.destroyed && !reply.raw.writableFinished ? 499 : reply.statusCode,
    durationMs: reply.elapsedTime,
    bytesOut: Number.isFinite(length) ? length : undefined,
    from: { address: raw.socket.remoteAddress, headers: raw.headers },
    httpVersion: raw.httpVersion,
    traceId: id,
    caller: callers.get(raw),
    error: failures.get(raw),
  });
}
