/** Two upstreams, the first of them broken: the caller notices nothing, the trace shows both attempts. */
import assert from "node:assert/strict";
import OpenAI from "openai";
import { createMockUpstream } from "../../src/cli/mock/upstream.ts";
import { startExampleServer } from "../server.ts";

const broken = await createMockUpstream({ failRate: 1 });
const sound = await createMockUpstream({ reply: "Answered by the second." });
const target = (url: string, fallback: boolean) =>
  `{ provider: openai-compatible, url: "${url}", model: any, fallback: ${fallback} }`;
{
  await using weir = await startExampleServer(
    `models: { chat: { targets: [${target(broken.url, false)}, ${target(sound.url, true)}] } }`,
  );
  const client = new OpenAI({ baseURL: `${weir.url}/v1`, apiKey: weir.key, maxRetries: 0 });
  const answer = await client.chat.completions.create({
    model: "chat",
    messages: [{ role: "user", content: "Hi" }],
  });
  console.log(answer.choices[0]?.message.content);
  assert.equal(answer.choices[0]?.message.content, "Answered by the second.");

  const headers = { authorization: `Bearer ${weir.key}` };
  const { calls } = (await (await fetch(`${weir.url}/admin/v1/calls`, { headers })).json()) as {
    calls: { attempts: number }[];
  };
  console.log(`the trace has ${calls[0]?.attempts} attempts`);
  assert.equal(calls[0]?.attempts, 2);
}
await Promise.all([broken.close(), sound.close()]);
