import { type Ask, type Script, textOf, think } from "../brain.ts";
import {
  type Call,
  type Frame,
  type Json,
  type Reply,
  numberOf,
  objectOf,
  objectsOf,
  ok,
  stringOf,
} from "../call.ts";
import {
  type Failure,
  type KindFactory,
  type MockOptions,
  Refused,
  generation,
  getter,
} from "../kind.ts";
import { checkWindow } from "../openai/chat-ask.ts";
import { vectorOf } from "../openai/embeddings.ts";
import { THOUGHT_SIGNATURE, askOfContents, field } from "./contents-ask.ts";

const STATUSES: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  429: "RESOURCE_EXHAUSTED",
  499: "CANCELLED",
  500: "INTERNAL",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};
const MODELS = ["gemini-2.5-flash", "gemini-2.5-pro", "gemini-embedding-001"].map((id) => ({
  name: `models/${id}`,
  version: "001",
  displayName: id,
  inputTokenLimit: 1_048_576,
  outputTokenLimit: 65_536,
  supportedGenerationMethods: id.includes("embedding")
    ? ["embedContent", "batchEmbedContents"]
    : ["generateContent", "countTokens"],
}));

/** Google's Gemini API; the paths of its enterprise edition end the same and work as well. */
export const gemini: KindFactory = (options) => ({
  routes: [
    generation(/\/models\/[^/]+:generateContent$/, (call) => whole(call, options)),
    generation(/\/models\/[^/]+:streamGenerateContent$/, (call) => streamed(call, options)),
    generation(/\/models\/[^/]+:countTokens$/, countTokens),
    generation(/\/models\/[^/]+:embedContent$/, ({ body }) => ok({ embedding: embeddingOf(body) })),
    generation(/\/models\/[^/]+:batchEmbedContents$/, (call) => {
      const requests = objectsOf(call.body["requests"]);
      if (requests.some(({ model }) => model !== `models/${modelOf(call)}`))
        throw new Refused(400, "* BatchEmbedContentsRequest.requests[0].model: model is required");
      return ok({ embeddings: requests.map(embeddingOf) });
    }),
    getter(/\/models$/, () => ok({ models: MODELS })),
    getter(/\/models\/[^/:]+$/, ({ path }) => {
      const name = `models/${path.split("/").at(-1)}`;
      return ok(MODELS.find((model) => model.name === name) ?? { ...MODELS[0], name });
    }),
  ],
  refusal({ headers, query }, apiKey) {
    const given = headers["x-goog-api-key"] ?? query.get("key") ?? undefined;
    const isBearer = headers.authorization === `Bearer ${apiKey}`;
    if (given === apiKey || isBearer) return undefined;
    if (given === undefined)
      return error({
        status: 403,
        message:
          "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
      });
    return error({
      status: 400,
      message: "API key not valid. Please pass a valid API key.",
      code: "API_KEY_INVALID",
    });
  },
  error,
  modelOf,
});

function modelOf({ path }: Call): string {
  return /\/models\/([^/]+):\w+$/.exec(path)?.[1] ?? "";
}

/** A google.rpc.Status; when to come back stands in its details, not in a header. */
function error(failure: Failure): Reply {
  return { status: failure.status, headers: JSON_TYPE, body: pretty({ error: statusOf(failure) }) };
}

const JSON_TYPE = { "content-type": "application/json; charset=UTF-8" };

function statusOf({ status, message, code }: Failure): Json {
  const retry = { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1s" };
  const info = {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    reason: code,
    domain: "googleapis.com",
  };
  const details = [...(status === 429 ? [retry] : []), ...(code === undefined ? [] : [info])];
  return {
    code: status,
    message,
    status: STATUSES[status] ?? "UNKNOWN",
    ...(details.length > 0 ? { details } : {}),
  };
}

function pretty(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function askOf(call: Call): Ask {
  const ask = askOfContents(modelOf(call), call.body);
  checkWindow(
    ask,
    (tokens, window) =>
      `The input token count (${tokens}) exceeds the maximum number of tokens allowed (${window}).`,
  );
  return ask;
}

function whole(call: Call, options: MockOptions): Reply {
  const ask = askOf(call);
  const script = think(ask, options);
  const parts = [...thoughts(call, script), ...said(script), ...calls(ask, script)];
  const answer = {
    candidates: candidatesOf(ask, parts, finishOf(script)).map((candidate) => ({
      ...candidate,
      ...logprobsOf(call, script),
    })),
    ...tailOf(call, script),
  };
  return {
    status: 200,
    headers: JSON_TYPE,
    body: pretty(ask.model.includes("blocked") ? blocked(call, script) : answer),
  };
}

function logprobsOf({ body }: Call, { pieces }: Pick<Script, "pieces">): Json {
  const config = objectOf(field(body, "generationConfig"));
  if (field(config, "responseLogprobs") !== true) return {};
  const chosen = pieces.map((token, tokenId) => ({ token, tokenId, logProbability: -0.25 }));
  const isTop = numberOf(config["logprobs"]) !== undefined;
  const top = isTop ? { topCandidates: chosen.map((one) => ({ candidates: [one] })) } : {};
  return { avgLogprobs: -0.25, logprobsResult: { chosenCandidates: chosen, ...top } };
}

/** A prompt that the filter stopped: success without a candidate. */
function blocked(call: Call, script: Script): Json {
  return { promptFeedback: { blockReason: "SAFETY" }, ...tailOf(call, script) };
}

function streamed(call: Call, options: MockOptions): Reply {
  const ask = askOf(call);
  const isSse = call.query.get("alt") === "sse";
  const status = statusOf({
    status: 503,
    message: "The model is overloaded. Please try again later.",
  });
  // Most errors come as bare JSON behind the events and unfinished as an event; some come as one.
  const isEvent = isSse && ask.model.includes("mid-error-event");
  return {
    format: {
      contentType: isSse ? "text/event-stream" : "application/json; charset=UTF-8",
      error: isEvent
        ? `data: ${JSON.stringify({ error: status })}\r\n\r\n`
        : `${isSse ? "" : ",\r\n"}${pretty({ error: status })}${isSse ? "" : "]"}`,
      malformed: isSse ? "data: {not json\r\n\r\n" : "[{not json",
    },
    frames: framesOf(call, ask, options, isSse),
  };
}

/** Events, or without `alt=sse` the elements of one long JSON array. */
function* framesOf(call: Call, ask: Ask, options: MockOptions, isSse: boolean): Generator<Frame> {
  const script = think(ask, options);
  let isFirst = true;
  for (const { parts, finish } of stepsOf(call, ask, script)) {
    const pieces = parts.flatMap(({ text, thought }) => (thought ? [] : (stringOf(text) ?? [])));
    const likely = pieces.length > 0 ? logprobsOf(call, { pieces }) : {};
    const candidates = candidatesOf(ask, parts, finish).map((one) => ({ ...one, ...likely }));
    const chunk = ask.model.includes("blocked")
      ? blocked(call, script)
      : { candidates, ...tailOf(call, script, finish === undefined) };
    const text = JSON.stringify(chunk);
    const bytes = isSse ? `data: ${text}\r\n\r\n` : `${isFirst ? "[" : ",\r\n"}${text}`;
    isFirst = false;
    yield { bytes, hasContent: true };
    if (ask.model.includes("blocked")) break;
  }
  if (!isSse) yield { bytes: "]" };
}

/** The parts of each chunk; the last one, with the reason of the end, has the last part or none. */
function* stepsOf(
  call: Call,
  ask: Ask,
  script: Script,
): Generator<{ parts: Json[]; finish?: string }> {
  const isShown = thoughts(call, script).length > 0;
  if (isShown) for (const text of script.reasoning) yield { parts: [{ text, thought: true }] };
  for (const text of script.pieces) yield { parts: [{ text }] };
  const called = calls(ask, script);
  // The last chunk of a text says nothing more, but carries the thought's signature.
  const last =
    called.length > 0
      ? called
      : [
          {
            text: "",
            ...(script.reasoning.length > 0 ? { thoughtSignature: THOUGHT_SIGNATURE } : {}),
          },
        ];
  yield { parts: last, finish: finishOf(script) };
}

function finishOf({ finish }: Script): string {
  return finish === "length" ? "MAX_TOKENS" : "STOP"; // a call ends in STOP too
}

function thoughts({ body }: Call, script: Script): Json[] {
  const config = objectOf(field(objectOf(field(body, "generationConfig")), "thinkingConfig"));
  const isShown = field(config, "includeThoughts") === true && script.reasoning.length > 0;
  return isShown ? [{ text: script.reasoning.join(""), thought: true }] : [];
}

function said(script: Script): Json[] {
  if (script.pieces.length === 0) return [];
  const signed = script.reasoning.length > 0 ? { thoughtSignature: THOUGHT_SIGNATURE } : {};
  return [{ text: textOf(script), ...signed }];
}

/** Calls come whole; the first of several is the one that is signed. */
function calls({ model }: Ask, { toolCalls }: Script): Json[] {
  return toolCalls.map(({ id, name, arguments: text }, index) => ({
    functionCall: {
      ...(model.includes("gemini-3") ? { id } : {}),
      name,
      args: JSON.parse(text) as unknown,
    },
    ...(index === 0 ? { thoughtSignature: THOUGHT_SIGNATURE } : {}),
  }));
}

function candidatesOf(ask: Ask, parts: readonly Json[], finishReason?: string): Json[] {
  return Array.from({ length: ask.n }, (_, index) => ({
    content: { ...(parts.length > 0 ? { parts } : {}), role: "model" },
    ...(finishReason === undefined ? {} : { finishReason }),
    index,
  }));
}

/** Thoughts are counted beside the candidates' tokens, not in them. */
function tailOf(call: Call, { usage }: Script, isEarly = false): Json {
  const { input, output, cached, reasoning } = usage;
  const candidates = isEarly ? 1 : output - reasoning;
  return {
    usageMetadata: {
      promptTokenCount: input,
      ...(candidates > 0 ? { candidatesTokenCount: candidates } : {}),
      totalTokenCount: input + candidates + reasoning,
      ...(cached > 0 ? { cachedContentTokenCount: cached } : {}),
      promptTokensDetails: [{ modality: "TEXT", tokenCount: input }],
      ...(reasoning > 0 ? { thoughtsTokenCount: reasoning } : {}),
    },
    modelVersion: modelOf(call),
    responseId: "mock-response",
  };
}

function countTokens(call: Call): Reply {
  const inner = objectOf(field(call.body, "generateContentRequest"));
  const { characters } = askOfContents(
    modelOf(call),
    Object.keys(inner).length > 0 ? inner : call.body,
  );
  const totalTokens = Math.ceil(characters / 4);
  return ok({
    totalTokens,
    promptTokensDetails: [{ modality: "TEXT", tokenCount: totalTokens }],
  });
}

function embeddingOf(request: Json): Json {
  if (objectsOf(objectOf(request["content"])["parts"]).length === 0)
    throw new Refused(400, "* EmbedContentRequest.content: contents is not specified");
  return { values: vectorOf(numberOf(field(request, "outputDimensionality")) ?? 3) };
}
