import { createHash } from "node:crypto";
import type {
  CacheMark,
  ChatMessage,
  ContentPart,
  Dialect,
  Foreign,
  GenerateRequest,
} from "../../chat.ts";
import { WeirError } from "../../errors.ts";
import { relayedBody } from "../relay.ts";
import type { UpstreamBody } from "../upstream-dialect.ts";
import { wishedFor } from "../wishes.ts";
import { toReasoningDetail } from "./chat-answer.ts";
import { type OptionalWord, QUIRKS, type Quirks, refuseUnknown } from "./quirks.ts";

/** Canonical requests written for servers that speak OpenAI's dialect. Pure. */

type Fields = Record<string, unknown>;
type ChatRequest = Extract<GenerateRequest, { kind: "chat" }>;

/** The JSON body for `/chat/completions` or `/completions`. Throws unsupported_parameter. */
export function toUpstreamBody(request: GenerateRequest, quirks: Quirks): UpstreamBody {
  const dialect = request.kind === "chat" ? "openai-chat" : "openai-completions";
  const relayed = quirks.relays ? relayedBody(request, dialect) : undefined;
  if (relayed) return { body: toRelayed(request, quirks, relayed), dropped: [], isRelayed: true };
  refuseUnknown(request, quirks);
  const { sampling } = request;
  const optional: Partial<Record<OptionalWord, unknown>> = {
    topK: sampling.topK,
    minP: sampling.minP,
    repeatPenalty: sampling.repeatPenalty,
    frequencyPenalty: sampling.frequencyPenalty,
    presencePenalty: sampling.presencePenalty,
    seed: sampling.seed,
    logitBias: sampling.logitBias,
    user: request.user,
    grammar: request.grammar,
    ...(request.kind === "chat" && { parallelToolCalls: request.parallelToolCalls }),
  };
  const { fields, dropped } = toOptionalFields(optional, quirks);
  const extra = isOfDialect(request, dialect) ? (request.extra ?? {}) : {};
  if (quirks.words.extra === undefined) dropped.push(...Object.keys(extra));
  const reasoning = toReasoning(request, quirks);
  if (reasoning === undefined) dropped.push("reasoning_effort");
  return {
    body: {
      ...(quirks.words.extra !== undefined && extra),
      model: request.model,
      ...(request.kind === "chat" ? toChatFields(request, quirks) : toCompletionFields(request)),
      temperature: sampling.temperature,
      top_p: quirks.topPBelowOne && sampling.topP === 1 ? undefined : sampling.topP,
      [request.kind === "chat" ? quirks.maxTokens : "max_tokens"]: request.maxTokens,
      stop: request.stop.length > 0 ? request.stop : undefined,
      n: request.n > 1 ? request.n : undefined,
      ...fields,
      ...reasoning,
      ...toStreaming(request, quirks, {}),
    },
    dropped,
    ...(quirks.words.extra !== undefined && { carried: Object.keys(extra) }),
  };
}

/** Only a client of the same dialect can have meant its extra fields for this server. */
function isOfDialect({ source }: GenerateRequest, dialect: Dialect): boolean {
  return source === undefined || source.dialect === dialect;
}

/** Undefined where thinking is asked for and cannot be. */
function toReasoning(request: GenerateRequest, quirks: Quirks): Fields | undefined {
  if (request.kind !== "chat" || !request.reasoning) return {};
  const fields = quirks.reasoning(request.reasoning, request.model);
  const isDropped = Object.keys(fields).length === 0;
  return isDropped && wishedFor(request, ["reasoning_effort"]).length > 0 ? undefined : fields;
}

/** Names that Weir takes from every client and servers call differently. */
const OTHER_NAMES = {
  repeat_penalty: "repeatPenalty",
  repetition_penalty: "repeatPenalty",
  grammar: "grammar",
} as const satisfies Record<string, OptionalWord>;

const RENAMED = Object.entries(OTHER_NAMES);

/** Gives such fields the server's own names. A field that is undefined is not sent. */
function putInItsNames(body: Fields, { words }: Quirks): void {
  for (const [given, word] of RENAMED) {
    const value = body[given];
    if (value == null) continue;
    const name = words[word];
    if (name === undefined || name === given) continue;
    body[given] = undefined;
    addField(body, name, value);
  }
}

const LENGTHS = ["max_tokens", "max_completion_tokens"] as const;

/** A client's own body, with what this server needs said in another way; `body` is ours to change. */
function toRelayed(request: GenerateRequest, quirks: Quirks, body: Fields): Fields {
  const most = body["max_completion_tokens"] ?? body["max_tokens"];
  const name = request.kind === "chat" ? quirks.maxTokens : "max_tokens";
  for (const other of LENGTHS) if (body[other] !== undefined) body[other] = undefined;
  if (most != null) body[name] = most;
  putInItsNames(body, quirks);
  if (quirks.topPBelowOne && body["top_p"] === 1) body["top_p"] = undefined;
  if (request.kind === "chat") Object.assign(body, toOwnWords(request, quirks));
  return Object.assign(body, toOwnHistory(body, quirks), toStreaming(request, quirks, body));
}

/** Weir's own words for thoughts, where an earlier answer was another server's: some refuse them. */
function toOwnHistory({ messages }: Fields, { thoughts }: Quirks): Fields {
  if (!Array.isArray(messages) || (thoughts !== "none" && thoughts !== "reasoning")) return {};
  return {
    messages: (messages as Fields[]).map((message) => {
      const { reasoning_content: thought, reasoning_details: details, ...rest } = message;
      if (thought === undefined && details === undefined) return message;
      return thoughts === "none" ? rest : { reasoning: thought, ...rest };
    }),
  };
}

/** What this server says otherwise than OpenAI, when it is asked for; the rest stays as it came. */
function toOwnWords({ topLogprobs, responseFormat }: ChatRequest, quirks: Quirks): Fields {
  return {
    ...(quirks.logprobsAs === "count" &&
      topLogprobs !== undefined && { top_logprobs: undefined, ...toLogprobs(topLogprobs, quirks) }),
    ...(quirks.format !== QUIRKS.openai.format &&
      responseFormat && { response_format: quirks.format(responseFormat) }),
  };
}

function toStreaming(request: GenerateRequest, quirks: Quirks, body: Fields): Fields {
  // Asking once for many answers is the gateway's business: a relayed body may still say n.
  const single = request.n === 1 && body["n"] != null ? { n: undefined } : {};
  if (!request.stream) return single;
  const options = body["stream_options"];
  const asked = typeof options === "object" ? options : {};
  return {
    ...single,
    stream: true,
    ...(quirks.usageOnRequest && { stream_options: { ...asked, include_usage: true } }),
  };
}

function toOptionalFields(
  values: Partial<Record<OptionalWord, unknown>>,
  { words }: Quirks,
): { fields: Fields; dropped: string[] } {
  const fields: Fields = {};
  const dropped: string[] = [];
  for (const [word, value] of Object.entries(values) as [OptionalWord, unknown][]) {
    if (value === undefined) continue;
    const name = words[word];
    if (name === undefined) dropped.push(toSnakeCase(word));
    else addField(fields, name, value);
  }
  return { fields, dropped };
}

/** `a.b` is field b of object a. */
function addField(fields: Fields, name: string, value: unknown): void {
  const [outer = "", inner] = name.split(".");
  fields[outer] = inner === undefined ? value : { [inner]: value };
}

function toSnakeCase(word: string): string {
  return word.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function toChatFields(request: ChatRequest, quirks: Quirks): Fields {
  const { toolChoice, responseFormat, topLogprobs, tools, foreignTools } = request;
  const marks = quirks.words.cacheMarks !== undefined;
  const wireTools = [
    ...(tools ?? []).map(({ cache, ...tool }) => ({
      type: "function",
      function: tool,
      ...(marks && toCache(cache)),
    })),
    ...(foreignTools ?? []).map(fromForeign),
  ];
  return {
    messages: request.messages.map((message) => toWireMessage(message, quirks)),
    tools: wireTools.length > 0 ? wireTools : undefined,
    tool_choice: toWireChoice(toolChoice, quirks),
    response_format: responseFormat && quirks.format(responseFormat),
    ...(topLogprobs !== undefined && toLogprobs(topLogprobs, quirks)),
    ...(request.continuesLast && quirks.continuing),
  };
}

function toWireChoice(choice: ChatRequest["toolChoice"], { required }: Quirks): unknown {
  if (typeof choice === "object") return { type: "function", function: { name: choice.name } };
  return choice === "required" ? required : choice;
}

function toLogprobs(top: number, { logprobsAs }: Quirks): Fields {
  if (logprobsAs === "count") return { logprobs: Math.max(1, top) };
  return { logprobs: true, top_logprobs: top };
}

function toCompletionFields(request: Extract<GenerateRequest, { kind: "completion" }>): Fields {
  return {
    prompt: request.prompt,
    echo: request.echo || undefined,
    logprobs: request.topLogprobs,
  };
}

/** One message as these servers read it. Throws unsupported_parameter. */
export function toUpstreamMessage(message: ChatMessage): Fields {
  return toWireMessage(message, QUIRKS["openai-compatible"]);
}

function toWireMessage(message: ChatMessage, { words, thoughts, shortIds }: Quirks): Fields {
  const { content, reasoning = [], role } = message;
  const thought = reasoning.map(({ text }) => text).join("");
  const said =
    content === null || typeof content === "string"
      ? content
      : toWireContent(content, words.cacheMarks !== undefined, role);
  return {
    role,
    content: thought && thoughts === "parts" ? toThoughtful(thought, said) : said,
    name: message.name,
    tool_call_id: shortIds
      ? message.toolCallId && toShortId(message.toolCallId)
      : message.toolCallId,
    ...(thought && (thoughts === "reasoning_content" || thoughts === "reasoning")
      ? { [thoughts]: thought }
      : {}),
    ...(thoughts === "details" &&
      reasoning.length > 0 && {
        reasoning: thought,
        reasoning_details: reasoning.map((part, index) => toReasoningDetail(part, index)),
      }),
    tool_calls: message.toolCalls?.map(({ id, name, arguments: args, signature }) => ({
      id: shortIds ? toShortId(id) : id,
      type: "function",
      function: { name, arguments: args },
      ...(signature !== undefined && {
        extra_content: { google: { thought_signature: signature } },
      }),
    })),
  };
}

/** Another provider's id in Mistral's form: always the same for the same, so that results find their calls. */
function toShortId(id: string): string {
  if (/^[A-Za-z0-9]{9}$/.test(id)) return id;
  return createHash("sha256").update(id).digest("hex").slice(0, 9);
}

/** A thought and what was said after it, as Mistral has them. */
function toThoughtful(thought: string, said: unknown): unknown[] {
  const thinking = { type: "thinking", thinking: [{ type: "text", text: thought }] };
  if (typeof said !== "string") return [thinking, ...(Array.isArray(said) ? said : [])];
  return [thinking, ...(said === "" ? [] : [{ type: "text", text: said }])];
}

/** Text alone is sent as one string: many servers' templates take nothing else for some roles. */
function toWireContent(
  parts: readonly ContentPart[],
  marks: boolean,
  role: ChatMessage["role"],
): unknown {
  const isPlain = parts.every((part) => part.type === "text" && !(marks && part.cache));
  if (isPlain && (role !== "user" || parts.length === 1)) {
    const separator = role === "assistant" ? "" : "\n\n";
    return parts.map((part) => (part.type === "text" ? part.text : "")).join(separator);
  }
  return parts.map((part) => toWirePart(part, marks));
}

function toWirePart(part: ContentPart, marks: boolean): unknown {
  switch (part.type) {
    case "text":
      return { type: "text", text: part.text, ...(marks && toCache(part.cache)) };
    case "image": {
      const image = { url: part.url, ...(part.detail && { detail: part.detail }) };
      return { type: "image_url", image_url: image, ...(marks && toCache(part.cache)) };
    }
    case "audio":
      return { type: "input_audio", input_audio: { data: part.base64, format: part.format } };
    case "file":
      return { type: "file", file: { file_data: part.url, filename: part.name ?? "file" } };
  }
  return fromForeign(part);
}

function toCache(mark: CacheMark | undefined): Fields {
  return mark ? { cache_control: { type: "ephemeral", ...mark } } : {};
}

function fromForeign({ dialect, value, what }: Foreign): unknown {
  if (dialect === "openai-chat") return value;
  throw new WeirError(
    "unsupported_parameter",
    `This model's provider does not support ${what}. Leave it out, or ask another model.`,
  );
}
