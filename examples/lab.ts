/** What the labs share: titles on the terminal, calls in a line, and waiting for what must come. */
import { strict as assert } from "node:assert";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The text as JSON; undefined where it is none. */
  readonly json: unknown;
}

export interface Caller {
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
}

/** Calls one server with one key. A body that is a string goes out as it is. */
export function createCaller({ url, key }: { url: string; key?: string }): Caller {
  const send = async (path: string, init: RequestInit, headers: Record<string, string> = {}) => {
    const own = {
      "content-type": "application/json",
      ...(key && { authorization: `Bearer ${key}` }),
    };
    const response = await fetch(`${url}${path}`, { ...init, headers: { ...own, ...headers } });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parsed(text) };
  };
  return {
    get: (path, headers) => send(path, {}, headers),
    post(path, body, headers) {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      return send(path, { method: "POST", body: text }, headers);
    },
  };
}

/** A title on the terminal. */
export function step(title: string): void {
  console.log(`\n# ${title}`);
}

/** A line on the terminal, cut where a terminal ends. */
export function show(what: string, value: unknown): void {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
  console.log(`${what}: ${text.length > 300 ? `${text.slice(0, 300)}…` : text}`);
}

/** A value deep in JSON, by its keys; undefined where one is missing. */
export function at(value: unknown, ...keys: readonly (string | number)[]): unknown {
  return keys.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null
        ? (inner as Record<string | number, unknown>)[key] // an array's indexes are keys too
        : undefined,
    value,
  );
}

const PATIENCE_MS = 30_000;
const PAUSE_MS = 10;

/** Asks until it is so. Throws when it does not come in time. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await isSo())) {
    assert(Date.now() < deadline, `waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
