import type { FastifyReply, FastifyRequest } from "fastify";
import type { CallContext } from "../serve/gateway/needs.ts";
import type { Authorise } from "./authorise.ts";
import { traceContextOf } from "./trace-context.ts";
import { wishesOf } from "./wishes.ts";

/** What a call beside generation is started with. */
export interface Asking {
  readonly context: CallContext;
  /** Aborts when the client leaves before its answer. */
  readonly signal: AbortSignal;
}

/** Finds who asks, and follows whether they stay. Throws unauthorized or forbidden. */
export function asking(authorise: Authorise, request: FastifyRequest, reply: FastifyReply): Asking {
  const startedAt = performance.now();
  const caller = authorise(request.raw, "inference");
  const left = new AbortController();
  reply.raw.on("close", () => {
    if (!reply.raw.writableFinished) left.abort();
  });
  const route = request.routeOptions.url ?? request.url;
  const authMs = performance.now() - startedAt;
  const wishes = wishesOf(request.headers);
  const { link } = traceContextOf(request.headers);
  return {
    context: {
      traceId: request.id,
      route,
      caller,
      startedAt,
      authMs,
      ...(link && { link }),
      ...(wishes && { wishes }),
      tell: (headers) => void reply.headers(headers),
    },
    signal: left.signal,
  };
}
