import {
  type ChatMessage,
  type ChatRequest,
  type ContentPart,
  type GenerateRequest,
  type Usage,
  textOf,
} from "../../core/chat.ts";
import type { Nanos } from "../../core/money.ts";
import type { CallBound, Price, RoutedModel, Target } from "./needs.ts";

/**
 * What a call may come to. For a budget that must be the most that it can: a token of text is at
 * least a byte, templates and media get more than they were ever seen to take. A rate may be gentler.
 */

const CHARS_PER_TOKEN = 4;
/** Text in any language: English has about four bytes a token, Chinese three. */
const BYTES_PER_TOKEN = 3;
/** Template tokens around each message. */
const TOKENS_PER_MESSAGE = 8;
const MOST_PER_MESSAGE = 32;
/** What a template says before the first message, and what a vendor adds where there are tools. */
const MOST_PER_PROMPT = 256;
const MOST_FOR_TOOLS = 1024;
/** Templates write schemas with more spaces than we do. */
const SCHEMA_GROWTH = 2;
/** A tool that the upstream runs reads what it likes, and bills it as input. */
const MOST_PER_HOSTED_TOOL = 100_000;
/** The dearest way to cut up a picture; OpenAI's small models count theirs many times over. */
const MOST_PER_IMAGE = 6000;
const MOST_PER_IMAGE_MINI = 50_000;
/** Speech at its lowest bit rate and the most tokens a second, in characters of base64. */
const AUDIO_CHARS_PER_TOKEN = 16;
const MOST_PER_LINKED_FILE = 200_000;
const LEAST_PER_FILE = 20_000;

/** About how many tokens a prompt has, without its model's tokenizer. */
export function estimateTokens(request: GenerateRequest): number {
  if (request.kind === "completion") return Math.ceil(request.prompt.length / CHARS_PER_TOKEN);
  let chars = 0;
  for (const { content } of request.messages) {
    chars += typeof content === "string" ? content.length : textOf(content).length;
  }
  return Math.ceil(chars / CHARS_PER_TOKEN) + request.messages.length * TOKENS_PER_MESSAGE;
}

/** What a generation may come to at the dearest of its targets. */
export function boundOf(request: GenerateRequest, model: RoutedModel): CallBound {
  return new GenerationBound(request, model);
}

/** What a call that generates nothing may come to; `tokens` go in at the most. */
export function inputBound(tokens: number, targets: readonly Target[]): CallBound {
  return {
    isCapped: true,
    isPriced: arePriced(targets),
    tokens: () => Math.ceil(tokens),
    cost: () => dearest(targets, Math.ceil(tokens), 0),
  };
}

class GenerationBound implements CallBound {
  private readonly request: GenerateRequest;
  private readonly targets: readonly Target[];
  private readonly model: RoutedModel;

  constructor(request: GenerateRequest, model: RoutedModel) {
    this.request = request;
    this.model = model;
    this.targets = model.targets;
  }

  get isCapped(): boolean {
    return this.request.maxTokens !== undefined;
  }

  get isPriced(): boolean {
    return arePriced(this.targets);
  }

  tokens(outputWhereOpen: number): number {
    const { request } = this;
    const messages = request.kind === "chat" ? request.messages.length : 1;
    const text = Math.ceil(textBytes(request) / BYTES_PER_TOKEN) + messages * TOKENS_PER_MESSAGE;
    return text + this.output(outputWhereOpen);
  }

  cost(outputWhereOpen: number): Nanos {
    if (!this.targets.some(({ price }) => price)) return 0;
    const input = inputAtMost(this.request, this.targets);
    return dearest(this.targets, input, this.output(outputWhereOpen)) * paidAnswers(this.model);
  }

  /** Thoughts are a part of `maxTokens` for most upstreams, and come on top for some. */
  private output(whereOpen: number): number {
    const { request } = this;
    const thoughts = request.kind === "chat" ? (request.reasoning?.budgetTokens ?? 0) : 0;
    return ((request.maxTokens ?? whereOpen) + thoughts) * answersOf(request);
  }
}

/** Answers that may be paid for at once, or one after the other, for one call. */
function paidAnswers({ targets, routing }: RoutedModel): number {
  const hedged = routing.hedge && targets.length > 1 ? 1 : 0;
  const continued = targets.some(({ continues }) => continues) ? 1 : 0;
  return 1 + hedged + continued;
}

function arePriced(targets: readonly Target[]): boolean {
  return targets.every(({ price }) => price !== undefined);
}

function dearest(targets: readonly Target[], inputTokens: number, outputTokens: number): Nanos {
  let most = 0;
  for (const { price } of targets) {
    if (!price) continue;
    for (const step of [price, ...(price.steps ?? [])]) {
      if ("over" in step && step.over >= inputTokens) continue;
      const { cacheWrite = 0, image = 0, audio = 0, reasoning = 0 } = step;
      const input = Math.max(step.input, step.cached, cacheWrite, image, audio);
      const output = Math.max(step.output, reasoning);
      most = Math.max(most, Math.ceil(inputTokens * input) + Math.ceil(outputTokens * output));
    }
  }
  return most;
}

/** Completions may have more made than they are given: `best_of`. */
function answersOf({ n, source, extra }: GenerateRequest): number {
  const most = source?.body["best_of"] ?? extra?.["best_of"];
  return typeof most === "number" && most > n ? most : n;
}

function inputAtMost(request: GenerateRequest, targets: readonly Target[]): number {
  if (request.kind === "completion") {
    return Buffer.byteLength(request.prompt) + MOST_PER_PROMPT + relayedBytes(request);
  }
  const hosted = request.foreignTools?.length ?? 0;
  const media = mediaTokens(request, targets);
  const text = textBytes(request);
  // A relay also hands on what Weir has no word for. Where there are media, their bytes stand in it too.
  const sent = media === 0 ? Math.max(text, relayedBytes(request)) : text;
  return (
    sent +
    media +
    MOST_PER_PROMPT +
    request.messages.length * MOST_PER_MESSAGE +
    (request.tools?.length || hosted > 0 ? MOST_FOR_TOOLS : 0) +
    hosted * MOST_PER_HOSTED_TOOL
  );
}

/** The bytes of all text that a model is given, schemas and earlier calls of tools included. */
function textBytes(request: GenerateRequest): number {
  if (request.kind === "completion") return Buffer.byteLength(request.prompt);
  let bytes = 0;
  for (const message of request.messages) bytes += messageBytes(message);
  if (request.tools?.length) bytes += jsonBytes(request.tools) * SCHEMA_GROWTH;
  const { responseFormat, extra } = request;
  if (responseFormat?.type === "json_schema")
    bytes += jsonBytes(responseFormat.schema) * SCHEMA_GROWTH;
  if (extra) bytes += jsonBytes(extra);
  return bytes;
}

function messageBytes({ content, name, reasoning, toolCalls, toolCallId }: ChatMessage): number {
  let bytes = (name?.length ?? 0) * 3 + (toolCallId?.length ?? 0) * 3;
  if (typeof content === "string") bytes += Buffer.byteLength(content);
  else if (content) for (const part of content) bytes += partBytes(part);
  for (const thought of reasoning ?? []) bytes += jsonBytes(thought);
  for (const call of toolCalls ?? []) bytes += jsonBytes(call);
  return bytes;
}

function partBytes(part: ContentPart): number {
  if (part.type === "text") return Buffer.byteLength(part.text);
  return part.type === "foreign" ? jsonBytes(part.value) : 0;
}

function mediaTokens(request: ChatRequest, targets: readonly Target[]): number {
  let tokens = 0;
  for (const { content } of request.messages) {
    if (typeof content === "string" || content === null) continue;
    for (const part of content) {
      if (part.type === "image") tokens += imageTokens(targets);
      else if (part.type === "audio")
        tokens += 100 + Math.ceil(part.base64.length / AUDIO_CHARS_PER_TOKEN);
      else if (part.type === "file") tokens += fileTokens(part.url);
    }
  }
  return tokens;
}

function imageTokens(targets: readonly Target[]): number {
  return targets.some(({ model }) => model.includes("mini")) ? MOST_PER_IMAGE_MINI : MOST_PER_IMAGE;
}

function fileTokens(url: string): number {
  return url.startsWith("data:") ? LEAST_PER_FILE + url.length : MOST_PER_LINKED_FILE;
}

function relayedBytes({ source }: GenerateRequest): number {
  return source ? valueBytes(source.body) : 0;
}

function jsonBytes(value: unknown): number {
  const text = JSON.stringify(value) as string | undefined; // nothing at all has no JSON
  return text === undefined ? 0 : Buffer.byteLength(text);
}

const BYTES_PER_VALUE = 8;

/** As many bytes as a JSON value has text, without writing it down. */
function valueBytes(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (typeof value !== "object" || value === null) return BYTES_PER_VALUE;
  let bytes = BYTES_PER_VALUE;
  if (Array.isArray(value)) for (const item of value) bytes += valueBytes(item);
  else for (const key in value) bytes += key.length + valueBytes((value as Fields)[key]);
  return bytes;
}

type Fields = Readonly<Record<string, unknown>>;

/** What a call costs, in whole nano-dollars. */
export function costOf(usage: Usage, price: Price): Nanos {
  const { input, output } = costsOf(usage, price);
  return input + output;
}

/** The same, of the prompt and of the answer; each rounded up: a part of a nano is never lost. */
export function costsOf(
  usage: Usage,
  price: Price,
): { readonly input: Nanos; readonly output: Nanos } {
  const rates = price.steps?.findLast(({ over }) => usage.inputTokens > over) ?? price;
  let left = usage.inputTokens;
  // Upstreams count some tokens as two kinds at once: each is paid once.
  const paid = (tokens: number | undefined, rate: number) => {
    const some = Math.min(left, tokens ?? 0);
    left -= some;
    return some * rate;
  };
  const special =
    paid(usage.cachedTokens, rates.cached) +
    paid(usage.cacheWriteTokens, rates.cacheWrite ?? rates.input) +
    paid(usage.imageTokens, rates.image ?? rates.input) +
    paid(usage.audioTokens, rates.audio ?? rates.input);
  const input = special + left * rates.input;
  const reasoning = Math.min(usage.reasoningTokens ?? 0, usage.outputTokens);
  const output =
    (usage.outputTokens - reasoning) * rates.output + reasoning * (rates.reasoning ?? rates.output);
  return { input: whole(input), output: whole(output) };
}

/** Prices per token are decimal fractions in binary: 3 × 100.00000000000001 is still 300. */
function whole(nanos: number): Nanos {
  return Math.max(0, Math.ceil(nanos - 1e-6));
}
