import { errorText } from "../../core/dialects/openai/upstream-answer.ts";
import { WeirError, messageOf } from "../../core/errors.ts";
import { type ResponseHead, TransportTimeout } from "./transport.ts";

/** How servers say that a prompt does not fit: OpenAI, vLLM, llama-server, Anthropic, Gemini, TGI. */
const TOO_LONG =
  /context.{0,20}(?:length|size|window)|maximum context|too long|exceeds the maximum number of tokens|must have less than \d+ tokens|max_new_tokens`? must be <=/i;

/** Not the request's fault, whatever the number says: too late, failed while generating (TGI), too early. */
const UNLUCKY: ReadonlySet<number> = new Set([408, 424, 425]);

/** What an upstream's error status means for the call. Its own words are kept, cut to a length. */
export function toUpstreamError(
  name: string,
  { status, retryAfter }: ResponseHead,
  body: string,
): WeirError {
  const said = bodyText(body);
  const because = said ? `: ${said}` : ".";
  if (status < 400) {
    // Following it could lead anywhere, a cloud's metadata address among them.
    return new WeirError(
      "provider_failed",
      `${name} answered with a redirect (HTTP ${status}), and Weir follows none. Check the target's url in weir.yaml.`,
    );
  }
  if (status === 429) {
    return new WeirError("rate_limited", `${name} is at its limit${because}`, toWait(retryAfter));
  }
  if (status === 401 || status === 403) {
    return new WeirError(
      "provider_failed",
      `${name} refused Weir's key (HTTP ${status}). Check the target's apiKeyEnv in weir.yaml.`,
    );
  }
  if (status === 404) {
    return new WeirError("provider_failed", `${name} does not know this model or route${because}`);
  }
  if (status === 413) return new WeirError("request_too_large", `${name}${because}`);
  if (status < 500 && !UNLUCKY.has(status)) {
    const isTooLong = TOO_LONG.test(said);
    return new WeirError(isTooLong ? "context_length_exceeded" : "invalid_request", said || name);
  }
  const message = `${name} failed (HTTP ${status})${because}`;
  return new WeirError("provider_failed", message, toWait(retryAfter));
}

/** A connection that could not be made, broke or went silent. */
export function toTransportError(name: string, cause: unknown): WeirError {
  if (cause instanceof WeirError) return cause;
  if (cause instanceof TransportTimeout) {
    const message = `${name} did not answer in time: ${cause.message}.`;
    return new WeirError("provider_timed_out", message, { cause });
  }
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const what = code === "ECONNREFUSED" ? "cannot be reached: is it running?" : messageOf(cause);
  return new WeirError("provider_failed", `${name}: ${what}`, { cause });
}

function bodyText(body: string): string {
  if (body.trim() === "") return "";
  try {
    const value: unknown = JSON.parse(body);
    const error =
      typeof value === "object" && value !== null && "error" in value ? value.error : value;
    return errorText(error);
  } catch {
    return body.slice(0, 200);
  }
}

/** Seconds, or a date. */
function toWait(retryAfter = ""): { retryAfterMs?: number } {
  if (/^\d+(\.\d+)?$/.test(retryAfter)) return { retryAfterMs: Number(retryAfter) * 1000 };
  const at = /[A-Z]/.test(retryAfter) ? Date.parse(retryAfter) : NaN;
  return Number.isNaN(at) ? {} : { retryAfterMs: Math.max(0, at - Date.now()) };
}
