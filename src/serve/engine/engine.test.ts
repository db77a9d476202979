import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CONTROL_TOKENS, SHAPES, writeRandomModel } from "../../../bench/engine/random-model.ts";
import type {
  ChatEvent,
  ChatRequest,
  CompletionRequest,
  GenerateRequest,
  TokenLogprob,
} from "../../core/chat.ts";
import type { WeirError } from "../../core/errors.ts";
import { silentLog } from "../../core/log.ts";
import { createEngine, type Engine, type EngineOptions } from "./engine.ts";
import { locateLibrary } from "./library-place.ts";

/**
 * The engine with real libraries and a model of random weights, written for the occasion. What such a
 * model says is noise, but it must be the same noise each time.
 */

interface Answer {
  readonly events: readonly ChatEvent[];
  readonly error: WeirError | undefined;
  text(index?: number): string;
  reason(index?: number): string | undefined;
  usage: { inputTokens: number; outputTokens: number; cachedTokens?: number } | undefined;
}

const NEVER_END = { [CONTROL_TOKENS.endOfText]: -100, [CONTROL_TOKENS.end]: -100 };
const signal = new AbortController().signal;

const DEMO_MODEL = fileURLToPath(new URL("../../../models/demo.gguf", import.meta.url));

let folder = "";
let file = "";
let engine: Engine;
const started: Engine[] = [];

function open(more: Partial<EngineOptions> = {}): Engine {
  const settings = { name: "test", file, slots: 8, contextTokens: 512, threads: 1, log: silentLog };
  const opened = createEngine({ ...settings, ...more });
  started.push(opened);
  return opened;
}

function chat(content: string, more: Partial<ChatRequest> = {}): ChatRequest {
  return {
    kind: "chat",
    model: "test",
    messages: [{ role: "user", content }],
    sampling: { temperature: 0, logitBias: NEVER_END },
    maxTokens: 16,
    stop: [],
    n: 1,
    stream: true,
    ...more,
  };
}

function completion(prompt: string, more: Partial<CompletionRequest> = {}): CompletionRequest {
  const { model, sampling, maxTokens = 16, stop, n, stream } = chat("");
  const base = { kind: "completion", prompt, echo: false, model, sampling, maxTokens } as const;
  return { ...base, stop, n, stream, ...more };
}

function ask(
  request: GenerateRequest,
  { on = engine, onEvents = () => {} }: { on?: Engine; onEvents?: () => void } = {},
): Promise<Answer> {
  return new Promise((resolve) => {
    const events: ChatEvent[] = [];
    const end = (error?: WeirError): void => resolve(toAnswer(events, error));
    on.generate(request, {
      events: (more) => {
        events.push(...more);
        onEvents();
      },
      done: end,
      failed: end,
    });
  });
}

function toAnswer(events: readonly ChatEvent[], error: WeirError | undefined): Answer {
  const usage = events.find((event) => event.type === "usage");
  return {
    events,
    error,
    usage: usage?.usage,
    text: (index = 0) =>
      events
        .map((event) => (event.type === "text-delta" && event.index === index ? event.text : ""))
        .join(""),
    reason: (index = 0) => {
      const end = events.find((event) => event.type === "finish" && event.index === index);
      return end?.type === "finish" ? end.reason : undefined;
    },
  };
}

/**
 * Batches of other shapes are summed in another order, which on these weights moves log-probabilities
 * by a tenth and lets a near tie fall differently. A cache that holds the wrong tokens moves them by whole units.
 */
const NOISE = 0.7;

/** How far the tokens' log-probabilities are apart, up to the first place where the tokens differ. */
function disagreement(answer: Answer, expected: Answer | undefined, n = 1): number {
  const indexes = Array.from({ length: n }, (_, index) => index);
  return Math.max(...indexes.map((index) => distance(tokensOf(answer, index), tokensOf(expected))));
}

function distance(tokens: readonly TokenLogprob[], expected: readonly TokenLogprob[]): number {
  let most = 0;
  for (const [at, { bytes, logprob }] of tokens.entries()) {
    const other = expected[at];
    if (!other) return Infinity;
    most = Math.max(most, Math.abs(logprob - other.logprob));
    // From here on they answer different texts.
    if (String(bytes) !== String(other.bytes)) break;
  }
  return most;
}

function tokensOf(answer: Answer | undefined, index = 0): TokenLogprob[] {
  return (answer?.events ?? []).flatMap((event) =>
    event.type === "text-delta" && event.index === index ? (event.logprobs ?? []) : [],
  );
}

/** A caller who leaves after some events, or at once. */
function leaveAfter(events: number, request: GenerateRequest, on: Engine): Promise<void> {
  return new Promise((resolve) => {
    let seen = 0;
    const leave = (): void => {
      attempt.cancel();
      resolve();
    };
    const attempt = on.generate(request, {
      events: () => {
        if (++seen >= events) leave();
      },
      done: resolve,
      failed: () => resolve(),
    });
    if (events === 0) leave();
  });
}

/** A program that starts an engine, prints its host's process id and stays. */
function orphan(model: string): string {
  const url = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  return `
    const { createEngine } = await import(${url("./engine.ts")});
    const { silentLog: log } = await import(${url("../../core/log.ts")});
    const settings = { slots: 1, contextTokens: 64, log };
    const engine = createEngine({ name: "test", file: ${JSON.stringify(model)}, ...settings });
    await engine.start();
    console.log(engine.stats().pid);
    setInterval(() => {}, 1000);`;
}

/** A process that ended but that nobody has asked for yet counts as gone. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

function hasLibrary(): boolean {
  try {
    return locateLibrary().folder !== "";
  } catch {
    return false;
  }
}

describe.skipIf(!hasLibrary())("an engine (skipped where llama.cpp has no library)", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "weir-engine-"));
    file = join(folder, "tiny.gguf");
    await writeRandomModel(file, SHAPES.tiny);
    engine = open();
    await engine.start();
  });

  afterAll(async () => {
    await Promise.all(started.map((one) => one.close()));
    await rm(folder, { recursive: true });
  });

  it("says what it has loaded", () => {
    expect(engine.health()).toEqual({ state: "ready" });
    expect(engine.info()).toMatchObject({
      architecture: "llama",
      quantization: "Q8_0",
      contextTokens: 512,
      trainedContextTokens: 512,
      slots: 8,
      backend: expect.stringContaining("llama.cpp v0.5.0"),
    });
    expect(engine.stats()).toMatchObject({ running: 0, waiting: 0, restarts: 0 });
  });

  it("answers greedily with the same tokens each time, and counts them", async () => {
    const first = await ask(chat("Hello", { topLogprobs: 0 }));
    const second = await ask(chat("Hello", { topLogprobs: 0 }));
    expect(first.text()).not.toBe("");
    expect(disagreement(first, second)).toBeLessThan(NOISE);
    expect(first.reason()).toBe("length");
    expect(first.usage).toMatchObject({ inputTokens: 24, outputTokens: 16 });
    expect(second.usage?.cachedTokens).toBe(23);
    expect(first.events.at(-1)).toMatchObject({ timings: { promptMs: expect.any(Number) } });
  });

  it("says the same beside seven other streams as alone", async () => {
    const requests = Array.from({ length: 8 }, (_, index) =>
      chat(`Prompt number ${index}`, { topLogprobs: 0 }),
    );
    const alone: Answer[] = [];
    for (const request of requests) alone.push(await ask(request));
    const fresh = open();
    const together = await Promise.all(requests.map((request) => ask(request, { on: fresh })));
    for (const [index, answer] of together.entries())
      expect(disagreement(answer, alone[index])).toBeLessThan(NOISE);
    expect(new Set(alone.map((answer) => answer.text())).size).toBeGreaterThan(1);
    await fresh.close();
  });

  it("computes the same whatever joins, shares, leaves and is cancelled beside it", async () => {
    const stems = ["You are a helpful assistant. ", "You are a river guide. ", "", "x".repeat(99)];
    const requests = Array.from({ length: 16 }, (_, index) =>
      completion(`${stems[index % 4]}Question ${index} ${"abc ".repeat((index * 7) % 30)}`, {
        maxTokens: 40,
        topLogprobs: 0,
      }),
    );
    const lone = open({ slots: 1 });
    const expected: Answer[] = [];
    for (const request of requests) expected.push(await ask(request, { on: lone }));
    const crowded = open({ slots: 4 });
    await crowded.start();
    const checked: Promise<number>[] = [];
    for (let call = 0; call < 120; call++) {
      const which = (call * 11) % 16;
      const request = requests[which] ?? chat("");
      if (call % 3 === 0) await leaveAfter(call % 17, request, crowded);
      else {
        const n = call % 5 === 0 ? 3 : 1;
        const answer = ask({ ...request, n }, { on: crowded });
        checked.push(answer.then((one) => disagreement(one, expected[which], n)));
      }
    }
    expect(Math.max(...(await Promise.all(checked)))).toBeLessThan(NOISE);
    expect(crowded.stats().cachedTokens).toBeGreaterThan(0);
    await Promise.all([lone.close(), crowded.close()]);
  });

  it("gives the same random answer for the same seed and others for others", async () => {
    const sampled = (seed: number): ReturnType<typeof ask> =>
      ask(chat("Hello", { sampling: { temperature: 1, seed, logitBias: NEVER_END } }));
    const [a, b, c] = [await sampled(1), await sampled(1), await sampled(2)];
    expect(b.text()).toBe(a.text());
    expect(c.text()).not.toBe(a.text());
  });

  it("gives several answers to one prompt", async () => {
    const sampling = { temperature: 1, seed: 5, logitBias: NEVER_END };
    const answer = await ask(chat("Hello", { n: 3, sampling }));
    const texts = [0, 1, 2].map((index) => answer.text(index));
    expect(new Set(texts).size).toBe(3);
    expect([0, 1, 2].map((index) => answer.reason(index))).toEqual(["length", "length", "length"]);
    expect(answer.usage?.outputTokens).toBe(48);
    expect(answer.events.filter(({ type }) => type === "usage")).toHaveLength(1);
  });

  it("stops at a stop string", async () => {
    const whole = (await ask(chat("Hello"))).text();
    const stop = whole.slice(6, 12);
    const answer = await ask(chat("Hello", { stop: [stop] }));
    expect(answer.text()).toBe(whole.slice(0, whole.indexOf(stop)));
    expect(answer.reason()).toBe("stop");
  });

  it("follows a token's bias", async () => {
    const [token = 0] = await engine.tokens.tokenize(
      { model: "", text: "Z", addSpecialTokens: false },
      signal,
    );
    const answer = await ask(
      chat("Hello", { sampling: { temperature: 0, logitBias: { [token]: 100 } } }),
    );
    expect(answer.text()).toBe("Z".repeat(16));
  });

  it("discourages repetition when asked", async () => {
    const [token = 0] = await engine.tokens.tokenize(
      { model: "", text: "Z", addSpecialTokens: false },
      signal,
    );
    const sampling = { temperature: 0, logitBias: { [token]: 8 } };
    const plain = (await ask(chat("Hello", { sampling }))).text();
    const varied = await ask(chat("Hello", { sampling: { ...sampling, frequencyPenalty: 2 } }));
    const count = (text: string): number => text.split("Z").length;
    expect(count(varied.text())).toBeLessThan(count(plain));
  });

  it("tells each token's probability", async () => {
    const answer = await ask(chat("Hello", { topLogprobs: 5 }));
    const logprobs = answer.events.flatMap((event) =>
      event.type === "text-delta" ? (event.logprobs ?? []) : [],
    );
    expect(logprobs).toHaveLength(16);
    for (const { logprob, top } of logprobs) {
      expect(top).toHaveLength(5);
      // Greedily the likeliest is taken, and five of them are no more than all.
      expect(top[0]?.logprob).toBe(logprob);
      expect(top.reduce((sum, one) => sum + Math.exp(one.logprob), 0)).toBeLessThanOrEqual(
        1.000001,
      );
    }
  });

  it("names up to twenty of the likeliest tokens, best first", async () => {
    const answer = await ask(completion("x", { maxTokens: 1, topLogprobs: 20 }));
    const [event] = answer.events;
    const top = event?.type === "text-delta" ? (event.logprobs?.[0]?.top ?? []) : [];
    const values = top.map(({ logprob }) => logprob);
    expect(values).toHaveLength(20);
    expect(values).toEqual(values.toSorted((a, b) => b - a));
  });

  it("repeats the prompt of a completion on request", async () => {
    const plain = await ask(completion("abc"));
    const echoed = await ask(completion("abc", { echo: true }));
    expect(echoed.text()).toBe(`abc${plain.text()}`);
  });

  it("counts the prompt when nothing may be said", async () => {
    const answer = await ask(completion("abc", { maxTokens: 0 }));
    expect(answer.usage).toMatchObject({ inputTokens: 3, outputTokens: 0 });
    expect(answer.reason()).toBe("length");
  });

  it("writes JSON by a schema even with random weights", async () => {
    const schema = {
      type: "object",
      properties: {
        id: { type: "integer", minimum: 1, maximum: 99 },
        kind: { enum: ["river", "weir"] },
        note: { type: "string", maxLength: 12 },
        parts: { type: "array", items: { type: "boolean" }, maxItems: 3 },
        at: { type: "string", format: "date-time" },
      },
      required: ["id", "kind", "parts"],
      additionalProperties: false,
    };
    const responseFormat = { type: "json_schema", name: "x", schema } as const;
    const seeds = Array.from({ length: 12 }, (_, seed) => seed);
    const answers = await Promise.all(
      seeds.map((seed) =>
        ask(
          chat("Hello", { responseFormat, maxTokens: 200, sampling: { temperature: 1.5, seed } }),
        ),
      ),
    );
    for (const answer of answers) {
      expect(answer.reason()).toBe("stop");
      const value = JSON.parse(answer.text()) as Record<string, unknown>;
      expect(value).toMatchObject({
        parts: expect.any(Array),
        kind: expect.stringMatching(/river|weir/),
      });
      expect(value["id"]).toBeGreaterThan(0);
      expect(value["id"]).toBeLessThan(100);
    }
  });

  it("keeps to a grammar that it was given", async () => {
    const grammar = 'root ::= "yes" | "no"';
    const answer = await ask(chat("Well?", { grammar, sampling: { temperature: 0 } }));
    expect(answer.text()).toMatch(/^(yes|no)$/);
    expect(answer.reason()).toBe("stop");
  });

  it.each(['start ::= "x"', "root ::= missing", "root ::= root | root", "](", "", 'root ::= "\0"'])(
    "refuses the grammar %j and goes on",
    async (grammar) => {
      const { error } = await ask(chat("Hello", { grammar }));
      expect(error).toMatchObject({ code: "invalid_request", param: "grammar" });
      expect((await ask(chat("Hello"))).reason()).toBe("length");
    },
  );

  it("refuses a schema that it cannot keep", async () => {
    const schema = { not: { type: "string" } };
    const responseFormat = { type: "json_schema", name: "x", schema } as const;
    const { error } = await ask(chat("Hello", { responseFormat }));
    expect(error?.message).toContain('"not"');
  });

  it("says both numbers when a prompt does not fit", async () => {
    const { error } = await ask(chat("x".repeat(600)));
    expect(error?.code).toBe("context_length_exceeded");
    expect(error?.message).toMatch(/has 619 tokens.*holds 512/);
  });

  it("ends an answer where the context ends", async () => {
    const { maxTokens: _, ...request } = completion("x".repeat(500));
    const answer = await ask(request);
    expect(answer.reason()).toBe("length");
    expect(answer.usage?.outputTokens).toBe(12);
  });

  it.each([
    ["n", { n: 0 }],
    ["max_tokens", { maxTokens: -1 }],
    ["top_logprobs", { topLogprobs: 21 }],
    ["logit_bias", { sampling: { logitBias: { 99999: 1 } } }],
  ])("refuses an impossible %s", async (param, more) => {
    const { error } = await ask(chat("Hello", more));
    expect(error).toMatchObject({ code: "invalid_request", param });
  });

  it("never shows half a character", async () => {
    const sampling = { temperature: 2, seed: 3, logitBias: NEVER_END };
    const answer = await ask(chat("Hello", { sampling, maxTokens: 300 }));
    const texts = answer.events.map((event) => (event.type === "text-delta" ? event.text : ""));
    expect(texts.every((text) => text.isWellFormed())).toBe(true);
  });

  it("treats control words in a message as letters", async () => {
    const plain = await ask(chat("<|im_end|>", { maxTokens: 1 }));
    const short = await ask(chat("x", { maxTokens: 1 }));
    expect(plain.usage?.inputTokens).toBe((short.usage?.inputTokens ?? 0) + 9);
  });

  it("turns text into tokens and back", async () => {
    const tokens = await engine.tokens.tokenize({ model: "", text: "Wéir 😀" }, signal);
    expect(await engine.tokens.detokenize("", tokens, signal)).toBe("Wéir 😀");
    await expect(engine.tokens.detokenize("", [99999], signal)).rejects.toMatchObject({
      code: "invalid_request",
    });
  });

  it("embeds texts of any length as vectors of length one", async () => {
    const long = "y".repeat(300);
    const request = {
      kind: "embedding",
      model: "test",
      input: ["one", "two", long, [1, 2]],
    } as const;
    const { vectors, usage } = await engine.embed(request, signal);
    expect(vectors).toHaveLength(4);
    for (const vector of vectors) {
      expect(vector).toHaveLength(64);
      const length = Math.hypot(...vector);
      expect(length).toBeCloseTo(1, 5);
    }
    expect(usage.inputTokens).toBe(308);
    const [again] = (await engine.embed({ ...request, input: [long] }, signal)).vectors;
    const close = Array.from(again ?? [], (value, at) => value * (vectors[2]?.[at] ?? 0));
    expect(close.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 4);
  });

  it("shortens embeddings on request", async () => {
    const request = { kind: "embedding", model: "test", input: ["one"], dimensions: 8 } as const;
    const { vectors } = await engine.embed(request, signal);
    expect(vectors[0]).toHaveLength(8);
    expect(Math.hypot(...(vectors[0] ?? []))).toBeCloseTo(1, 5);
    const tooMany = engine.embed({ ...request, dimensions: 65 }, signal);
    await expect(tooMany).rejects.toMatchObject({ param: "dimensions" });
  });

  it("refuses to embed nothing, or more than the model holds", async () => {
    const embed = (input: string[]): Promise<unknown> =>
      engine.embed({ kind: "embedding", model: "test", input }, signal);
    await expect(embed(["a", ""])).rejects.toMatchObject({ param: "input[1]" });
    await expect(embed(["x".repeat(600)])).rejects.toMatchObject({
      code: "context_length_exceeded",
    });
  });

  it("tells nothing while its reader is slow, and everything afterwards", async () => {
    const other = ask(chat("Other", { maxTokens: 40 }));
    const events: ChatEvent[] = [];
    const whole = new Promise<void>((resolve) => {
      const attempt = engine.generate(chat("Hello"), {
        events: (more) => void events.push(...more),
        done: resolve,
        failed: () => resolve(),
      });
      attempt.pause();
      void other.then(() => {
        expect(events).toEqual([]);
        attempt.resume();
      });
    });
    await whole;
    expect(toAnswer(events, undefined).reason()).toBe("length");
  });

  it("is silent after a cancel", async () => {
    const heard: string[] = [];
    const attempt = engine.generate(chat("Hello", { maxTokens: 400 }), {
      events: () => {
        heard.push("events");
        attempt.cancel();
      },
      done: () => heard.push("done"),
      failed: () => heard.push("failed"),
    });
    await ask(chat("Other"));
    expect(heard).toEqual(["events"]);
    await expect.poll(() => engine.stats().running).toBe(0);
  });

  it("says what running answers hold of the KV cache, and what is kept of earlier ones", async () => {
    const fresh = open({ slots: 2 });
    expect(fresh.stats()).toMatchObject({ kvCacheUsage: 0, kvCacheKept: 0 });
    const shares: number[] = [];
    const onEvents = () => void shares.push(fresh.stats().kvCacheUsage);
    const { usage } = await ask(chat("Hello"), { on: fresh, onEvents });
    const room = 2 * 512;
    const tokens = (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0);
    expect(shares[0]).toBeGreaterThan(0);
    expect(Math.max(...shares)).toBeLessThan(tokens / room);
    // The last token of an answer is never computed.
    expect(fresh.stats()).toMatchObject({ kvCacheUsage: 0, kvCacheKept: (tokens - 1) / room });
    await leaveAfter(3, chat("Hello, and good-bye", { maxTokens: 400 }), fresh);
    await expect.poll(() => fresh.stats().kvCacheUsage).toBe(0);
    await fresh.close();
  });

  it("turns calls away when its queue is full", async () => {
    const small = open({ slots: 1, queueLimit: 2 });
    await small.start();
    const long = { maxTokens: 400 };
    const answers = await Promise.all(
      ["a", "b", "c", "d"].map((text) => ask(chat(text, long), { on: small })),
    );
    const busy = answers.filter(({ error }) => error);
    expect(busy).toHaveLength(2);
    expect(busy[0]?.error).toMatchObject({ code: "engine_busy", retryAfterMs: expect.any(Number) });
    await small.close();
  });

  it("lets calls that come before the model wait for it", async () => {
    const cold = open();
    expect((await ask(chat("Hello"), { on: cold })).reason()).toBe("length");
    expect(cold.health().state).toBe("ready");
    await cold.close();
  });

  it("takes a quantized KV cache", async () => {
    const slow = join(folder, "slow.gguf");
    await writeRandomModel(slow, SHAPES.slow);
    const small = open({ file: slow, kvType: "q8_0", slots: 2 });
    expect((await ask(chat("Hello", { maxTokens: 2 }), { on: small })).reason()).toBe("length");
    await small.close();
  });

  it("says why a cache type does not go with a model", async () => {
    const small = open({ kvType: "q8_0", slots: 2 });
    await expect(small.start()).rejects.toThrow("this model's have 16. Use f16.");
  });

  it("caps the context at what the model was trained for", async () => {
    const greedy = open({ contextTokens: 100_000, slots: 1 });
    await greedy.start();
    expect(greedy.info()?.contextTokens).toBe(512);
    await greedy.close();
  });

  it.skipIf(!existsSync(DEMO_MODEL))("asks the demo model something real", async () => {
    const demo = open({ file: DEMO_MODEL, slots: 2, contextTokens: 4096 });
    const request = chat("What is a canary release?", {
      sampling: { temperature: 0 },
      maxTokens: 80,
    });
    const answer = await ask(request, { on: demo });
    expect(answer.reason()).toBe("stop");
    expect(answer.text()).toMatch(/canary|traffic|version/i);
    await demo.close();
  });

  describe("in trouble", () => {
    it("fails a call that was under way when its host is killed, and recovers", async () => {
      const fragile = open({ slots: 2 });
      await fragile.start();
      const kill = (): void => void process.kill(fragile.stats().pid ?? 0, "SIGKILL");
      const [broken, waiting] = await Promise.all([
        ask(chat("Hello", { maxTokens: 400 }), { on: fragile, onEvents: kill }),
        ask(chat("Hello", { n: 3 }), { on: fragile }),
      ]);
      expect(broken.error).toMatchObject({ code: "engine_crashed", retryable: true });
      expect(waiting.error?.code ?? waiting.reason()).toMatch(/engine_crashed|length/);
      expect((await ask(chat("Hello"), { on: fragile })).reason()).toBe("length");
      expect(fragile.stats().restarts).toBe(1);
      await fragile.close();
    });

    it("runs a call again that had told nothing yet", async () => {
      const fragile = open();
      await fragile.start();
      const answer = ask(chat("Hello"), { on: fragile });
      process.kill(fragile.stats().pid ?? 0, "SIGKILL");
      expect((await answer).reason()).toBe("length");
      await fragile.close();
    });

    it("says that a file is missing or broken, and that calls cannot be answered", async () => {
      const missing = open({ file: join(folder, "none.gguf") });
      await expect(missing.start()).rejects.toMatchObject({
        code: "invalid_config",
        message: expect.stringContaining("does not exist"),
      });
      expect(missing.health()).toMatchObject({ state: "failed" });
      const { error } = await ask(chat("Hello"), { on: missing });
      expect(error).toMatchObject({ code: "model_unavailable" });
      expect(error?.message).toContain("does not exist");
      const embedding = missing.embed({ kind: "embedding", model: "test", input: ["a"] }, signal);
      await expect(embedding).rejects.toMatchObject({ code: "model_unavailable" });

      const cut = join(folder, "cut.gguf");
      await writeRandomModel(cut, SHAPES.tiny);
      await truncate(cut, 100_000);
      await expect(open({ file: cut }).start()).rejects.toThrow(/is cut off/);
      await writeFile(cut, "not a model at all, but long enough");
      await expect(open({ file: cut }).start()).rejects.toThrow(/is not a GGUF file/);
    });

    it("gives the library's reason for a model that it cannot load, and tries again when asked", async () => {
      const odd = join(folder, "odd.gguf");
      await writeRandomModel(odd, { ...SHAPES.tiny, architecture: "odd" as "llama" });
      const engine = open({ file: odd });
      await expect(engine.start()).rejects.toThrow(/unknown model architecture: 'odd'/);
      await writeRandomModel(odd, SHAPES.tiny);
      await engine.start();
      expect(engine.health().state).toBe("ready");
    });

    it("does not load a model that does not fit into memory", async () => {
      const huge = open({ availableBytes: () => 1_000_000 });
      await expect(huge.start()).rejects.toThrow(/needs about .* 1\.0 MB are free/);
    });

    it("fails its calls when it is closed", async () => {
      const closing = open();
      await closing.start();
      const { pid } = closing.stats();
      const answer = ask(chat("Hello", { maxTokens: 400 }), { on: closing });
      await closing.close();
      expect((await answer).error?.code).toBe("shutting_down");
      expect((await ask(chat("Hello"), { on: closing })).error?.code).toBe("shutting_down");
      expect(() => process.kill(pid ?? 0, 0)).toThrow("ESRCH");
    });

    it("ends its host when the gateway is killed", async () => {
      const parent = spawn(process.execPath, ["--input-type=module", "-e", orphan(file)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const [line] = (await once(parent.stdout.setEncoding("utf8"), "data")) as [string];
      const host = Number(line);
      expect(() => process.kill(host, 0)).not.toThrow();
      parent.kill("SIGKILL");
      await expect.poll(() => isAlive(host), { timeout: 10_000 }).toBe(false);
    });

    it("stops computing a long prompt when its caller leaves", async () => {
      const slow = join(folder, "slow.gguf");
      await writeRandomModel(slow, SHAPES.slow);
      const one = open({ file: slow, slots: 1, contextTokens: 4096 });
      await one.start();
      const long = completion("x".repeat(4000), { maxTokens: 1 });
      const attempt = one.generate(long, { events: () => {}, done: () => {}, failed: () => {} });
      await expect.poll(() => one.stats().running, { interval: 5 }).toBe(1);
      attempt.cancel();
      // The next caller finds that little of that prompt was ever computed.
      const again = await ask(completion("x".repeat(800), { maxTokens: 1 }), { on: one });
      expect(again.reason()).toBe("length");
      expect(again.usage?.cachedTokens).toBeLessThan(799);
    });
  });
});

describe("tools", () => {
  const TEMPLATE =
    "{% for t in tools %}{{ t.function.name }} {% endfor %}<tool_call></tool_call><think></think>" +
    "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}";
  const tools = ["weather", "time"].map((name) => ({
    name,
    parameters: {
      type: "object",
      properties: { place: { $ref: "#/$defs/Place" } },
      required: ["place"],
      $defs: { Place: { type: "string", enum: ["Ulm", "Bonn"] } },
    },
  }));

  let own = "";
  let caller: Engine;
  beforeAll(async () => {
    own = await mkdtemp(join(tmpdir(), "weir-tools-"));
    const file = join(own, "tools.gguf");
    await writeRandomModel(file, SHAPES.tiny, 1, TEMPLATE);
    const settings = { name: "tools", slots: 2, contextTokens: 512, threads: 1, log: silentLog };
    caller = createEngine({ ...settings, file });
  });
  afterAll(async () => {
    await caller.close();
    await rm(own, { recursive: true, force: true });
  });

  it("forces a call whose arguments fit the tool's schema, and tells it as a call", async () => {
    const wish = { tools, maxTokens: 120, sampling: { temperature: 1, seed: 5 } };
    for (const toolChoice of ["required", { name: "time" }] as const) {
      const answer = await ask(chat("x", { ...wish, toolChoice, parallelToolCalls: false }), {
        on: caller,
      });
      expect(answer.error).toBeUndefined();
      const calls = answer.events.filter((event) => event.type === "tool-call-delta");
      expect(calls).toHaveLength(1);
      expect(["weather", "time"]).toContain(calls[0]?.name);
      expect(["Ulm", "Bonn"]).toContain(
        (JSON.parse(calls[0]?.arguments ?? "") as { place: string }).place,
      );
      expect(answer.text()).toBe("");
      expect(answer.reason()).toBe("tool_calls");
    }
  });
});
