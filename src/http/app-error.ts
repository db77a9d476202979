import type { FastifyError } from "fastify";
import { WeirError, toWeirError } from "../core/errors.ts";

/** Fastify's own refusals in our words; ours and unknown ones as they are. */
export function fromFastify(cause: FastifyError): WeirError {
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
