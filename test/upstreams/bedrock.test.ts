import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import {
  AccessDeniedException,
  BedrockRuntimeClient,
  ConverseCommand,
  type ConverseCommandInput,
  ConverseStreamCommand,
  CountTokensCommand,
  InternalServerException,
  InvokeModelCommand,
  ModelErrorException,
  ResourceNotFoundException,
  ServiceUnavailableException,
  ThrottlingException,
  ValidationException,
} from "@aws-sdk/client-bedrock-runtime";
import { expect, it, onTestFinished } from "vitest";
import type { MockOptions } from "../../src/cli/mock/upstream.ts";
import { PIXEL, PLACE, ZURICH, double } from "./double.ts";

async function bedrock(options: Partial<MockOptions> = {}, secretAccessKey = "right/secret+1") {
  const mock = await double("bedrock", { apiKey: "AKIDMOCK:right/secret+1", ...options });
  const client = new BedrockRuntimeClient({
    endpoint: mock.url,
    region: "eu-central-1",
    credentials: { accessKeyId: "AKIDMOCK", secretAccessKey },
    maxAttempts: 1,
    requestHandler: { handle },
  });
  onTestFinished(() => client.destroy());
  return { mock, client };
}

/** The client speaks HTTP/2 to a plain address when nobody says otherwise; ours is HTTP/1.1. */
async function handle({ method, protocol, hostname, port, path, headers, body }: HttpRequest) {
  const outgoing = request({
    method,
    protocol,
    hostname,
    path,
    headers,
    ...(port === undefined ? {} : { port }),
  });
  outgoing.end(body);
  const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
  const { statusCode = 0 } = incoming;
  return {
    response: { statusCode, headers: incoming.headers as Record<string, string>, body: incoming },
  };
}

interface HttpRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

const MODEL = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0";
const messages: ConverseCommandInput["messages"] = [{ role: "user", content: [{ text: "Hi" }] }];
const toolConfig = {
  tools: ["weather", "map"].map((name) => ({ toolSpec: { name, inputSchema: { json: PLACE } } })),
} as unknown as ConverseCommandInput["toolConfig"];
const THINKING = { thinking: { type: "enabled", budget_tokens: 1024 } };

/** The deltas of a streamed answer in order, and how it ended. */
async function streamed(client: BedrockRuntimeClient, input: Partial<ConverseCommandInput> = {}) {
  const { stream } = await client.send(
    new ConverseStreamCommand({ modelId: MODEL, messages, ...input }),
  );
  const events = await Array.fromAsync(stream ?? []);
  const deltas = events.map((event) => event.contentBlockDelta?.delta);
  return {
    text: deltas.map((delta) => delta?.text ?? "").join(""),
    thought: deltas.map((delta) => delta?.reasoningContent?.text ?? "").join(""),
    signature: deltas.map((delta) => delta?.reasoningContent?.signature ?? "").join(""),
    input: deltas.map((delta) => delta?.toolUse?.input ?? "").join(""),
    starts: events.flatMap((event) => event.contentBlockStart?.start?.toolUse?.name ?? []),
    stop: events.flatMap((event) => event.messageStop?.stopReason ?? []),
    usage: events.at(-1)?.metadata?.usage,
  };
}

it("answers signed calls, whole and in a binary stream", async () => {
  const { client } = await bedrock();
  const whole = await client.send(
    new ConverseCommand({ modelId: MODEL, messages, additionalModelRequestFields: THINKING }),
  );
  expect(whole.output?.message?.content).toMatchObject([
    { reasoningContent: { reasoningText: { signature: expect.anything() as unknown } } },
    { text: "word0 word1 word2" },
  ]);
  expect(whole).toMatchObject({ stopReason: "end_turn", usage: { outputTokens: 7 } });
  const answer = await streamed(client, { additionalModelRequestFields: THINKING });
  expect(answer).toMatchObject({
    text: "word0 word1 word2 ",
    thought: "First, the question is read. Then “it” is answered.",
    stop: ["end_turn"],
    usage: { outputTokens: 7 },
  });
  expect(answer.signature).not.toBe("");
});

it("streams a tool's input in fragments and takes its result", async () => {
  const { client } = await bedrock();
  const answer = await streamed(client, { toolConfig });
  expect(answer.starts).toEqual(["weather", "map"]);
  expect(answer.stop).toEqual(["tool_use"]);
  expect(answer.input).toBe(JSON.stringify(ZURICH).repeat(2));
  const whole = await client.send(new ConverseCommand({ modelId: MODEL, messages, toolConfig }));
  const called = whole.output?.message;
  const toolResults = (called?.content ?? []).map((block) => ({
    toolResult: { toolUseId: block.toolUse?.toolUseId, content: [{ text: "sun" }] },
  }));
  const turn = (content: typeof toolResults, config = toolConfig) =>
    client.send(
      new ConverseCommand({
        modelId: MODEL,
        messages: [
          ...(messages ?? []),
          called ?? { role: "assistant", content: [] },
          { role: "user", content },
        ],
        ...(config === undefined ? {} : { toolConfig: config }),
      }),
    );
  expect((await turn(toolResults)).output?.message?.content).toMatchObject([
    { text: "word0 word1 word2" },
  ]);
  await expect(turn(toolResults.slice(1))).rejects.toBeInstanceOf(ValidationException);
});

it("counts images and tokens, answers in the schema, embeds and ranks", async () => {
  const { client } = await bedrock();
  const image = {
    image: { format: "png" as const, source: { bytes: Buffer.from(PIXEL, "base64") } },
  };
  const seen = await client.send(
    new ConverseCommand({ modelId: MODEL, messages: [{ role: "user", content: [image, image] }] }),
  );
  expect(seen.output?.message?.content).toMatchObject([{ text: "I see 2 images." }]);
  const jsonSchema = { name: "place", schema: JSON.stringify(PLACE) };
  const json = await client.send(
    new ConverseCommand({
      modelId: MODEL,
      messages,
      outputConfig: { textFormat: { type: "json_schema", structure: { jsonSchema } } },
    }),
  );
  expect(JSON.parse(json.output?.message?.content?.[0]?.text ?? "")).toEqual(ZURICH);
  const counted = await client.send(
    new CountTokensCommand({ modelId: MODEL, input: { converse: { messages } } }),
  );
  expect(counted.inputTokens).toBeGreaterThan(5);
  const invoke = async (modelId: string, body: object) => {
    const answer = await client.send(
      new InvokeModelCommand({
        modelId,
        body: JSON.stringify(body),
        contentType: "application/json",
      }),
    );
    return JSON.parse(answer.body.transformToString()) as Record<string, unknown>;
  };
  expect(await invoke("amazon.titan-embed-text-v2:0", { inputText: "a" })).toMatchObject({
    embedding: [0.6, 0.8, 0],
  });
  const cohere = { texts: ["a", "b"], input_type: "search_document" };
  expect(await invoke("cohere.embed-english-v3", cohere)).toMatchObject({
    response_type: "embeddings_floats",
  });
  const query = { query: "a weir", documents: ["a dog", "a weir"], api_version: 2 };
  expect(await invoke("cohere.rerank-v3-5:0", query)).toMatchObject({
    results: [{ index: 1 }, {}],
  });
});

it.each([
  ["status-400", ValidationException],
  ["status-403", AccessDeniedException],
  ["status-404", ResourceNotFoundException],
  ["status-424", ModelErrorException],
  ["status-429", ThrottlingException],
  ["status-500", InternalServerException],
  ["status-503", ServiceUnavailableException],
])("fails with %s as the client knows it", async (modelId, kind) => {
  const { client } = await bedrock();
  const failed = client.send(new ConverseCommand({ modelId, messages }));
  await expect(failed).rejects.toBeInstanceOf(kind);
});

it("fails in the middle with an exception frame, or with a checksum that is wrong", async () => {
  const { client } = await bedrock();
  await expect(streamed(client, { modelId: "mid-error" })).rejects.toMatchObject({
    name: "ModelStreamErrorException",
  });
  await expect(streamed(client, { modelId: "malformed" })).rejects.toThrow(/checksum/);
});

it("recomputes the signature, and takes an API key as a bearer", async () => {
  const { client } = await bedrock({}, "wrong");
  const unsigned = client.send(new ConverseCommand({ modelId: MODEL, messages }));
  await expect(unsigned).rejects.toMatchObject({ name: "InvalidSignatureException" });
  const mock = await double("bedrock", { apiKey: "bedrock-key" });
  const url = `${mock.url}/model/${encodeURIComponent(MODEL)}/converse`;
  const ask = (key: string) =>
    fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ messages }),
    });
  expect((await ask("bedrock-key")).status).toBe(200);
  const wrong = await ask("no");
  expect(wrong.status).toBe(403);
  expect(wrong.headers.get("x-amzn-errortype")).toMatch(/^AccessDeniedException/);
});
