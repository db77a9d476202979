import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { DEFAULT_TENANT } from "../../core/call.ts";
import { WeirError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import {
  CONTENT_TYPES,
  type Encoding,
  type Partial,
  type Signal,
  encodingOf,
  formatAnswer,
  formatStatus,
  toPartial,
} from "../../watch/otlp/answer.ts";
import { projectOfAddress } from "../../watch/langsmith/address.ts";
import { countPoints } from "../../watch/otlp/count-points.ts";
import type { Traces } from "../../watch/trace/traces.ts";
import { fromFastify } from "../app-error.ts";
import type { Authorise } from "../authorise.ts";
import { errorHeaders } from "../lane/replies.ts";
import { noteFailure } from "../plain-requests.ts";
import { takeRawBodies } from "../trace-bodies.ts";

export interface OtlpRoutesNeeds {
  readonly authorise: Authorise;
  readonly traces: Pick<Traces, "ingest">;
  readonly maxBodyBytes: number;
  readonly now: () => number;
  readonly log: Log;
}

/** Where exporters send: the address in our own documents, and the one that they make of a bare origin. */
const PREFIXES = ["/otlp/v1", "/v1"];
const RETRY_AFTER_SECONDS = "5";
const gunzipped = promisify(gunzip);

/**
 * OTLP over HTTP, in protobuf or JSON: traces, and the logs that belong to them, are kept. Answers and
 * errors are in the encoding of the request, as the specification has them. No schema: the messages
 * are OpenTelemetry's.
 */
export function otlpRoutes(app: FastifyInstance, needs: OtlpRoutesNeeds): void {
  void app.register((scope, _options, ready) => {
    takeRawBodies(scope, needs.maxBodyBytes);
    // Before the body is read.
    scope.addHook("onRequest", async ({ raw }) => void needs.authorise(raw, "traces"));
    scope.setErrorHandler((cause: FastifyError, request, reply) =>
      refuse(cause, request, reply, needs.log),
    );
    for (const prefix of PREFIXES) {
      scope.post(`${prefix}/traces`, (request, reply) => take("traces", request, reply));
      scope.post(`${prefix}/logs`, (request, reply) => take("logs", request, reply));
      scope.post(`${prefix}/metrics`, (request, reply) => leaveOut(request, reply, needs));
    }
    ready();
  });

  async function take(
    signal: "traces" | "logs",
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const encoding = askedEncoding(request);
    const { headers } = request;
    const { rejected } = await needs.traces.ingest({
      protocol: `otlp-${signal}`,
      contentType: CONTENT_TYPES[encoding],
      contentEncoding: headers["content-encoding"] ?? "identity",
      body: bytesOf(request),
      project: projectOf(request),
      tenantId: needs.authorise(request.raw, "traces").tenantId ?? DEFAULT_TENANT,
      receivedAt: needs.now(),
    });
    return answer(reply, signal, encoding, toPartial(rejected));
  }
}

/** Metrics are for a metrics store: the exporter is told so, in a way that does not make it try again. */
async function leaveOut(
  request: FastifyRequest,
  reply: FastifyReply,
  needs: OtlpRoutesNeeds,
): Promise<FastifyReply> {
  const encoding = askedEncoding(request);
  const rejected = await pointsIn(request, encoding, needs.maxBodyBytes);
  const message =
    "Weir keeps no metrics of others: send them to a metrics store, and set OTEL_METRICS_EXPORTER=none for this endpoint. Weir's own are at /metrics.";
  return answer(reply, "metrics", encoding, { rejected, message });
}

async function pointsIn(
  request: FastifyRequest,
  encoding: Encoding,
  maxOutputLength: number,
): Promise<number> {
  const bytes = bytesOf(request);
  const isZipped = request.headers["content-encoding"] === "gzip";
  try {
    const body = isZipped ? await gunzipped(bytes, { maxOutputLength }) : bytes;
    return countPoints(body, encoding);
  } catch (cause) {
    throw new WeirError("invalid_request", `The body is not a ${encoding} metrics export.`, {
      cause,
      param: "body",
    });
  }
}

function answer(
  reply: FastifyReply,
  signal: Signal,
  encoding: Encoding,
  partial: Partial | undefined,
): FastifyReply {
  return reply.type(CONTENT_TYPES[encoding]).send(formatAnswer(signal, encoding, partial));
}

function askedEncoding({ headers }: FastifyRequest): Encoding {
  const type = headers["content-type"] ?? "";
  const encoding = encodingOf(type);
  if (encoding) return encoding;
  throw new WeirError(
    "invalid_request",
    `The content type must be application/x-protobuf or application/json, not "${type.slice(0, 100)}".`,
    { status: 415, param: "content-type" },
  );
}

/** By name, or by the agent and the environment that its spans belong to. */
function projectOf({ headers }: FastifyRequest): string | undefined {
  const { "langsmith-project": project, "langsmith-agent-id": agent } = headers;
  if (typeof project === "string" && project !== "") return project;
  if (typeof agent !== "string" || agent === "") return undefined;
  const environment = headers["langsmith-agent-environment"];
  return projectOfAddress(`lrn:agents/${agent}/environments/${String(environment)}`);
}

function bytesOf({ body }: FastifyRequest): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}

/** Exporters try again at 429 and 503 only, after as long as they are told. */
function refuse(
  cause: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Log,
): FastifyReply {
  const error = fromFastify(cause);
  noteFailure(request.raw, error.code);
  if (error.code === "internal") {
    const { id, routeOptions } = request;
    log.error("request_failed", { requestId: id, route: routeOptions.url, reason: cause.stack });
  }
  const status = error.code === "storage_full" ? 503 : error.status;
  const encoding = encodingOf(request.headers["content-type"] ?? "") ?? "json";
  const mayRetry = status === 429 || status === 503;
  return reply
    .code(status)
    .headers({ ...(mayRetry && { "retry-after": RETRY_AFTER_SECONDS }), ...errorHeaders(error) })
    .type(CONTENT_TYPES[encoding])
    .send(formatStatus(encoding, status, error.message));
}
