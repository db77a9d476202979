import { isUtf8 } from "node:buffer";
import { WeirError, messageOf } from "../../core/errors.ts";
import type { Exchange } from "./exchange.ts";

export interface BodyLimits {
  readonly maxBytes: number;
  /** Hears of bytes that no Content-Length announced; what it gives refuses them. */
  readonly grew?: (bytes: number) => WeirError | undefined;
}

/**
 * Collects a request's body and parses it as JSON. Calls exactly one of `done` and `failed`, and
 * neither when the client goes away first.
 */
export function readJson(
  exchange: Exchange,
  { maxBytes, grew }: BodyLimits,
  done: (body: unknown) => void,
  failed: (error: WeirError) => void,
): void {
  exchange.readBody(
    maxBytes,
    (bytes) => {
      let body: unknown;
      try {
        body = parse(bytes);
      } catch (cause) {
        failed(
          cause instanceof WeirError ? cause : new WeirError("invalid_request", messageOf(cause)),
        );
        return;
      }
      done(body);
    },
    failed,
    grew,
  );
}

function parse(bytes: Buffer): unknown {
  if (bytes.length === 0) {
    throw new WeirError("invalid_request", "The body is empty: send a JSON object.");
  }
  if (!isUtf8(bytes)) {
    throw new WeirError(
      "invalid_request",
      "The body is not valid UTF-8: JSON must be sent as UTF-8.",
    );
  }
  const body = parseJson(bytes);
  if (isDeeperThan(body, MOST_LEVELS)) {
    throw new WeirError(
      "invalid_request",
      `The body is nested more than ${MOST_LEVELS} levels deep: send it flatter.`,
    );
  }
  return body;
}

/** Whoever walks or writes such a body goes one call deeper a level. */
const MOST_LEVELS = 500;

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((inner) => isDeeperThan(inner, levels - 1));
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    // V8's message quotes the body around the fault; that may be a prompt, so only the place is kept.
    const place = /position \d+(?: \(line \d+ column \d+\))?/.exec(messageOf(cause))?.[0];
    throw new WeirError(
      "invalid_request",
      `The body is not valid JSON${place ? `, at ${place}` : ""}.`,
    );
  }
}
