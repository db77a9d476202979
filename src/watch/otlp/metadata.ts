import type { Origin, OtlpSpan, Value } from "./span.ts";

/** Attributes that are kept of a span, with those of its scope and its process. */
const MOST = 128;
const MOST_CHARS = 1024;

/** Names under which texts stand: they are inputs and outputs, and not for lists. */
const CONTENT = [
  /^gen_ai\.(prompt|completion|input\.messages|output\.messages|system_instructions)\b/,
  /^gen_ai\.tool\.(definitions|call\.arguments|call\.result|message)\b/,
  /^llm\.(input_messages|output_messages|prompts|tools|invocation_parameters|prompt_template)\b/,
  /^(input|output)\.value$|^metadata$|^tag\.tags$|^tool\.parameters$/,
  /^(retrieval\.documents|reranker\.(input|output)_documents|embedding\.embeddings)\b/,
  /^traceloop\.(entity\.(input|output)|association\.properties)\b/,
  /^ai\.(prompt|response\.(text|object|toolCalls|reasoning)|result|toolCall\.(args|input|result|output)|values?|telemetry\.metadata|settings)\b/,
  /^langsmith\.|^weir\.(metadata|tags|user|thread|project|run|status|cost_nanos|ttft_ms)\b/,
  /^gen_ai\.(usage|request\.(temperature|top_p|top_k|max_tokens|seed|stop_sequences))\b/,
];

/** What else is said of a span: its own attributes first, then its library's, then its process's. */
export function metadataOf(span: OtlpSpan, origin: Origin): Record<string, Value> {
  const kept = new Map<string, Value>();
  for (const attributes of [span.attributes, scopeOf(origin), origin.resource]) {
    for (const [name, value] of attributes) {
      if (kept.size >= MOST) break;
      if (!kept.has(name) && !isContent(name)) kept.set(name, short(value));
    }
  }
  return Object.fromEntries(kept);
}

function scopeOf({ scopeName, scopeVersion, scope }: Origin): Map<string, Value> {
  const all = new Map<string, Value>();
  if (scopeName !== "") all.set("otel.scope.name", scopeName);
  if (scopeVersion !== "") all.set("otel.scope.version", scopeVersion);
  for (const [name, value] of scope) all.set(name, value);
  return all;
}

/** Libraries write the same names again and again; the few that are made up do not grow it for ever. */
const seen = new Map<string, boolean>();
const MOST_SEEN = 10_000;

function isContent(name: string): boolean {
  let found = seen.get(name);
  if (found === undefined) {
    found = CONTENT.some((pattern) => pattern.test(name));
    if (seen.size >= MOST_SEEN) seen.clear();
    seen.set(name, found);
  }
  return found;
}

function short(value: Value): Value {
  if (typeof value === "string") return value.slice(0, MOST_CHARS);
  if (typeof value !== "object" || value === null) return value;
  return JSON.stringify(value).slice(0, MOST_CHARS);
}
