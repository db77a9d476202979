import { ADMIN_KEY, type TestServer } from "../support/server.ts";
import { type PythonPart, type PythonRequest, pythonMultipart } from "../support/python-bodies.ts";

/** How the tests of this folder write to and read from a server without an SDK. */

export type Wire = Record<string, unknown>;

export function send(server: TestServer, { path, headers, body }: PythonRequest, method = "POST") {
  const sent = { body, headers: { "x-api-key": ADMIN_KEY, ...headers } };
  return fetch(`${server.url}${path}`, { ...sent, method });
}

export function sendParts(server: TestServer, parts: readonly PythonPart[]): Promise<Response> {
  return send(server, pythonMultipart(parts));
}

/** What a read answers; fails with what it says where that is no success. */
export async function read(server: TestServer, path: string, body?: unknown): Promise<Wire> {
  const answer = await server.call(`/api/v1${path}`, body);
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Wire;
}

/** A new key's secret. */
export async function keyOf(server: TestServer, wish: Wire): Promise<string> {
  const answer = await server.call("/admin/v1/keys", { name: "app", ...wish });
  return ((await answer.json()) as { key: string }).key;
}
