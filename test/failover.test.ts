import { expect, it, onTestFinished } from "vitest";
import { type MockOptions, createMockUpstream } from "../src/cli/mock/upstream.ts";
import { ENVIRONMENT, VENDORS, type Vendor } from "./matrix/vendors.ts";
import { startServer } from "./support/server.ts";

/** Faults that come before the first content: each must become the next target's chance. */
const FAULTS = [
  "500",
  "503",
  "429",
  "401",
  "404",
  "529",
  "refuse",
  "unreachable",
  "silent",
  "stall",
  "empty",
  "malformed",
  "break-first",
  "error-first",
  "redirect",
  "slow-first",
] as const;
/** Of a whole answer the client sees nothing before its end, so these come before it too. */
const WHOLE_FAULTS = [...FAULTS, "break", "mid-error"] as const;

const SOUND = "Answered by the sound one.";
const REMOTE = VENDORS.filter(({ name }) => name !== "llama");
const AT_ONCE = 16;

interface Injected {
  readonly model: string;
  readonly stream: boolean;
}

const modelOf = (vendor: string, fault: string) => `${vendor}.${fault}`;

/** A port that nobody listens on. */
async function closedPort(): Promise<string> {
  const mock = await createMockUpstream();
  await mock.close();
  return mock.url;
}

async function modelsOf(vendor: Vendor, spare: string, nowhere: string): Promise<string> {
  const { name, model, target = "", apiKey } = vendor;
  const mock = await createMockUpstream({ kind: name, apiKey, tokens: 6 });
  onTestFinished(() => mock.close());
  return WHOLE_FAULTS.map((fault) => {
    const url = fault === "unreachable" ? nowhere : mock.url;
    const header = fault === "unreachable" ? "" : `headers: { x-mock-fault: "${fault}" }`;
    const own = [`provider: ${name}`, `url: "${url}"`, `model: "${model}"`, target, header];
    const fields = [...own, "firstContent: 250ms", "answer: 250ms", "stall: 250ms"]
      .filter(Boolean)
      .join(", ");
    return `  "${modelOf(name, fault)}": { targets: [{ ${fields} }, ${spare}] }`;
  }).join("\n");
}

it("fails over on every fault before first content, of every provider, streamed or not", async () => {
  const sound = await createMockUpstream({ reply: SOUND });
  onTestFinished(() => sound.close());
  const spare = `{ provider: openai-compatible, url: "${sound.url}", model: sound, fallback: true }`;
  const nowhere = await closedPort();
  const models = await Promise.all(REMOTE.map((vendor) => modelsOf(vendor, spare, nowhere)));
  const server = await startServer(`models:\n${models.join("\n")}`, { env: ENVIRONMENT });

  async function answerOf({ model, stream }: Injected): Promise<string> {
    const messages = [{ role: "user", content: "Hi" }];
    const answer = await server.call("/v1/chat/completions", { model, stream, messages });
    const text = await answer.text();
    if (answer.status !== 200) return `HTTP ${answer.status} ${text}`;
    return stream ? streamed(text) : wholeText(text);
  }

  const injected: Injected[] = REMOTE.flatMap(({ name }) => [
    ...FAULTS.map((fault) => ({ model: modelOf(name, fault), stream: true })),
    ...WHOLE_FAULTS.map((fault) => ({ model: modelOf(name, fault), stream: false })),
  ]);
  const failed: string[] = [];
  const queue = injected.values();
  const worker = async () => {
    for (const one of queue) {
      const answer = await answerOf(one);
      if (answer !== SOUND)
        failed.push(`${one.model} ${one.stream ? "streamed" : "whole"}: ${answer}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));

  const over = injected.length - failed.length;
  process.stdout.write(
    `faults before first content: ${injected.length} injected over ${REMOTE.length} providers, ${over} failed over (${((100 * over) / injected.length).toFixed(1)} %)\n`,
  );
  expect(failed).toEqual([]);
}, 120_000);

/** A server over one upstream with this fault, and what it has spent. */
async function faulty(fault: string, options: Partial<MockOptions> = {}) {
  const mock = await createMockUpstream({ reply: SOUND, ...options });
  onTestFinished(() => mock.close());
  const target = `{ provider: openai-compatible, url: "${mock.url}", model: up, price: { input: 1 USD, output: 2 USD }${fault && `, headers: { x-mock-fault: "${fault}" }`} }`;
  const limits = "limits: { perKey: { costPerDay: 1 USD, concurrency: 5 } }";
  const server = await startServer(`models: { chat: { targets: [${target}] } }\n${limits}`);
  const spent = async () => {
    const { limits: rows } = (await (await server.call("/admin/v1/limits")).json()) as {
      limits: { limit: string; used: number; reserved: number }[];
    };
    const { calls } = (await (await server.call("/admin/v1/calls")).json()) as {
      calls: { costNanos: number; status: string }[];
    };
    const day = rows.find(({ limit }) => limit === "costPerDay");
    return { used: day?.used ?? 0, reserved: day?.reserved ?? 0, calls };
  };
  return { mock, server, spent };
}

const CHAT = { model: "chat", messages: [{ role: "user", content: "Hi" }] };

it("takes a stream that comes twice once, and charges it once", async () => {
  const { server, spent } = await faulty("twice");
  for (let call = 0; call < 3; call++) {
    const answer = await server.call("/v1/chat/completions", { ...CHAT, stream: true });
    expect(streamed(await answer.text())).toBe(SOUND);
  }
  const { used, reserved, calls } = await spent();
  expect(calls.map(({ status }) => status)).toEqual(["ok", "ok", "ok"]);
  expect([used, reserved]).toEqual([calls.reduce((sum, { costNanos }) => sum + costNanos, 0), 0]);
});

it("takes two answers in one for none", async () => {
  const { server, spent } = await faulty("twice");
  expect((await server.call("/v1/chat/completions", CHAT)).status).toBe(502);
  expect(await spent()).toMatchObject({ used: 0, reserved: 0 });
});

it("hears nothing of an answer that comes after the deadline, and charges no more for it", async () => {
  const { mock, server, spent } = await faulty("", { firstMs: 300 });
  const headers = { "x-weir-deadline": "60ms" };
  const answer = await server.call("/v1/chat/completions", CHAT, { headers });
  expect(answer.status).toBe(504);
  expect(await answer.text()).toContain("deadline_exceeded");
  await expect.poll(mock.aborted).toBe(1);
  const before = await spent();
  expect(before.reserved).toBe(0);
  expect(before.used).toBe(before.calls[0]?.costNanos);
  expect((await server.call("/v1/chat/completions", CHAT)).status).toBe(200);
  const after = await spent();
  expect(after.used).toBe(before.used + (after.calls[0]?.costNanos ?? 0));
});

/** The text of a stream that ended as it should: one [DONE], and no error before it. */
function streamed(text: string): string {
  const data = text
    .split("\n")
    .flatMap((line) => (line.startsWith("data: ") ? [line.slice(6)] : []));
  if (data.filter((one) => one === "[DONE]").length !== 1) return `no single [DONE]: ${text}`;
  const chunks = data.filter((one) => one !== "[DONE]").map((one) => JSON.parse(one) as Chunk);
  if (chunks.some(({ error }) => error)) return `an error inside: ${text}`;
  return chunks
    .map(({ choices }) => choices?.[0]?.delta?.content ?? "")
    .join("")
    .trimEnd();
}

function wholeText(text: string): string {
  return (JSON.parse(text) as Chunk).choices?.[0]?.message?.content ?? "";
}

interface Chunk {
  readonly error?: unknown;
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string };
    readonly message?: { readonly content?: string };
  }[];
}
