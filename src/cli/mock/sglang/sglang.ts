import { anthropicError, isMessages, messagesRoutes } from "../anthropic/anthropic.ts";
import { PLAIN_ASK, type Script, textOf, think } from "../brain.ts";
import {
  type Call,
  type Frame,
  type Json,
  type Reply,
  numberOf,
  objectOf,
  ok,
  sse,
  stringOf,
  stringsOf,
} from "../call.ts";
import {
  type Failure,
  type KindFactory,
  type MockOptions,
  Refused,
  type Route,
  generation,
  getter,
  hasBearer,
  poster,
} from "../kind.ts";
import { checkWindow } from "../openai/chat-ask.ts";
import { familyRoutes, modelRoutes } from "../openai/chat-routes.ts";
import { type Dialect, OPENAI } from "../openai/dialect.ts";
import { rank } from "../openai/rerank.ts";
import { isBefore } from "../release.ts";
import { templated, textOfTokens, tokensOf } from "../tokens.ts";
import { sglangMetrics } from "./metrics.ts";

const NEWEST = "0.5.12";
const MODEL = "mock";
const WINDOW = 4096;
const TYPES: Readonly<Record<number, string>> = {
  400: "BadRequestError",
  404: "NotFoundError",
  422: "UnprocessableEntityError",
};

const DIALECT: Dialect = {
  ...OPENAI,
  id: "0123456789abcdef0123456789abcdef",
  completionId: "0123456789abcdef0123456789abcdef",
  opening: { role: "assistant", content: "", reasoning_content: null, tool_calls: null },
  everyDelta: { role: null, content: null, reasoning_content: null, tool_calls: null },
  reasoning: (text) => ({ reasoning_content: text }),
  wantsReasoning: (body) => {
    const template = objectOf(body["chat_template_kwargs"]);
    if (body["separate_reasoning"] === false) return false;
    const isAsked = template["enable_thinking"] === true || template["thinking"] === true;
    return (
      isAsked || body["reasoning_effort"] !== undefined || /r1|qwq/i.test(String(body["model"]))
    );
  },
  check(body) {
    if (body["messages"] === undefined && body["prompt"] === undefined)
      throw new Refused(
        400,
        "1 validation errors:\n  {'type': 'missing', 'loc': ('body', 'messages'), 'msg': 'Field required', 'input': {}}",
        { code: "Bad Request" },
      );
    checkWindow(
      { model: String(body["model"]), characters: JSON.stringify(body["messages"] ?? "").length },
      (tokens, window) =>
        `The input (${tokens} tokens) is longer than the model's context length (${window} tokens).`,
    );
  },
  usage: ({ usage: { input, output, cached, reasoning } }) => ({
    prompt_tokens: input,
    total_tokens: input + output,
    completion_tokens: output,
    prompt_tokens_details: { cached_tokens: cached },
    // On the top level, not in details.
    reasoning_tokens: reasoning,
  }),
  finish: ({ finish }) => finish,
  message: (message) => ({
    ...message,
    reasoning_content: message["reasoning_content"] ?? null,
    tool_calls: message["tool_calls"] ?? null,
  }),
  wholeExtras: () => ({ metadata: { weight_version: "default" } }),
  chunkExtras: () => ({}),
  choiceExtras: (script) => ({
    logprobs: null,
    // A string, or the number of the token that ended it.
    matched_stop: script === undefined || script.finish === "length" ? null : matched(script),
  }),
  headers: {},
  streamError: sse({ error: bodyOf({ status: 500, message: "CUDA error" }) }) + sse("[DONE]"),
  error,
};

/** SGLang's server: OpenAI's routes in its dialect, and its own beside them. */
export const sglang: KindFactory = (options) => ({
  routes: [
    ...familyRoutes(DIALECT, options),
    ...messagesRoutes(options),
    generation(/^\/generate$/, ({ body }) => generate(body, options)),
    generation(/^\/v1\/rerank$/, ({ body }) => ranked(body)),
    ...modelRoutes(() => [
      {
        id: MODEL,
        object: "model",
        created: 1_700_000_000,
        owned_by: "sglang",
        root: MODEL,
        parent: null,
        max_model_len: WINDOW,
      },
    ]),
    ...serverRoutes(options),
    ...tokenRoutes(),
  ],
  // Health and metrics are open.
  refusal: (call, apiKey) =>
    hasBearer(call, apiKey) || /^\/(health|metrics)/.test(call.path)
      ? undefined
      : { status: 401, body: { error: "Unauthorized" } },
  error,
});

/** The fields stand on the top level, with no `error` around them. */
function error(failure: Failure, call: Call): Reply {
  if (isMessages(call)) return anthropicError(failure);
  const { status, message } = failure;
  if (message === "Not Found" || message === "Method Not Allowed")
    return { status, body: { detail: message } };
  return { status, body: bodyOf(failure) };
}

function bodyOf({ status, message, code }: Failure): Json {
  const type = code ?? TYPES[status] ?? "InternalServerError";
  return { object: "error", message, type, param: null, code: status };
}

function matched({ stopped }: Script): string | number {
  return stopped ?? 151_645;
}

/** Its own generation; each event of a stream holds the whole text so far. */
function generate(body: Json, options: MockOptions): Reply {
  const text = stringOf(body["text"]) ?? textOfTokens(body["input_ids"]);
  if (text === "")
    throw new Refused(400, "Either text, input_ids or input_embeds should be provided.");
  const sampling = objectOf(body["sampling_params"]);
  const schema = stringOf(sampling["json_schema"]);
  const script = think(
    {
      ...PLAIN_ASK,
      characters: text.length,
      ...(schema === undefined ? {} : { schema: JSON.parse(schema) as unknown }),
      stop: stringsOf(sampling["stop"]),
      maxTokens: numberOf(sampling["max_new_tokens"]) ?? 128,
    },
    options,
  );
  if (body["stream"] !== true) return ok({ text: textOf(script), meta_info: metaOf(script) });
  return {
    format: {
      contentType: "text/event-stream; charset=utf-8",
      error: sse({ error: { message: "CUDA error" } }) + sse("[DONE]"),
      malformed: "data: {not json\n\n",
    },
    frames: framesOf(script),
  };
}

function metaOf(script: Script, made = script.pieces.length, isEnd = true): Json {
  const reason =
    script.finish === "length"
      ? { type: "length", length: script.pieces.length }
      : { type: "stop", matched: matched(script) };
  return {
    id: "mock",
    finish_reason: isEnd ? reason : null,
    prompt_tokens: script.usage.input,
    completion_tokens: made,
    cached_tokens: script.usage.cached,
    weight_version: "default",
    e2e_latency: 0.05,
  };
}

function* framesOf(script: Script): Generator<Frame> {
  let text = "";
  for (const [index, piece] of script.pieces.entries()) {
    text += piece;
    const isEnd = index === script.pieces.length - 1;
    yield {
      bytes: sse({ text, meta_info: metaOf(script, index + 1, isEnd) }),
      hasContent: true,
    };
  }
  yield { bytes: sse("[DONE]") };
}

/** A bare list. */
function ranked(body: Json): Reply {
  return ok(
    rank(body).map(({ index, score, document }) => ({
      score,
      ...(body["return_documents"] === false ? {} : { document }),
      index,
      meta_info: { id: "mock", prompt_tokens: 8 },
    })),
  );
}

function serverRoutes({ version }: MockOptions): Route[] {
  const empty = (): Reply => ({ status: 200, body: "" });
  const flushed = (): Reply => ({
    status: 200,
    body: "Cache flushed.\nPlease check backend logs for more details. (When there are running or waiting requests, the operation will not be performed.)\n",
  });
  const info = {
    model_path: MODEL,
    tokenizer_path: MODEL,
    is_generation: true,
    preferred_sampling_params: null,
    weight_version: "default",
  };
  const server = {
    model_path: MODEL,
    context_length: WINDOW,
    max_total_num_tokens: 65_536,
    version: version ?? NEWEST,
    internal_states: [{ last_gen_throughput: 120.5 }],
  };
  // The shorter names came later; the old ones stay.
  const prefix = isBefore(version, "0.5.0") ? "get_" : "(?:get_)?";
  return [
    getter(/^\/health(_generate)?$/, empty),
    getter(new RegExp(`^/${prefix}model_info$`), () => ok(info)),
    getter(new RegExp(`^/${prefix}server_info$`), () => ok(server)),
    getter(/^\/flush_cache$/, flushed),
    poster(/^\/flush_cache$/, flushed),
    getter(/^\/metrics$/, () => ({ status: 200, body: sglangMetrics(version, MODEL) })),
  ];
}

function tokenRoutes(): Route[] {
  return [
    poster(/^(\/v1)?\/tokenize$/, ({ body }) => {
      const tokens = tokensOf(stringOf(body["prompt"]) ?? templated(body));
      return ok({ tokens, count: tokens.length, max_model_len: WINDOW });
    }),
    poster(/^(\/v1)?\/detokenize$/, ({ body }) => ok({ text: textOfTokens(body["tokens"]) })),
  ];
}
