import { ApiError, toApiError, unreachable } from "./api-error.ts";
import { parseJson } from "./json.ts";

/**
 * Calls to our own origin. The session cookie travels by itself; every request that may change
 * something carries the header that no other site can send.
 */
export const CSRF = { "x-weir-csrf": "1" } as const;

export function read<T>(path: string, signal?: AbortSignal): Promise<T> {
  return request<T>(path, signal === undefined ? {} : { signal });
}

export function post<T>(path: string, body: unknown): Promise<T> {
  return send<T>("POST", path, body);
}

export function patch<T>(path: string, body: unknown): Promise<T> {
  return send<T>("PATCH", path, body);
}

function send<T>(method: string, path: string, body: unknown): Promise<T> {
  return request<T>(path, {
    method,
    headers: { ...CSRF, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

export function remove(path: string): Promise<void> {
  return request<void>(path, { method: "DELETE", headers: CSRF });
}

async function request<T>(path: string, init: RequestInit): Promise<T> {
  const response = await fetch(path, init).catch((cause: unknown) => {
    if (init.signal?.aborted) throw cause;
    throw unreachable(cause);
  });
  const text = await response.text();
  const body = text === "" ? undefined : parseJson(text);
  if (!response.ok) throw toApiError(response.status, body);
  if (text !== "" && body === undefined) {
    throw new ApiError("The server's answer is not JSON.", {
      status: response.status,
      code: "unexpected_answer",
    });
  }
  // The server validates its answers with the schemas that these types come from.
  return body as T;
}
