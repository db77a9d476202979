import { SIGNATURE } from "../anthropic/messages-ask.ts";
import { type Script, fragmentsOf, textOf, think } from "../brain.ts";
import {
  type Call,
  type Frame,
  type Json,
  type Reply,
  numberOf,
  objectOf,
  ok,
  stringOf,
  stringsOf,
} from "../call.ts";
import { type KindFactory, type MockOptions, Refused, generation, getter } from "../kind.ts";
import { checkWindow } from "../openai/chat-ask.ts";
import { vectorOf } from "../openai/embeddings.ts";
import { rank } from "../openai/rerank.ts";
import { askOfConverse } from "./converse-ask.ts";
import { awsError } from "./errors.ts";
import { damaged, event, exception } from "./event-frames.ts";
import { signatureRefusal } from "./signature.ts";

const HEADERS = { "x-amzn-requestid": "mock-request" };
/** Events are padded to hide their lengths; readers pass over the field. */
const PADDING = "abcdefghijklmnopqrstuvwxyz";

/** Amazon Bedrock's runtime: Converse, embeddings by InvokeModel, signatures, binary streams. */
export const bedrock: KindFactory = (options) => ({
  routes: [
    generation(/^\/model\/.+\/converse$/, (call) => whole(call, options)),
    generation(/^\/model\/.+\/converse-stream$/, (call) => streamed(call, options)),
    generation(/^\/model\/.+\/invoke$/, invoke),
    generation(/^\/model\/.+\/count-tokens$/, (call) => {
      const inner = objectOf(objectOf(call.body["input"])["converse"]);
      const { characters } = askOfConverse(modelOf(call), inner);
      return ok({ inputTokens: Math.ceil(characters / 4) }, HEADERS);
    }),
    getter(/^\/foundation-models$/, () =>
      ok({
        modelSummaries: ["amazon.nova-lite-v1:0", "amazon.titan-embed-text-v2:0"].map(
          (modelId) => ({ modelId, modelName: modelId, providerName: "Amazon" }),
        ),
      }),
    ),
  ],
  refusal: signatureRefusal,
  error: (failure) => awsError(failure),
  modelOf,
});

function modelOf({ path }: Call): string {
  return /^\/model\/(.+)\/[a-z-]+$/.exec(path)?.[1] ?? "";
}

function scriptOf(call: Call, options: MockOptions): Script {
  const ask = askOfConverse(modelOf(call), call.body);
  checkWindow(ask, () => "Input is too long for requested model.");
  return think(ask, options);
}

function whole(call: Call, options: MockOptions): Reply {
  const script = scriptOf(call, options);
  const content = [
    ...(script.reasoning.length > 0 ? [{ reasoningContent: reasoningOf(call, script) }] : []),
    ...(script.pieces.length > 0 ? [{ text: textOf(script) }] : []),
    ...script.toolCalls.map(({ id, name, arguments: text }) => ({
      toolUse: { toolUseId: toolIdOf(id), name, input: JSON.parse(text) as unknown },
    })),
  ];
  return ok(
    {
      metrics: { latencyMs: 12 },
      output: { message: { content, role: "assistant" } },
      stopReason: stopReason(script),
      usage: usageOf(script),
    },
    HEADERS,
  );
}

function reasoningOf(call: Call, { reasoning }: Script): Json {
  return modelOf(call).includes("redacted")
    ? { redactedContent: SIGNATURE }
    : { reasoningText: { text: reasoning.join(""), signature: SIGNATURE } };
}

function toolIdOf(id: string): string {
  return id.replace("call", "tooluse");
}

function stopReason({ finish, stopped }: Script): string {
  if (finish === "tool_calls") return "tool_use";
  if (finish === "length") return "max_tokens";
  return stopped === undefined ? "end_turn" : "stop_sequence";
}

/** Cached tokens are counted beside the input, not in it, but in the total. */
function usageOf({ usage: { input, output, cached } }: Script): Json {
  return {
    inputTokens: input - cached,
    outputTokens: output,
    totalTokens: input + output,
    cacheReadInputTokens: cached,
    cacheWriteInputTokens: 0,
  };
}

function streamed(call: Call, options: MockOptions): Reply {
  const script = scriptOf(call, options);
  return {
    headers: HEADERS,
    format: {
      contentType: "application/vnd.amazon.eventstream",
      error: exception("modelStreamErrorException", "The model could not go on with its answer."),
      malformed: damaged(event("messageStart", { role: "assistant" })),
    },
    frames: framesOf(call, script),
  };
}

function* framesOf(call: Call, script: Script): Generator<Frame> {
  const frame = (type: string, payload: Json, hasContent = false): Frame => ({
    bytes: event(type, { ...payload, p: PADDING.slice(0, type.length) }),
    hasContent,
  });
  yield frame("messageStart", { role: "assistant" });
  for (const [contentBlockIndex, { start, deltas }] of blocksOf(call, script).entries()) {
    // A block of text has no start of its own.
    if (start !== undefined) yield frame("contentBlockStart", { contentBlockIndex, start });
    for (const delta of deltas)
      yield frame("contentBlockDelta", { contentBlockIndex, delta }, true);
    yield frame("contentBlockStop", { contentBlockIndex });
  }
  yield frame("messageStop", { stopReason: stopReason(script) });
  yield frame("metadata", { metrics: { latencyMs: 12 }, usage: usageOf(script) });
}

function blocksOf(call: Call, script: Script): { start?: Json; deltas: Json[] }[] {
  const thoughts = modelOf(call).includes("redacted")
    ? [{ redactedContent: SIGNATURE }]
    : [...script.reasoning.map((text) => ({ text })), { signature: SIGNATURE }];
  const reasoning = { deltas: thoughts.map((reasoningContent) => ({ reasoningContent })) };
  const text = { deltas: script.pieces.map((piece) => ({ text: piece })) };
  return [
    ...(script.reasoning.length > 0 ? [reasoning] : []),
    ...(script.pieces.length > 0 ? [text] : []),
    ...script.toolCalls.map(({ id, name, arguments: input }) => ({
      start: { toolUse: { toolUseId: toolIdOf(id), name } },
      deltas: fragmentsOf(input).map((part) => ({ toolUse: { input: part } })),
    })),
  ];
}

/** InvokeModel: every maker's own format; here the embeddings of two, and a ranking. */
function invoke(call: Call): Reply {
  const { body } = call;
  const model = modelOf(call);
  const headers = (tokens: number) => ({
    ...HEADERS,
    "x-amzn-bedrock-input-token-count": String(tokens),
    "x-amzn-bedrock-invocation-latency": "12",
  });
  if (model.includes("titan-embed")) {
    const text = stringOf(body["inputText"]);
    if (text === undefined)
      throw new Refused(
        400,
        "Malformed input request: #: required key [inputText] not found, please reformat your input and try again.",
      );
    const embedding = vectorOf(numberOf(body["dimensions"]) ?? 3);
    const tokens = Math.ceil(text.length / 4);
    return ok(
      { embedding, embeddingsByType: { float: embedding }, inputTextTokenCount: tokens },
      headers(tokens),
    );
  }
  if (model.includes("cohere.embed")) return cohereEmbeddings(body, headers);
  if (model.includes("rerank"))
    return ok(
      { results: rank(body).map(({ index, score }) => ({ index, relevance_score: score })) },
      headers(8),
    );
  throw new Refused(400, "The provided model identifier is invalid.");
}

function cohereEmbeddings(body: Json, headers: (tokens: number) => Record<string, string>): Reply {
  const texts = stringsOf(body["texts"]);
  if (texts.length === 0 || body["input_type"] === undefined)
    throw new Refused(
      400,
      "Malformed input request: #: required key [input_type] not found, please reformat your input and try again.",
    );
  const vectors = texts.map(() => vectorOf(numberOf(body["output_dimension"]) ?? 3));
  const isTyped = Array.isArray(body["embedding_types"]);
  return ok(
    {
      id: "mock",
      texts,
      embeddings: isTyped ? { float: vectors } : vectors,
      response_type: isTyped ? "embeddings_by_type" : "embeddings_floats",
    },
    headers(Math.ceil(texts.join("").length / 4)),
  );
}
