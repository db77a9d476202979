import { expect } from "vitest";
import { z } from "zod";
import type { MockUpstream, SeenCall } from "../../src/cli/mock/upstream.ts";
import type { Impossible, Scenario } from "./cannot.ts";
import { type Answer, type Asked, type Client, objectOf } from "./client.ts";
import { EMBEDDED, type Seen, type Vendor, seenBy, walk } from "./vendors.ts";

/** One cell: a client asks one thing of one provider, and what came back and what went on is judged. */
export interface Place {
  readonly client: Client;
  readonly vendor: Vendor;
  /** Absent for the embedded engine. */
  readonly double: MockUpstream | undefined;
  readonly isStreamed: boolean;
}

/** The double's words. */
const SAID = "word0 word1 word2";
const THOUGHT = "First, the question is read. Then “it” is answered.";
const ZURICH = { city: 'Zürich "HB" ☕', days: 7 };
const PIXEL =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
const RESULT = "Sunny, 21°";
const SYSTEM = "Be brief.";
const SAMPLING = { temperature: 0.5, stop: "NEVER", maxTokens: 900 };
const FUTURE = { x_future: { a: 1 } };

const PlaceSchema = z.object({ city: z.string(), days: z.int() });
/** What a grammar alone can hold to: the demo model has no sense of an end. */
const SkySchema = z.object({ sky: z.enum(["sun", "rain"]), wet: z.boolean() });

export const CHECKS: Readonly<Record<Scenario, (place: Place) => Promise<void>>> = {
  plain,
  stop,
  length,
  unknown,
  tools,
  moved,
  parallel,
  schema,
  images,
  reasoning,
  logprobs,
  n: twoAnswers,
  "429": (place) => failsBefore(place, "429", "RateLimitError", 429, /at its limit/),
  "500": (place) => failsBefore(place, "500", "InternalServerError", 502, /HTTP 500/),
  "401": (place) => failsBefore(place, "401", "InternalServerError", 502, /refused Weir's key/),
  midway,
};

/** Scenarios that only a stream has. */
export const STREAMED_ONLY: ReadonlySet<Scenario> = new Set(["parallel"]);

function isEmbedded({ vendor }: Place): boolean {
  return vendor.name === EMBEDDED;
}

function ask(place: Place, asked: Partial<Asked> = {}): Promise<Answer> {
  const { client, vendor, isStreamed } = place;
  const isText = client.name === "completions" && !isEmbedded(place);
  const model = isText ? `${vendor.name}-text` : vendor.name;
  return client.ask({ model, isStreamed, ...asked });
}

/** What the double got while something was done. */
async function watched<T>(
  { double, vendor }: Place,
  act: () => Promise<T>,
): Promise<{ value: T; seen: Seen[] }> {
  const before = double?.calls.length ?? 0;
  const value = await act();
  const calls: readonly SeenCall[] = double?.calls.slice(before) ?? [];
  return { value, seen: calls.map((call) => seenBy(vendor.name, call)) };
}

/** Where a client's body may go on as it is. */
function isRelayed({ client, vendor, double }: Place): boolean {
  const { name } = vendor;
  if (client.name === "messages") return name === "anthropic";
  // Who has this API as well was just asked by it.
  if (client.name === "responses") return /\/responses/.test(double?.calls.at(-1)?.path ?? "");
  if (["anthropic", "gemini", "bedrock", "mistral", "ollama", EMBEDDED].includes(name))
    return false;
  return client.name === "chat" || !["groq", "tgi"].includes(name);
}

async function plain(place: Place): Promise<void> {
  const { value, seen } = await watched(place, () =>
    ask(place, { user: "Hello there", system: SYSTEM, sampling: { ...SAMPLING } }),
  );
  expect(value.outputTokens, "tokens").toBeGreaterThan(0);
  if (isEmbedded(place)) {
    expect(value.texts[0]?.length, "text").toBeGreaterThan(0);
    return;
  }
  expect(
    value.texts.map((text) => text.trim()),
    "text",
  ).toEqual([SAID]);
  expect(value.finish, "finish").toMatch(/^(stop|completed|end_turn)$/);
  expect(seen, "requests").toHaveLength(1);
  const [request] = seen;
  const { client, vendor } = place;
  const model = client.name === "completions" ? (vendor.textModel ?? vendor.model) : vendor.model;
  expect(request?.model, "upstream's model").toBe(model);
  expect(request?.temperature, "temperature").toBe(SAMPLING.temperature);
  expect(request?.maxTokens, "max tokens").toBe(SAMPLING.maxTokens);
  expect(JSON.stringify(request?.prompt), "prompt").toContain("Hello there");
  if (client.name !== "completions") expect(request?.system, "system").toBe(SYSTEM);
  // The responses API has no stop texts.
  if (client.name !== "responses") expect([request?.stop].flat(), "stop").toEqual([SAMPLING.stop]);
}

async function stop(place: Place): Promise<void> {
  const word = isEmbedded(place) ? "e" : "word1";
  const answer = await ask(place, { sampling: { ...SAMPLING, stop: word } });
  const [text = ""] = answer.texts;
  if (isEmbedded(place)) expect(text, "text").not.toContain(word);
  else expect(text.trim(), "text").toBe("word0");
  expect(answer.finish, "finish").toMatch(/^(stop|end_turn|stop_sequence)$/);
}

async function length(place: Place): Promise<void> {
  const answer = await ask(place, { sampling: { ...SAMPLING, maxTokens: 2 } });
  if (!isEmbedded(place)) expect(answer.texts[0]?.trim(), "text").toBe("word0 word1");
  expect(answer.finish, "finish").toMatch(/^(length|max_tokens|incomplete)$/);
}

async function unknown(place: Place): Promise<void> {
  const { client, vendor } = place;
  // Anthropic refuses what it does not know on the top level, and takes it in its metadata.
  const isDeep = client.name === "messages" && vendor.name === "anthropic";
  const extra = isDeep ? { metadata: { user_id: "u", ...FUTURE } } : FUTURE;
  const { value, seen } = await watched(place, () => ask(place, { extra }));
  const dropped = value.wire.headers.get("x-weir-dropped") ?? "";
  if (!isRelayed(place)) {
    expect(dropped, "x-weir-dropped").toMatch(/(^|, )x_future($|,)/);
    expect(JSON.stringify(seen), "upstream's request").not.toContain("x_future");
    return;
  }
  expect(dropped, "x-weir-dropped").toBe("");
  const body = isDeep ? objectOf(seen[0]?.body["metadata"]) : seen[0]?.body;
  expect(body?.["x_future"], "upstream's request").toEqual(FUTURE.x_future);
  if (vendor.answerField !== undefined && client.name !== "responses") {
    expect(value.wire.body, "answer").toContain(`"${vendor.answerField}":`);
  }
}

/** A call, its result and the answer: with thinking where there is some. */
async function tools(place: Place): Promise<void> {
  const { vendor } = place;
  const asked = {
    user: "How is it in Zürich?",
    tools: ["weather"],
    thinks: vendor.thoughts !== "none",
    sampling: { temperature: 1, stop: "NEVER", maxTokens: 4000 },
  };
  const first = await watched(place, () => ask(place, asked));
  const { calls, finish } = first.value;
  expect(
    calls.map(({ name, input }) => ({ name, input })),
    "calls",
  ).toEqual([{ name: "weather", input: ZURICH }]);
  expect(calls[0]?.id, "call's id").toMatch(/./);
  expect(finish, "finish").toMatch(/^(tool_calls|tool_use|completed)$/);
  expect(first.seen[0]?.tools, "tools").toEqual(["weather"]);
  const loop = { answer: first.value, result: RESULT };
  const second = await watched(place, () => ask(place, { ...asked, loop }));
  expect(second.value.texts[0]?.trim(), "answer after the tool").toBe(SAID);
  expect(second.value.calls, "calls after the tool").toEqual([]);
  const { body } = second.seen[0] ?? {};
  const sent = partsOf(body);
  expect(sent.texts, "result in the second request").toContain(RESULT);
  expect(sent.inputs, "call in the second request").toContainEqual(ZURICH);
  const isOwn = place.client.name === "responses" && isRelayed(place);
  const proof = isOwn ? vendor.sealed : vendor.signature;
  if (proof !== undefined) {
    expect(sent.texts, "the thought's proof in the second request").toContain(proof);
  }
  if (vendor.rereads) {
    expect(sent.texts, "thought in the second request").toContain(THOUGHT);
  }
}

/** A conversation that one provider began and another goes on with: its ids and proofs are not this one's. */
async function moved(place: Place): Promise<void> {
  const { client, vendor, isStreamed } = place;
  for (const origin of ["vllm", "anthropic", "gemini"].filter((name) => name !== vendor.name)) {
    const asked = {
      tools: ["weather", "map"],
      thinks: vendor.thoughts !== "none",
      sampling: { temperature: 1, stop: "NEVER", maxTokens: 4000 },
    };
    const answer = await client.ask({ model: origin, isStreamed, ...asked });
    const loop = { answer, result: RESULT };
    const { value, seen } = await watched(place, () => ask(place, { ...asked, loop }));
    expect(value.texts[0]?.trim(), `answer after ${origin}'s call`).toBe(SAID);
    const sent = partsOf(seen[0]?.body);
    expect(sent.texts, `result of ${origin}'s call`).toContain(RESULT);
    expect(sent.inputs, `${origin}'s call`).toContainEqual(ZURICH);
  }
}

/** The strings of a request, and the arguments of its calls. */
function partsOf(body: unknown): { texts: string[]; inputs: unknown[] } {
  const texts: string[] = [];
  const inputs: unknown[] = [];
  walk(body, (part) => {
    if (typeof part === "string") texts.push(part);
    const { arguments: args, args: googles, input, functionCall } = objectOf(part);
    if (typeof args === "string") inputs.push(JSON.parse(args));
    inputs.push(args, googles, input, objectOf(functionCall)["args"]);
  });
  return { texts, inputs };
}

async function parallel(place: Place): Promise<void> {
  const { value, seen } = await watched(place, () =>
    ask(place, { user: "How is it in Zürich?", tools: ["weather", "map"] }),
  );
  expect(
    value.calls.map(({ name, input }) => ({ name, input })),
    "calls",
  ).toEqual([
    { name: "weather", input: ZURICH },
    { name: "map", input: ZURICH },
  ]);
  const ids = value.calls.map(({ id }) => id);
  expect(new Set(ids).size, `distinct ids of ${ids.join()}`).toBe(2);
  expect(
    ids.every((id) => id !== ""),
    "ids",
  ).toBe(true);
  expect(seen[0]?.tools, "tools").toEqual(["weather", "map"]);
}

async function schema(place: Place): Promise<void> {
  if (isEmbedded(place)) {
    const answer = await ask(place, { user: "The sky?", schema: SkySchema });
    SkySchema.parse(answer.parsed ?? JSON.parse(answer.texts[0] ?? ""));
    return;
  }
  const answer = await ask(place, { schema: PlaceSchema });
  expect(answer.parsed, "parsed").toEqual(ZURICH);
}

async function images(place: Place): Promise<void> {
  const answer = await ask(place, { image: PIXEL });
  expect(answer.texts[0], "text").toBe("I see 1 image.");
}

async function reasoning(place: Place): Promise<void> {
  const answer = await ask(place, {
    thinks: true,
    sampling: { temperature: 1, stop: "NEVER", maxTokens: 4000 },
  });
  expect(answer.texts[0]?.trim(), "text").toBe(SAID);
  if (place.vendor.thoughts === "shown") expect(answer.thought, "thought").toBe(THOUGHT);
  else expect(answer.reasoningTokens, "reasoning tokens").toBeGreaterThan(0);
}

async function logprobs(place: Place): Promise<void> {
  const asked = isEmbedded(place)
    ? { sampling: { ...SAMPLING, maxTokens: 5 } }
    : { sampling: SAMPLING };
  const answer = await ask(place, { wantsLogprobs: true, ...asked });
  expect(answer.logprobs.length, "log probabilities").toBeGreaterThan(1);
  for (const { logprob } of answer.logprobs) expect(logprob, "logprob").toBeLessThanOrEqual(0);
  const tokens = answer.logprobs.map(({ token }) => token).join("");
  if (!isEmbedded(place)) expect(tokens.trim(), "tokens").toBe(SAID);
}

async function twoAnswers(place: Place): Promise<void> {
  const { value, seen } = await watched(place, () => ask(place, { n: 2, sampling: SAMPLING }));
  expect(value.texts, "choices").toHaveLength(2);
  // Who knows no n is asked twice.
  if (!isEmbedded(place)) expect(seen, "requests").toHaveLength(isAskedTwice(place) ? 2 : 1);
  for (const text of value.texts) {
    if (isEmbedded(place)) expect(text.length, "text").toBeGreaterThan(0);
    else expect(text.trim(), "text").toBe(SAID);
  }
}

function isAskedTwice({ vendor }: Place): boolean {
  return ["anthropic", "bedrock", "ollama", "tgi", "groq", "openrouter"].includes(vendor.name);
}

async function thrownBy(act: () => Promise<unknown>): Promise<unknown> {
  try {
    await act();
  } catch (thrown) {
    return thrown;
  }
  throw new Error("the client saw no error");
}

async function failsBefore(
  place: Place,
  fault: string,
  kind: string,
  status: number,
  message: RegExp,
): Promise<void> {
  const { client, vendor } = place;
  const thrown = await thrownBy(() => ask(place, { model: `${vendor.name}-${fault}` }));
  const failure = client.failureOf(thrown);
  expect(failure, `what was thrown: ${String(thrown)}`).toMatchObject({
    kind,
    status,
    isEnveloped: true,
  });
  expect(failure?.message, "message").toMatch(message);
  expect(failure?.message, "message").toContain(vendor.name);
}

async function midway(place: Place): Promise<void> {
  const { client, vendor, isStreamed } = place;
  let text = "";
  const onText = (piece: string) => {
    text += piece;
  };
  const thrown = await thrownBy(() =>
    ask(place, { model: `${vendor.name}-mid-error`, onText, sampling: SAMPLING }),
  );
  const failure = client.failureOf(thrown);
  expect(failure, `what was thrown: ${String(thrown)}`).toMatchObject({ isEnveloped: true });
  expect(failure?.message, "message").toMatch(/./);
  if (isStreamed) expect(text, "text before the error").toBe("word0 ");
  // Nothing was sent yet: the status still says it.
  else expect(failure, "failure").toMatchObject({ kind: "InternalServerError", status: 502 });
}

/** What comes where a cell cannot exist. */
export async function checkInstead(
  place: Place,
  scenario: Scenario,
  { instead, field }: Impossible,
): Promise<void> {
  if (instead === "no field") return checkNoField(place, scenario);
  const asked = ASKS[scenario] ?? {};
  if (instead === "dropped") {
    const answer = await ask(place, asked);
    expect(answer.texts[0]?.length, "text").toBeGreaterThan(0);
    expect(answer.thought, "thought").toBe("");
    const dropped = answer.wire.headers.get("x-weir-dropped") ?? "";
    // What is relayed is the upstream's to understand.
    if (isRelayed(place)) expect(dropped, "x-weir-dropped").toBe("");
    else expect(dropped, "x-weir-dropped").toMatch(field ?? /./);
    return;
  }
  const thrown = await thrownBy(() => ask(place, asked));
  const failure = place.client.failureOf(thrown);
  expect(failure, `what was thrown: ${String(thrown)}`).toMatchObject({
    kind: "BadRequestError",
    status: 400,
    isEnveloped: true,
  });
  expect(failure?.message, "message").toMatch(field ?? /./);
}

const TOO_LONG: Partial<Asked> = { user: "word ".repeat(4000) };

/** What is asked where it cannot be had. */
const ASKS: Readonly<Partial<Record<Scenario, Partial<Asked>>>> = {
  tools: { tools: ["weather"] },
  moved: { tools: ["weather"] },
  parallel: { tools: ["weather", "map"] },
  images: { image: PIXEL },
  reasoning: { thinks: true },
  logprobs: { wantsLogprobs: true },
  "429": TOO_LONG,
  "500": TOO_LONG,
  "401": TOO_LONG,
  midway: TOO_LONG,
};

/** A field of another protocol goes on as it came, is refused by its name, or is named as dropped. */
async function checkNoField(place: Place, scenario: Scenario): Promise<void> {
  const { client } = place;
  const extra = client.alien[scenario];
  if (!extra) throw new Error(`nothing says how ${client.name} would ask for ${scenario}`);
  const [name = ""] = Object.keys(extra);
  const before = place.double?.requests.length ?? 0;
  let answer: Answer | undefined;
  try {
    answer = await ask(place, { extra });
  } catch (thrown) {
    const failure = client.failureOf(thrown);
    if (failure?.status === 400 && failure.message.includes(name)) return;
    if (!isRelayed(place)) throw thrown;
  }
  if (isRelayed(place)) {
    const sent = place.double?.requests.at(before);
    expect(sent?.[name], "upstream's request").toEqual(extra[name]);
    return;
  }
  expect(answer?.wire.headers.get("x-weir-dropped"), "x-weir-dropped").toContain(name);
  expect(answer?.texts, "texts").toHaveLength(1);
  expect(answer?.calls, "calls").toEqual([]);
}
