import { onTestFinished } from "vitest";
import { type MockOptions, createMockUpstream } from "../../src/cli/mock/upstream.ts";

/** A double of a vendor for one test. */
export async function double(kind: string, options: Partial<MockOptions> = {}) {
  const mock = await createMockUpstream({ kind, tokens: 3, ...options });
  onTestFinished(() => mock.close());
  return mock;
}

/** A schema whose sample needs escaping, as every vendor takes it. */
export const PLACE = {
  type: "object",
  properties: { city: { type: "string" }, days: { type: "integer" } },
  required: ["city", "days"],
} as const;

/** The sample of `PLACE`. */
export const ZURICH = { city: 'Zürich "HB" ☕', days: 7 };

/** Two tools in OpenAI's format. */
export const TOOLS = ["weather", "map"].map((name) => ({
  type: "function" as const,
  function: { name, description: name, parameters: PLACE },
}));

/** The shortest conversation. */
export const HI = [{ role: "user" as const, content: "Hi there" }];

/** A PNG of one pixel. */
export const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

/** Posts JSON. */
export function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  return fetch(url, {
    method: "POST",
    redirect: "manual",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

/** The data of a stream's events in order: parsed, or the text where it is not JSON. */
export function eventsOf(stream: string): unknown[] {
  return stream
    .split(/\r?\n\r?\n/)
    .flatMap((block) => /^data: ?(.*)$/m.exec(block)?.[1] ?? [])
    .map((data) => (data === "[DONE]" ? data : (JSON.parse(data) as unknown)));
}
