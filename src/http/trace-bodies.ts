import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { WeirError } from "../core/errors.ts";

/** What all requests of a scope may hold together, in bodies of the largest size. */
const MOST_HELD = 1.25;
const RETRY_MS = 1000;

/**
 * Every body of this scope's routes arrives as the bytes that were sent, whatever its type says:
 * nothing is parsed and nothing decompressed. A larger one than `maxBytes` is refused with
 * request_too_large, and with overloaded what would make all bodies under way too much to hold: senders
 * of traces come again. No body gives undefined.
 */
export function takeRawBodies(scope: FastifyInstance, maxBytes: number): void {
  const held = new Map<FastifyRequest, number>();
  let total = 0;
  const most = Math.ceil(maxBytes * MOST_HELD);
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("*", (request: FastifyRequest, payload: IncomingMessage) =>
    collect(payload, lengthOf(request, maxBytes), (size) => hold(request, size)),
  );
  scope.addHook("onRequest", (request, reply, next) => {
    reply.raw.once("close", () => {
      total -= held.get(request) ?? 0;
      held.delete(request);
    });
    next();
  });

  /** Counts a body that is this large by now. */
  function hold(request: FastifyRequest, size: number): void {
    if (size > maxBytes) throw tooLarge(maxBytes);
    const more = size - (held.get(request) ?? 0);
    if (total + more > most) {
      const message =
        "Too many trace bodies are on their way at once. Send this one again shortly.";
      throw new WeirError("overloaded", message, { retryAfterMs: RETRY_MS });
    }
    total += more;
    held.set(request, size);
  }
}

/** What the request says of its length; undefined where it comes in chunks. */
function lengthOf({ headers }: FastifyRequest, maxBytes: number): number | undefined {
  const text = headers["content-length"];
  if (text === undefined) return undefined;
  const length = Number(text);
  if (length > maxBytes) throw tooLarge(maxBytes);
  return length;
}

/** Into memory of its own, which can be handed to another thread. */
async function collect(
  payload: IncomingMessage,
  length: number | undefined,
  hold: (size: number) => void,
): Promise<Buffer> {
  if (length !== undefined) hold(length);
  const chunks: Buffer[] = [];
  let size = 0;
  // A request that is refused is still answered: its connection must live until then.
  for await (const chunk of payload.iterator({ destroyOnReturn: false })) {
    const bytes = chunk as Buffer; // no encoding was set
    size += bytes.length;
    if (length === undefined) hold(size);
    chunks.push(bytes);
  }
  const body = Buffer.allocUnsafeSlow(size);
  let at = 0;
  for (const chunk of chunks) at += chunk.copy(body, at);
  return body;
}

function tooLarge(maxBytes: number): WeirError {
  const mib = Math.floor(maxBytes / 1024 / 1024);
  const message = `The body is larger than the ${mib} MiB that this route takes. Send fewer runs at a time, or raise traces.maxBodyMiB.`;
  return new WeirError("request_too_large", message);
}
