import { anthropicError, isMessages, messagesRoutes } from "../anthropic/anthropic.ts";
import { type Ask, PLAIN_ASK, type Script, type Tool, textOf, think } from "../brain.ts";
import {
  type Call,
  type Frame,
  type Json,
  type Reply,
  numberOf,
  objectOf,
  objectsOf,
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
import { familyRoutes, modelRoutes } from "../openai/chat-routes.ts";
import { type Dialect, OPENAI } from "../openai/dialect.ts";
import { responsesRoute } from "../openai/responses.ts";
import { vectorOf } from "../openai/embeddings.ts";

const NEWEST = "0.14.0";
const AT = "2026-01-31T12:30:00.123456789Z";
const DETAILS = {
  parent_model: "",
  format: "gguf",
  family: "llama",
  families: ["llama"],
  parameter_size: "3.2B",
  quantization_level: "Q4_K_M",
};
const MODEL = {
  name: "mock:latest",
  model: "mock:latest",
  modified_at: AT,
  size: 2_019_393_189,
  digest: "a80c4f17acd55265feec403c7aef86be0c25983ab279d83f3bcd3abbcb5b8b72",
  details: DETAILS,
};
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const COMPAT: Dialect = {
  ...OPENAI,
  id: "chatcmpl-123",
  opening: undefined,
  everyDelta: { role: "assistant" },
  calls: "whole",
  honoursN: false,
  headers: {},
  reasoning: (text) => ({ reasoning: text }),
  usage: ({ usage: { input, output } }) => ({
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
  }),
  finish: ({ finish }) => finish,
  toolCall: (call, index) => ({ index, ...OPENAI.toolCall(call, index) }),
  message: (message) => ({ ...message, content: message["content"] ?? "" }),
  wholeExtras: () => ({ system_fingerprint: "fp_ollama" }),
  chunkExtras: () => ({ system_fingerprint: "fp_ollama" }),
  choiceExtras: () => ({}),
  streamError: sse({
    error: { message: "model runner has unexpectedly stopped", type: "api_error" },
  }),
};

/** Ollama: its own routes, with a stream of JSON lines, and OpenAI's beside them. */
export const ollama: KindFactory = (options) => {
  const state: State = { isLoaded: true };
  return {
    routes: [
      generation(/^\/api\/chat$/, ({ body }) => converse(body, options, state, true)),
      generation(/^\/api\/generate$/, ({ body }) => converse(body, options, state, false)),
      ...otherRoutes(options, state),
    ],
    // A server of one's own asks for no key; the hosted one does.
    refusal: (call, apiKey) =>
      hasBearer(call, apiKey) ? undefined : error({ status: 401, message: "unauthorized" }, call),
    error,
  };
};

/** What stays between calls. */
interface State {
  isLoaded: boolean;
}

function otherRoutes(options: MockOptions, state: State): Route[] {
  return [
    generation(/^\/api\/embed$/, ({ body }) => embed(body)),
    generation(/^\/api\/embeddings$/, ({ body }) =>
      ok({ embedding: stringOf(body["prompt"]) === undefined ? [] : vectorOf(3) }),
    ),
    ...serverRoutes(options, state),
    responsesRoute(options),
    ...messagesRoutes(options),
    ...familyRoutes(COMPAT, options).map(withoutChoice),
    ...modelRoutes(() => [
      { id: MODEL.name, object: "model", created: 1_700_000_000, owned_by: "library" },
    ]),
  ];
}

/** It calls tools as it likes: a choice among them is not heard. */
function withoutChoice(route: Route): Route {
  const answer: Route["answer"] = (call) => {
    const { tool_choice: _choice, parallel_tool_calls: _parallel, ...body } = call.body;
    return route.answer({ ...call, body });
  };
  return { ...route, answer };
}

/** A bare string on its own routes, OpenAI's object on the others; plain text where no route is. */
function error(failure: Failure, call: Call): Reply {
  if (isMessages(call)) return anthropicError(failure);
  const { status, message } = failure;
  if (message === "Not Found") return { status, body: "404 page not found" };
  if (!call.path.startsWith("/v1/")) return { status, body: { error: message } };
  const type =
    status === 404 ? "not_found_error" : status === 400 ? "invalid_request_error" : "api_error";
  return { status, body: { error: { message, type, param: null, code: null } } };
}

function converse(body: Json, options: MockOptions, state: State, isChat: boolean): Reply {
  if (stringOf(body["model"]) === undefined) throw new Refused(400, "model is required");
  const messages = objectsOf(body["messages"]);
  const isSilent = isChat ? messages.length === 0 : (body["prompt"] ?? "") === "";
  const isUnloading = isSilent && body["keep_alive"] === 0;
  state.isLoaded = !isUnloading;
  const reason = isUnloading ? "unload" : "load";
  if (isSilent) return ok({ ...headOf(body), ...bare(isChat), done: true, done_reason: reason });
  const script = think(askOf(body, messages), options);
  if (body["stream"] === false) {
    const said = sayingOf(script, isChat, textOf(script), script.reasoning.join(""));
    const likely = logprobsOf(body, script.pieces);
    return ok({ ...headOf(body), ...said, ...likely, ...endOf(body, script, isChat) });
  }
  return {
    format: {
      contentType: "application/x-ndjson",
      error: `${JSON.stringify({ error: "an error was encountered while running the model: unexpected EOF" })}\n`,
      malformed: "{not json\n",
    },
    frames: linesOf(body, script, isChat),
  };
}

function askOf(body: Json, messages: readonly Json[]): Ask {
  const options = objectOf(body["options"]);
  const { format, think: thinking } = body;
  if (thinking !== undefined && thinking !== false && String(body["model"]).includes("no-think"))
    throw new Refused(400, `"${String(body["model"])}" does not support thinking`);
  const most = numberOf(options["num_predict"]);
  const sent = JSON.stringify(body["messages"] ?? body["prompt"] ?? "").length;
  // What does not fit is cut off without a word.
  const window = numberOf(options["num_ctx"]) ?? 4096;
  return {
    ...PLAIN_ASK,
    model: String(body["model"]),
    characters: Math.min(sent, window * 4),
    tools: toolsOf(body["tools"]),
    lastIsToolResult: messages.at(-1)?.["role"] === "tool",
    ...(format === "json" ? { schema: true } : {}),
    ...(typeof format === "object" && format !== null ? { schema: format } : {}),
    images: imagesIn([body, ...messages]),
    wantsReasoning: thinking !== undefined && thinking !== false,
    stop: stringsOf(options["stop"]),
    maxTokens: most !== undefined && most >= 0 ? most : undefined,
  };
}

function toolsOf(tools: unknown): Tool[] {
  return objectsOf(tools).map((tool) => {
    const { name, parameters } = objectOf(tool["function"]);
    return { name: String(name), schema: parameters };
  });
}

function imagesIn(places: readonly Json[]): number {
  const images = places.flatMap(({ images: here }) =>
    Array.isArray(here) ? (here as unknown[]) : [],
  );
  for (const image of images)
    if (typeof image !== "string" || !BASE64.test(image))
      throw new Refused(400, "illegal base64 data at input byte 4");
  return images.length;
}

function headOf(body: Json): Json {
  return { model: body["model"], created_at: AT };
}

function bare(isChat: boolean): Json {
  return isChat ? { message: { role: "assistant", content: "" } } : { response: "" };
}

function sayingOf(script: Script, isChat: boolean, content: string, thinking: string): Json {
  const thought = thinking === "" ? {} : { thinking };
  if (!isChat) return { response: content, ...thought };
  const calls = script.toolCalls.map(({ id, name, arguments: text }, index) => ({
    id,
    function: { index, name, arguments: JSON.parse(text) as unknown },
  }));
  return {
    message: {
      role: "assistant",
      content,
      ...thought,
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
    },
  };
}

/** Durations in nanoseconds. A call ends in "stop" like a text. */
function endOf(body: Json, { finish, usage }: Script, isChat: boolean): Json {
  return {
    done: true,
    done_reason: finish === "length" ? "length" : "stop",
    ...(isChat || body["raw"] === true ? {} : { context: [128_006, 882, 128_007] }),
    total_duration: 1_250_000_000,
    load_duration: 50_000_000,
    prompt_eval_count: usage.input,
    prompt_eval_duration: 200_000_000,
    eval_count: usage.output,
    eval_duration: 1_000_000_000,
  };
}

function logprobsOf(body: Json, pieces: readonly string[]): Json {
  if (body["logprobs"] !== true) return {};
  const most = numberOf(body["top_logprobs"]) ?? 0;
  const entry = (token: string) => ({ token, logprob: -0.25, bytes: [...Buffer.from(token)] });
  return {
    logprobs: pieces.map((token) => ({
      ...entry(token),
      ...(most > 0 ? { top_logprobs: [entry(token)] } : {}),
    })),
  };
}

function* linesOf(body: Json, script: Script, isChat: boolean): Generator<Frame> {
  const line = (part: Json, hasContent = true): Frame => ({
    bytes: `${JSON.stringify({ ...headOf(body), ...part })}\n`,
    hasContent,
  });
  const silent = { ...script, toolCalls: [] };
  for (const thought of script.reasoning)
    yield line({ ...sayingOf(silent, isChat, "", thought), done: false });
  for (const piece of script.pieces)
    yield line({
      ...sayingOf(silent, isChat, piece, ""),
      ...logprobsOf(body, [piece]),
      done: false,
    });
  if (script.toolCalls.length > 0) yield line({ ...sayingOf(script, isChat, "", ""), done: false });
  yield line({ ...bare(isChat), ...endOf(body, script, isChat) }, false);
}

function embed(body: Json): Reply {
  if (stringOf(body["model"]) === undefined) throw new Refused(400, "model is required");
  if (body["input"] === undefined) return ok({ model: body["model"], embeddings: [] });
  const inputs = stringsOf(body["input"]);
  if (inputs.length === 0 && !Array.isArray(body["input"]))
    throw new Refused(400, "invalid input type");
  return ok({
    model: body["model"],
    embeddings: inputs.map(() => vectorOf(numberOf(body["dimensions"]) ?? 3)),
    total_duration: 14_143_917,
    load_duration: 1_019_500,
    prompt_eval_count: Math.ceil(inputs.join("").length / 4),
  });
}

function serverRoutes({ version }: MockOptions, state: State): Route[] {
  const running = (): Reply => ({ status: 200, body: "Ollama is running" });
  return [
    getter(/^\/$/, running),
    { method: "HEAD", path: /^\/$/, answer: running },
    getter(/^\/api\/version$/, () => ok({ version: version ?? NEWEST })),
    getter(/^\/api\/tags$/, () => ok({ models: [MODEL] })),
    getter(/^\/api\/ps$/, () => {
      const { modified_at: _modified, ...model } = MODEL;
      const loaded = { expires_at: AT, size_vram: MODEL.size, context_length: 4096 };
      return ok({ models: state.isLoaded ? [{ ...model, ...loaded }] : [] });
    }),
    poster(/^\/api\/show$/, ({ body }) => {
      const name = stringOf(body["model"]) ?? stringOf(body["name"]);
      if (name === undefined) throw new Refused(400, "model is required");
      if (name.includes("missing")) throw new Refused(404, `model '${name}' not found`);
      return ok({
        modelfile: "FROM mock",
        parameters: "num_ctx 4096",
        template: "{{ .Prompt }}",
        details: DETAILS,
        model_info: {
          "general.architecture": "llama",
          "general.parameter_count": 3_212_749_888,
          "llama.context_length": 131_072,
          "llama.embedding_length": 3072,
        },
        capabilities: ["completion", "tools", "vision", "thinking"],
        modified_at: AT,
      });
    }),
  ];
}
