/** OpenLLMetry (Traceloop): its own words for workflows and tools, the GenAI conventions for models. */
import { fieldsOf, flagAt, parsedAt, textAt, textOf, under } from "../attributes.ts";
import type { Dialect } from "../reading.ts";
import type { Value } from "../span.ts";

const KINDS: Readonly<Record<string, string>> = {
  workflow: "chain",
  task: "chain",
  agent: "chain",
  tool: "tool",
};
const REQUESTS: Readonly<Record<string, string>> = {
  chat: "llm",
  completion: "llm",
  embedding: "embedding",
  rerank: "retriever",
};
const ASSOCIATIONS = "traceloop.association.properties.";

export const openllmetry: Dialect = ({ attributes }) => {
  const kind = textAt(attributes, "traceloop.span.kind");
  const request = textAt(attributes, "llm.request.type");
  const associations = under(attributes, ASSOCIATIONS);
  if (kind === undefined && request === undefined && associations.size === 0) return undefined;
  const input = parsedAt(attributes, "traceloop.entity.input");
  const output = parsedAt(attributes, "traceloop.entity.output");
  return {
    name: kind === undefined ? undefined : textAt(attributes, "traceloop.entity.name"),
    type: kind === undefined ? REQUESTS[request ?? ""] : (KINDS[kind] ?? kind),
    isStream: flagAt(attributes, "llm.is_streaming"),
    userId: textAt(associations, "user_id", "userId") ?? textAt(attributes, "llm.user"),
    threadId: textAt(associations, "session_id", "thread_id", "conversation_id", "chat_id"),
    promptName: textAt(attributes, "traceloop.prompt.key"),
    promptVersion: textAt(attributes, "traceloop.prompt.version"),
    inputs: input === undefined ? undefined : unwrapped(input, "inputs", "input"),
    outputs: output === undefined ? undefined : unwrapped(output, "outputs", "output"),
    metadata: Object.fromEntries(associations),
  };
};

/** Decorated functions put their arguments into one field of several. */
function unwrapped(value: Value, inner: string, field: string): Value {
  const fields = fieldsOf(value);
  if (!fields) return { [field]: value };
  const { [inner]: told, args, kwargs } = fields;
  if (told !== undefined) return fieldsOf(told) ?? { [field]: textOf(told) ?? told };
  if (args === undefined && kwargs === undefined) return fields;
  const named = fieldsOf(kwargs) ?? {};
  const isEmpty = Array.isArray(args) && args.length === 0;
  return { ...named, ...(args !== undefined && !isEmpty && { args }) };
}
