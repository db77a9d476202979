import { expect, it } from "vitest";
import { KIND_NAMES } from "../../src/cli/mock/kind-names.ts";
import { HI, double, post } from "./double.ts";

/** Every kind fails in every way, in its own envelope. */

const GEMINI = { contents: [{ parts: [{ text: "Hi" }] }] };
const CONVERSE = { messages: [{ role: "user", content: [{ text: "Hi" }] }] };
const CHAT = { messages: HI };

/** How a kind is asked: a path and a body for a model, streamed or whole. */
function asked(kind: string, model: string, isStream: boolean): [string, object] {
  const stream = isStream ? { stream: true } : {};
  switch (kind) {
    case "anthropic":
      return ["/v1/messages", { model, max_tokens: 9, ...CHAT, ...stream }];
    case "gemini":
      return isStream
        ? [`/v1beta/models/${model}:streamGenerateContent?alt=sse`, GEMINI]
        : [`/v1beta/models/${model}:generateContent`, GEMINI];
    case "bedrock":
      return [`/model/${model}/converse${isStream ? "-stream" : ""}`, CONVERSE];
    case "ollama":
      return ["/api/chat", { model, ...CHAT, stream: isStream }];
    case "tgi":
      return [isStream ? "/generate_stream" : "/generate", { model, inputs: "Hi" }];
    case "azure-openai":
      return [
        `/openai/deployments/${model}/chat/completions?api-version=1`,
        { ...CHAT, ...stream },
      ];
    default:
      return ["/v1/chat/completions", { model, ...CHAT, ...stream }];
  }
}

async function ask(kind: string, model: string, isStream = false, headers = {}) {
  const mock = await double(kind);
  const [path, body] = asked(kind, model, isStream);
  const version = { "anthropic-version": "2023-06-01" };
  return { mock, answer: () => post(mock.url + path, body, { ...version, ...headers }) };
}

const ENVELOPES: Readonly<Record<string, object>> = {
  anthropic: { type: "error", error: { type: "api_error" } },
  gemini: { error: { code: 503, status: "UNAVAILABLE" } },
  bedrock: { message: "mock failure 503" },
  ollama: { error: "mock failure 503" },
  tgi: { error: "mock failure 503", error_type: "healthcheck" },
  vllm: { error: { code: 503, type: "ServiceUnavailableError" } },
  sglang: { object: "error", code: 503, message: "mock failure 503" },
  "llama-server": { error: { code: 503, type: "unavailable_error" } },
  mistral: { object: "error", type: "internal_server_error", code: "1000" },
  openrouter: { error: { code: 503, metadata: { provider_name: "Mock" } } },
  together: { id: "mock-together-id", error: { type: "server_error" } },
};

it.each(KIND_NAMES)("%s fails with a status by its model's name and by a header", async (kind) => {
  const envelope = ENVELOPES[kind] ?? { error: { type: "server_error" } };
  const byModel = await (await ask(kind, "status-503")).answer();
  expect(byModel.status).toBe(503);
  expect(await byModel.json()).toMatchObject(envelope);
  const byHeader = await (await ask(kind, "m", true, { "x-mock-fault": "503" })).answer();
  expect(byHeader.status).toBe(503);
  expect(await byHeader.json()).toMatchObject(envelope);
});

it.each(KIND_NAMES)(
  "%s refuses, redirects, breaks, stays empty and speaks nonsense",
  async (kind) => {
    const refused = (await ask(kind, "refuse")).answer();
    await expect(refused).rejects.toThrow(/fetch failed/);
    const redirected = await (await ask(kind, "redirect")).answer();
    expect(redirected.status).toBe(302);
    expect(redirected.headers.get("location")).toBe("http://169.254.169.254/latest/meta-data/");
    for (const isStream of [true, false]) {
      const broken = await (await ask(kind, "break", isStream)).answer();
      expect(broken.status).toBe(200);
      await expect(broken.text()).rejects.toThrow(/terminated/);
      const empty = await (await ask(kind, "empty", isStream)).answer();
      expect(await empty.text()).toBe("");
      const nonsense = await (await ask(kind, "malformed", isStream)).answer();
      expect(nonsense.status).toBe(200);
      expect(await nonsense.text()).toMatch(/not json|messageStart/);
    }
  },
);

it.each(KIND_NAMES)("%s ends a stream early with its own error", async (kind) => {
  const answer = await (await ask(kind, "mid-error", true)).answer();
  expect(answer.status).toBe(200);
  const text = await answer.text();
  expect(text).toContain("word0");
  expect(text).not.toContain("word1");
  expect(text).toMatch(/error|exception/i);
  const whole = await (await ask(kind, "mid-error")).answer();
  // OpenRouter has sent its status by then, and blanks to keep the line open.
  expect(whole.status).toBe(kind === "openrouter" ? 200 : 500);
  expect((await whole.text()).trimStart()).toMatch(/"(error|message)":/);
});

it.each(KIND_NAMES)("%s stalls until its reader leaves", async (kind) => {
  const { mock, answer } = await ask(kind, "stall", true);
  const stalled = await answer();
  await stalled.body?.cancel();
  await expect.poll(mock.aborted).toBe(1);
  expect(mock.finished()).toBe(0);
});

it.each(KIND_NAMES)("%s records what it was asked", async (kind) => {
  const { mock, answer } = await ask(kind, "m", true);
  await (await answer()).arrayBuffer();
  await fetch(`${mock.url}/v1/models`);
  expect(mock.calls).toMatchObject([
    { method: "POST", headers: { "content-type": "application/json" } },
    { method: "GET", path: "/v1/models" },
  ]);
  expect(mock.requests).toHaveLength(1);
  expect(mock.finished()).toBe(1);
});

it("answers as ever when it is slow to start", async () => {
  const { mock, answer } = await ask("openai", "slow-first", true);
  expect(await (await answer()).text()).toMatch(/word2 .*data: \[DONE\]/s);
  expect(mock.finished()).toBe(1);
});

it("knows no other kind", async () => {
  await expect(double("watson")).rejects.toThrow(
    /no upstream is called 'watson': use one of openai, /,
  );
});
