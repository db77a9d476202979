import type { FastifyRequest } from "fastify";
import type { Reader } from "../../../watch/langsmith/beside-runs.ts";
import type { Authorise } from "../../authorise.ts";
import { isSecure } from "../../session-cookie.ts";
import { tenantOf } from "./scope.ts";

/**
 * The address by which a client reached this server, for links in answers to that client. A proxy says
 * by `x-forwarded-proto` that it speaks TLS; what else it says only changes what the asker gets.
 */
export function originOf({ raw, host }: FastifyRequest): string {
  return `${isSecure(raw) ? "https" : "http"}://${host}`;
}

export function readerOf(authorise: Authorise, request: FastifyRequest): Reader {
  return { tenantId: tenantOf(authorise, request).tenantId, origin: originOf(request) };
}
