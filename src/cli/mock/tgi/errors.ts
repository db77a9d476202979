import type { Reply } from "../call.ts";
import type { Failure } from "../kind.ts";

const TYPES: Readonly<Record<number, string>> = {
  422: "validation",
  424: "generation",
  429: "overloaded",
  500: "incomplete_generation",
  503: "healthcheck",
};

/** TGI's errors: a sentence and its type; the web framework's own are plain text or nothing. */
export function tgiError({ status, message, code }: Failure): Reply {
  if (code === "plain") return { status, body: message };
  if (status === 401 || message === "Not Found" || message === "Method Not Allowed")
    return { status, body: "" };
  const text = status === 429 ? "Model is overloaded" : message;
  return { status, body: { error: text, error_type: code ?? TYPES[status] ?? "generation" } };
}
