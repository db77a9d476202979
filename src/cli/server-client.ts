import { WeirError, messageOf } from "../core/errors.ts";
import { type Option, type Terminal, type Values, text } from "./command.ts";

/** The options of commands that talk to a running server. */
export const CLIENT_OPTIONS = {
  url: { type: "string", value: "URL", help: "the server (WEIR_URL, else http://127.0.0.1:8080)" },
  key: { type: "string", value: "KEY", help: "an API key (WEIR_API_KEY, WEIR_ADMIN_KEY)" },
} as const satisfies Record<string, Option>;

export interface ServerRequest {
  readonly method?: string;
  /** Sent as JSON; bytes as they are, with `headers` that say what they are. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Sends a request to a running server; throws a WeirError that says what to do when it fails. */
export async function request(
  path: string,
  values: Values,
  { env }: Terminal,
  { method = "GET", body, headers, signal }: ServerRequest = {},
): Promise<Response> {
  const base =
    text(values, "url") ?? env["WEIR_URL"] ?? `http://127.0.0.1:${env["WEIR_PORT"] ?? "8080"}`;
  const key = text(values, "key") ?? env["WEIR_API_KEY"] ?? env["WEIR_ADMIN_KEY"];
  if (!key) {
    throw new WeirError(
      "unauthorized",
      "No API key: set WEIR_API_KEY, or pass --key. The first start of the server printed one.",
    );
  }
  let response: Response;
  try {
    response = await fetch(new URL(path, base), {
      method,
      headers: { "content-type": "application/json", ...headers, authorization: `Bearer ${key}` },
      ...(body !== undefined && { body: body instanceof Uint8Array ? body : JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new WeirError(
      "provider_failed",
      `No server answers at ${base}. Start one with: weir serve (or say where it is with --url)`,
      { cause },
    );
  }
  if (response.ok) return response;
  const answer = await response.text();
  throw new WeirError("provider_failed", errorMessage(answer) ?? `HTTP ${response.status}`);
}

/** The same, for an answer in JSON. Its shape is the server's, of the same version. */
export async function askServer<T>(path: string, values: Values, terminal: Terminal): Promise<T> {
  const response = await request(path, values, terminal);
  return (await response.json()) as T; // our own server's answer
}

function errorMessage(answer: string): string | undefined {
  try {
    const { error } = JSON.parse(answer) as { error?: { message?: string } }; // checked just below
    return error?.message;
  } catch (cause) {
    return answer.slice(0, 200) || messageOf(cause);
  }
}
