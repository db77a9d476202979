import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { messageOf } from "../../core/errors.ts";
import type { Deliver, Delivery } from "./export-feed.ts";

export interface HttpReceiver {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly now: () => number;
}

const AGAIN = new Set([408, 425, 429, 500, 502, 503, 504]);
/** A receiver that asks for more is asked again all the same. */
const MOST_AFTER_MS = 300_000;

const zipped = promisify(gzip);

/** As a batch travels and waits: gzip, off this thread. */
export async function packed(body: Uint8Array): Promise<Uint8Array> {
  return zipped(body, { level: 4 });
}

/** Posts packed batches. Never rejects; says nothing of the answer's body, which may quote what was sent. */
export function httpDeliver({ url, headers, timeoutMs, now }: HttpReceiver): Deliver {
  return async (batch, signal) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    let response: Response;
    try {
      response = await fetch(url, {
        method: "POST",
        headers: { ...headers, "content-encoding": "gzip" },
        body: batch as Uint8Array<ArrayBuffer>, // gzip makes no shared memory
        signal: signal ? AbortSignal.any([timeout, signal]) : timeout,
        // A key must not go where a redirect points.
        redirect: "manual",
      });
      await response.arrayBuffer();
    } catch (cause) {
      return { kind: "later", reason: reasonOf(cause) };
    }
    return judged(response, now());
  };
}

function judged({ status, ok, headers }: Response, now: number): Delivery {
  if (ok) return { kind: "taken" };
  const reason = `it answered ${status}`;
  if (!AGAIN.has(status)) return { kind: "refused", reason };
  return { kind: "later", reason, afterMs: afterMs(headers.get("retry-after"), now) };
}

/** Seconds, or a date. */
function afterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) && ms >= 0 ? Math.min(ms, MOST_AFTER_MS) : undefined;
}

function reasonOf(cause: unknown): string {
  if (cause instanceof Error && cause.name === "TimeoutError") return "it did not answer in time";
  const inner = cause instanceof Error ? cause.cause : undefined;
  return messageOf(inner ?? cause);
}
