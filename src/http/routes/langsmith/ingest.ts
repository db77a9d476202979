import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { WeirError } from "../../../core/errors.ts";
import type { IngestProtocol, Ingested } from "../../../watch/trace/ingest.ts";
import type { IngestRequest } from "../../../watch/trace/traces.ts";
import type { Authorise } from "../../authorise.ts";
import { sentBytes, tenantOf } from "./scope.ts";

export interface IngestNeeds {
  readonly authorise: Authorise;
  /** Resolves when the body is kept; then it is decoded and merged. */
  readonly ingest: (request: IngestRequest) => Promise<Ingested>;
  readonly now: () => number;
}

const ENCODINGS: ReadonlySet<string> = new Set(["identity", "gzip", "zstd", "deflate", "br"]);

/** Where SDKs write runs. The answer is given as soon as the body stands in the log. */
export function langSmithIngestRoutes(app: FastifyInstance, needs: IngestNeeds): void {
  const take = (protocol: IngestProtocol) => async (request: FastifyRequest, reply: FastifyReply) =>
    answer(await needs.ingest(toIngest(request, protocol, needs)), reply);
  app.post("/api/v1/runs/multipart", take("langsmith-multipart"));
  app.post("/api/v1/runs/batch", take("langsmith-batch"));
  app.post("/api/v1/runs", take("langsmith-post"));
  app.patch("/api/v1/runs/:id", take("langsmith-patch"));
}

function toIngest(
  request: FastifyRequest,
  protocol: IngestProtocol,
  { authorise, now }: IngestNeeds,
): IngestRequest {
  const { headers, params } = request;
  const { tenantId } = tenantOf(authorise, request);
  const { id: runId } = params as { id?: string }; // as the routes above name it
  return {
    protocol,
    contentType: headers["content-type"] ?? "",
    contentEncoding: encodingOf(headers["content-encoding"]),
    body: sentBytes(request),
    runId,
    tenantId,
    receivedAt: now(),
  };
}

/** Throws invalid_request with status 415 for one that nobody here can read. */
function encodingOf(header: string | undefined): string {
  const encoding = (header ?? "").trim().toLowerCase() || "identity";
  const known = encoding === "x-gzip" ? "gzip" : encoding;
  if (ENCODINGS.has(known)) return known;
  throw new WeirError(
    "invalid_request",
    `The content encoding "${encoding.slice(0, 40)}" is not known here. Send gzip, zstd, deflate, br, or none.`,
    { param: "content-encoding", status: 415 },
  );
}

/** SDKs drop what the body says; people who look find there what was left out. */
function answer({ accepted, rejected }: Ingested, reply: FastifyReply) {
  return reply.code(202).send({
    message: rejected.length === 0 ? "Runs accepted" : "Runs accepted, but for some parts",
    accepted,
    ...(rejected.length > 0 && { rejected: rejected.slice(0, 20) }),
  });
}
