/** OpenInference (Phoenix and others): everything flattened into numbered attributes. */
import {
  fieldsOf,
  flagAt,
  listAt,
  listOf,
  nestedAt,
  numberAt,
  parsedAt,
  textAt,
  textOf,
  tokensAt,
} from "../attributes.ts";
import { type Message, toChoices, toMessages } from "../messages.ts";
import { type Dialect, type Reading, type UsageReading, known, untilEvent } from "../reading.ts";
import type { Attributes, Value } from "../span.ts";

const KINDS: Readonly<Record<string, string>> = {
  LLM: "llm",
  EMBEDDING: "embedding",
  RETRIEVER: "retriever",
  RERANKER: "retriever",
  TOOL: "tool",
  CHAIN: "chain",
  AGENT: "chain",
  PROMPT: "prompt",
  GUARDRAIL: "guardrail",
  EVALUATOR: "evaluator",
};

export const openinference: Dialect = (span) => {
  const { attributes } = span;
  const kind = textAt(attributes, "openinference.span.kind");
  if (kind === undefined) return undefined;
  return {
    type: KINDS[kind.toUpperCase()] ?? kind.toLowerCase(),
    model: textAt(attributes, "llm.model_name", "embedding.model_name", "reranker.model_name"),
    provider: textAt(attributes, "llm.provider", "llm.system"),
    usage: known(usageOf(attributes)),
    ttftMs: untilEvent(span, (name) => name.startsWith("First Token")),
    isStream: flagAt(attributes, "llm.is_streaming"),
    threadId: textAt(attributes, "session.id"),
    userId: textAt(attributes, "user.id"),
    promptName: textAt(attributes, "prompt.id", "llm.prompt_template.name"),
    promptVersion: textAt(attributes, "llm.prompt_template.version"),
    tags: listAt(attributes, "tag.tags").flatMap((tag) => textOf(tag) ?? []),
    metadata: fieldsOf(parsedAt(attributes, "metadata")),
    invocation: fieldsOf(parsedAt(attributes, "llm.invocation_parameters")),
    inputs: inputsOf(attributes),
    outputs: outputsOf(attributes),
  };
};

function usageOf(attributes: Attributes): UsageReading {
  const at = (name: string) => tokensAt(attributes, `llm.token_count.${name}`);
  const cost = (name: string) => numberAt(attributes, `llm.cost.${name}`);
  return {
    input: at("prompt"),
    output: at("completion"),
    total: at("total"),
    cacheRead: at("prompt_details.cache_read"),
    cacheWrite: at("prompt_details.cache_write"),
    inputAudio: at("prompt_details.audio"),
    reasoning: at("completion_details.reasoning"),
    outputAudio: at("completion_details.audio"),
    inputCost: cost("prompt"),
    outputCost: cost("completion"),
    totalCost: cost("total"),
  };
}

function inputsOf(attributes: Attributes): Reading["inputs"] {
  const messages = toMessages(nestedAt(attributes, "llm.input_messages"))?.map(readable);
  const tools = toolsOf(attributes);
  if (messages) return { messages, ...(tools && { tools }) };
  const template = textAt(attributes, "llm.prompt_template.template");
  const input = parsedAt(attributes, "input.value", "tool.parameters");
  if (input !== undefined) return fieldsOf(input) ?? { input };
  const prompts = listOf(nestedAt(attributes, "llm.prompts"));
  if (prompts) return { prompts };
  const texts = listOf(nestedAt(attributes, "embedding.embeddings"))?.map(
    (item) => fieldsOf(fieldsOf(item)?.["embedding"])?.["text"] ?? null,
  );
  if (texts) return { input: texts };
  return template === undefined ? undefined : { template };
}

function toolsOf(attributes: Attributes): Value[] | undefined {
  const list = listOf(nestedAt(attributes, "llm.tools"));
  return list?.map((item) => {
    const schema = fieldsOf(fieldsOf(item)?.["tool"])?.["json_schema"];
    return schema === undefined ? item : textToJson(schema);
  });
}

function textToJson(value: Value): Value {
  return parsedAt(new Map([["value", value]]), "value") ?? value;
}

function outputsOf(attributes: Attributes): Reading["outputs"] {
  const messages = toMessages(nestedAt(attributes, "llm.output_messages"))?.map(readable);
  if (messages) {
    const reason = textAt(attributes, "llm.finish_reason");
    return toChoices(messages, reason === undefined ? [] : [reason]);
  }
  const documents = listOf(
    nestedAt(attributes, "retrieval.documents") ??
      nestedAt(attributes, "reranker.output_documents"),
  );
  if (documents) return { documents: documents.map(toDocument) };
  const output = parsedAt(attributes, "output.value");
  return output === undefined ? undefined : (fieldsOf(output) ?? { output });
}

/** LangSmith's word for a document's text is `page_content`. */
function toDocument(item: Value): Value {
  const document = fieldsOf(fieldsOf(item)?.["document"]);
  if (!document) return item;
  const { content, metadata, ...rest } = document;
  return {
    ...rest,
    page_content: content ?? null,
    ...(metadata !== undefined && { metadata: textToJson(metadata) }),
  };
}

/** A message's parts: `contents.0.message_content.type` and the like. */
function readable({ contents, ...message }: Message): Message {
  const parts = listOf(contents)?.map((item) => {
    const part = fieldsOf(fieldsOf(item)?.["message_content"]);
    if (!part) return item;
    const url = fieldsOf(fieldsOf(part["image"])?.["image"])?.["url"];
    return url === undefined ? part : { type: "image_url", image_url: { url } };
  });
  return parts ? { ...message, content: parts } : message;
}
