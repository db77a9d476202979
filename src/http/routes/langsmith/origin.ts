import type { FastifyRequest } from "fastify";
import type { Reader } from "../../../watch/langsmith/beside-runs.ts";
import type { Authorise } from "../../authorise.ts";
import { tenantOf } from "./scope.ts";

/**
 * The address by which a client reached this server, for links in answers to that client. A proxy says
 * by `x-forwarded-proto` that it speaks TLS; what else it says only changes what the asker gets.
 */
export function originOf({ headers, protocol, host }: FastifyRequest): string {
  const forwarded = headers["x-forwarded-proto"];
  const scheme = forwarded === "https" || forwarded === "http" ? forwarded : protocol;
  return `${scheme}://${host}`;
}

export function readerOf(authorise: Authorise, request: FastifyRequest): Reader {
  return { tenantId: tenantOf(authorise, request).tenantId, origin: originOf(request) };
}
