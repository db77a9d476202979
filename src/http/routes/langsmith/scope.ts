import type { FastifyError, FastifyInstance, FastifyRequest } from "fastify";
import type { Caller } from "../../../core/call.ts";
import { WeirError } from "../../../core/errors.ts";
import type { Log } from "../../../core/log.ts";
import { fromFastify } from "../../app-error.ts";
import type { Authorise } from "../../authorise.ts";
import { errorHeaders } from "../../lane/replies.ts";
import { noteFailure } from "../../plain-requests.ts";
import { takeRawBodies } from "../../trace-bodies.ts";

export interface LangSmithSpeech {
  readonly log: Log;
  readonly maxBodyBytes: number;
  /** Absent: no key is needed. */
  readonly authorise?: Authorise;
  /** Every look at texts of runs is noted before they leave. */
  readonly noteRead: (read: {
    readonly who: Pick<Caller, "keyName" | "tenantId">;
    readonly what: string;
    readonly subject: string;
  }) => Promise<void>;
}

/** Routes that answer with texts of runs; those that only write them are told by their method or name. */
const TEXTS = /\/(runs?|threads|traces|public|annotation-queues|attachments)(\/|$)/;
const WRITES = /\/runs\/(batch|multipart|delete|stats)$/;
/** Somebody with a share's link, who needs no key. */
const STRANGER = { keyName: "a link" };
const SUBJECT_CHARS = 300;

/**
 * Makes a scope speak as the LangSmith API does: bodies as sent, errors as `{"detail": …}`. Where a
 * key is needed it is asked before a body is read.
 */
export function speakLangSmith(
  scope: FastifyInstance,
  { log, maxBodyBytes, authorise, noteRead }: LangSmithSpeech,
): void {
  takeRawBodies(scope, maxBodyBytes);
  scope.addHook("onRequest", async ({ raw }) => {
    // The Python client sends a service's key under a name of its own.
    const { headers } = raw;
    if (headers["x-service-key"] !== undefined) headers["x-api-key"] ??= headers["x-service-key"];
    authorise?.(raw, "traces");
  });
  scope.addHook("preHandler", async (request) => {
    if (!isTextRead(request)) return;
    const { method, url } = request;
    const who = authorise?.(request.raw, "traces") ?? STRANGER;
    const search =
      method === "POST" ? ` ${sentBytes(request).toString("utf8", 0, SUBJECT_CHARS)}` : "";
    await noteRead({ who, what: "langsmith", subject: `${method} ${url}${search}` });
  });
  scope.setErrorHandler((cause: FastifyError, request, reply) => {
    const error = fromFastify(cause);
    noteFailure(request.raw, error.code);
    if (error.code === "internal") {
      const { id, routeOptions } = request;
      log.error("request_failed", { requestId: id, route: routeOptions.url, reason: cause.stack });
    }
    return reply
      .code(statusOf(error))
      .headers(errorHeaders(error))
      .type("application/json")
      .send(formatDetail(error, request.id));
  });
}

function isTextRead({ method, routeOptions }: FastifyRequest): boolean {
  const url = routeOptions.url ?? "";
  if (method !== "GET" && method !== "POST") return false;
  if (!TEXTS.test(url) || WRITES.test(url)) return false;
  // What is posted to a list itself adds to it.
  return method === "GET" || !/\/(runs|annotation-queues)$/.test(url);
}

/** SDKs drop a batch at a 507, and send it again at a 503. */
function statusOf({ code, status }: WeirError): number {
  return code === "storage_full" ? 503 : status;
}

function formatDetail({ message, code, param }: WeirError, requestId: string): string {
  return JSON.stringify({
    detail: message,
    code,
    ...(param !== undefined && { param }),
    request_id: requestId,
  });
}

/** Who asks, and which tenant's traces it is about. */
export function tenantOf(authorise: Authorise, { raw }: FastifyRequest): Caller & Tenant {
  const caller = authorise(raw, "traces");
  return { ...caller, tenantId: caller.tenantId ?? "default" };
}

interface Tenant {
  readonly tenantId: string;
}

/** The bytes of the body; empty where none was sent. */
export function sentBytes({ body }: FastifyRequest): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}

/** The body's JSON; undefined where nothing was sent. Throws invalid_request for what is none. */
export function sentJson(request: FastifyRequest): unknown {
  const bytes = sentBytes(request);
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw new WeirError("invalid_request", "The body is not valid JSON.", { cause });
  }
}

/** The body's JSON object; empty where nothing was sent. */
export function sentFields(request: FastifyRequest): Record<string, unknown> {
  const value = sentJson(request) ?? {};
  if (typeof value === "object" && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new WeirError("invalid_request", "The body must be a JSON object.");
}

type Asked = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Every value of a query parameter, however often it was given. */
export function askedAll(request: FastifyRequest, name: string): readonly string[] {
  const value = (request.query as Asked)[name]; // as fastify parses addresses
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : value;
}

/** The first value of a query parameter. */
export function asked(request: FastifyRequest, name: string): string | undefined {
  return askedAll(request, name)[0];
}

/** A flag of the query: Python writes `True`, JavaScript `true`. */
export function askedFlag(request: FastifyRequest, name: string): boolean | undefined {
  const value = asked(request, name)?.toLowerCase();
  if (value === undefined || value === "" || value === "null" || value === "none") return undefined;
  return value === "true" || value === "1";
}

/** A whole number of the query within bounds, `otherwise` where it is absent. Throws invalid_request. */
export function askedCount(
  request: FastifyRequest,
  name: string,
  { otherwise, most }: { readonly otherwise: number; readonly most: number },
): number {
  const text = asked(request, name);
  if (text === undefined || text === "") return otherwise;
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 0) return Math.min(count, most);
  throw new WeirError("invalid_request", `"${name}" must be a whole number.`, { param: name });
}
