import { Agent, request } from "node:http";
import { expect, it, onTestFinished } from "vitest";
import { createMockUpstream } from "../src/cli/mock/upstream.ts";
import { ADMIN_KEY, startServer } from "./support/server.ts";

/**
 * Nagle's algorithm with delayed acknowledgements holds small writes for about 40 ms. It shows as a
 * step, not as a little more time: an event that waits for the one after it, a request that waits for
 * its second half.
 */

async function setUp(tokenMs: number) {
  const mock = await createMockUpstream({ tokens: 40, tokenMs });
  onTestFinished(() => mock.close());
  const server = await startServer(
    `models: { chat: { targets: [{ provider: openai-compatible, url: "${mock.url}", model: up }] } }`,
  );
  // Node's client sets no-delay by itself: it holds nothing back on its own side.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const ask = (stream: boolean) => readsOf(server.url, agent, stream);
  return { ask };
}

/** The pieces in which an answer came, and how long it took. */
function readsOf(
  url: string,
  agent: Agent,
  stream: boolean,
): Promise<{ reads: number; ms: number }> {
  const body = JSON.stringify({
    model: "chat",
    stream,
    messages: [{ role: "user", content: "Hi" }],
  });
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const call = request(
      new URL("/v1/chat/completions", url),
      {
        method: "POST",
        agent,
        headers: {
          authorization: `Bearer ${ADMIN_KEY}`,
          "content-type": "application/json",
          "content-length": Buffer.byteLength(body),
        },
      },
      (answer) => {
        let reads = 0;
        answer.on("data", () => (reads += 1));
        answer.on("end", () => resolve({ reads, ms: performance.now() - startedAt }));
      },
    );
    call.on("error", reject);
    call.end(body);
  });
}

it("sends every event of a stream by itself, not two or four together", async () => {
  const { ask } = await setUp(10);
  const { reads } = await ask(true);
  expect(reads).toBeGreaterThan(25);
});

it("keeps no whole answer back", async () => {
  const { ask } = await setUp(0);
  const times: number[] = [];
  for (let round = 0; round < 21; round++) times.push((await ask(false)).ms);
  const median = times.toSorted((a, b) => a - b)[10] ?? 0;
  expect(median).toBeLessThan(35);
});
