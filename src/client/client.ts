/**
 * A typed client for Weir's whole API, for Node, Deno, Bun and browsers. Its types are written from
 * the server's OpenAPI document (`operations.ts`), so a call that does not fit does not compile.
 */
import type { Operations } from "./operations.ts";

export type { Operations } from "./operations.ts";

type Name = keyof Operations;
type Input<K extends Name> = Omit<Operations[K], "answer"> & { readonly signal?: AbortSignal };
type Answer<K extends Name> = Operations[K] extends { answer: infer A } ? A : unknown;
/** Where nothing must be given, nothing need be. */
type Given<K extends Name> =
  Partial<Input<K>> extends Input<K> ? [input?: Input<K>] : [input: Input<K>];

export interface WeirClientOptions {
  /** As `http://127.0.0.1:8080`. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** The global one by default. */
  readonly fetch?: typeof fetch;
}

/** What the server says when it refuses or fails. */
export class WeirApiError extends Error {
  override readonly name = "WeirApiError";
  readonly status: number;
  /** As `rate_limited`; null where the answer was none of Weir's. */
  readonly code: string | null;
  readonly requestId: string | null;

  constructor(message: string, status: number, code: string | null, requestId: string | null) {
    super(message);
    this.status = status;
    this.code = code;
    this.requestId = requestId;
  }
}

/**
 * @example
 * const weir = new WeirClient({ baseUrl: "http://127.0.0.1:8080", apiKey });
 * const { calls } = await weir.call("GET /admin/v1/calls", { query: { limit: 5 } });
 */
export class WeirClient {
  readonly #options: WeirClientOptions;

  constructor(options: WeirClientOptions) {
    this.#options = options;
  }

  /** Calls an endpoint. Rejects with a WeirApiError for every status that is no success. */
  async call<K extends Name>(name: K, ...[input]: Given<K>): Promise<Answer<K>> {
    const answer = await this.#send(name, input);
    const isJson = answer.headers.get("content-type")?.includes("json") ?? false;
    const value: unknown = isJson ? await answer.json() : await answer.text();
    return value as Answer<K>; // as the server's own document has it
  }

  /** Calls an endpoint with `stream: true` and gives its events as they come, parsed. */
  async *stream<K extends Name>(name: K, ...[input]: Given<K>): AsyncGenerator {
    const { body } = await this.#send(name, streamed(input));
    if (!body) return;
    let rest = "";
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      const events = (rest + chunk).split("\n\n");
      rest = events.pop() ?? "";
      for (const event of events) {
        const data = dataOf(event);
        if (data !== undefined && data !== "[DONE]") yield JSON.parse(data) as unknown;
      }
    }
  }

  async #send(name: Name, input: object | undefined): Promise<Response> {
    const { baseUrl, apiKey, fetch: send = fetch } = this.#options;
    const { path, query, body, signal } = { ...input } as Sent;
    const [method = "GET", template = "/"] = name.split(" ");
    const place = template.replaceAll(/\{(\w+)\}/g, (_, key: string) =>
      encodeURIComponent(String(path?.[key])),
    );
    const url = new URL(place, baseUrl);
    for (const [key, value] of Object.entries(query ?? {})) {
      if (value !== undefined) url.searchParams.set(key, String(value));
    }
    const response = await send(url, {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
    if (response.ok) return response;
    throw await toError(response);
  }
}

interface Sent {
  readonly path?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

function streamed(input: object | undefined): object {
  const { body, ...rest } = { ...input } as Sent;
  return { ...rest, body: { ...(body as object), stream: true } };
}

function dataOf(event: string): string | undefined {
  const lines = event.split("\n").filter((line) => line.startsWith("data:"));
  if (lines.length === 0) return undefined;
  return lines.map((line) => line.slice(5).trimStart()).join("\n");
}

async function toError(response: Response): Promise<WeirApiError> {
  const text = await response.text();
  const requestId = response.headers.get("x-weir-trace-id");
  try {
    const { error } = JSON.parse(text) as { error: { message: string; code?: string | null } };
    return new WeirApiError(error.message, response.status, error.code ?? null, requestId);
  } catch {
    return new WeirApiError(text.slice(0, 200), response.status, null, requestId);
  }
}
