/** The typed client: every endpoint by its name, from the server's own OpenAPI document. In another project: `from "weir/client"`. */
import assert from "node:assert/strict";
import { createMockUpstream } from "../../src/cli/mock/upstream.ts";
import { WeirApiError, WeirClient } from "../../src/client/client.ts";
import { show, step } from "../lab.ts";
import { startExampleServer } from "../server.ts";

const upstream = await createMockUpstream({ kind: "vllm", reply: "A weir holds water back." });
{
  await using server = await startExampleServer(
    `models: { chat: { targets: [{ provider: vllm, url: "${upstream.url}", model: mock }] } }`,
  );
  const weir = new WeirClient({ baseUrl: server.url, apiKey: server.key });

  step("Paths, queries and bodies are typed, and so are the answers");
  const { models } = await weir.call("GET /admin/v1/models");
  const [target] = models[0]?.targets ?? [];
  show("the first model's target", target?.id);
  assert.equal(target?.id, "vllm/mock");
  const facts = await weir.call("GET /admin/v1/targets/facts", {
    query: { model: "chat", target: target.id },
  });
  show("its engine", { version: facts.version, load: facts.load });
  assert.equal(facts.load?.waiting, 2);

  step("A key for a client, and the client with its key");
  const made = await weir.call("POST /admin/v1/keys", { body: { name: "web-shop" } });
  const shop = new WeirClient({ baseUrl: server.url, apiKey: made.key });
  const body = {
    model: "chat",
    messages: [{ role: "user" as const, content: "What does a weir do?" }],
  };
  let pieces = 0;
  for await (const _ of shop.stream("POST /v1/chat/completions", { body })) pieces += 1;
  show("events of the stream", pieces);
  assert.ok(pieces > 3);

  step("What goes wrong is one class of error, with the server's own code");
  await assert.rejects(shop.call("GET /admin/v1/models"), (error) => {
    assert.ok(error instanceof WeirApiError);
    show(`${error.status} ${error.code}`, error.message);
    return error.status === 403 && error.code === "forbidden";
  });

  // @ts-expect-error A call that does not fit does not compile: the body needs messages.
  const wrong = shop.call("POST /v1/chat/completions", { body: { model: "chat" } });
  await assert.rejects(wrong, /messages/);
}
await upstream.close();
