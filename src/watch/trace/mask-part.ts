import type { RunPart } from "../../core/run.ts";
import { fieldsOf, usageOf } from "./usage-of.ts";

/** Takes secrets and personal data out of a text. */
export type Redact = (text: string) => string;

/** Texts under these names say which model it was and how it was asked, and are filtered by. */
const KEPT_AS_THEY_ARE =
  /^(ls_|lc_|langgraph_|thread_id$|session_id$|conversation_id$|user_id$|revision_id$|prompt_|sdk|runtime|platform|library)/;
const MAX_DEPTH = 64;

/** A part in which every text was cleaned: what people and tools wrote, wherever it stands. */
export function maskPart(part: RunPart, redact: Redact): RunPart {
  const clean = (value: unknown) => cleaned(value, redact, 0);
  const extra = fieldsOf(part.extra);
  return {
    ...part,
    inputs: clean(part.inputs),
    outputs: clean(part.outputs),
    events: clean(part.events),
    serialized: clean(part.serialized),
    ...(extra && { extra: cleanedFields(extra, redact, 0) }),
    ...(typeof part.error === "string" && { error: redact(part.error) }),
    // Bytes cannot be looked into: their place and their kind are kept.
    ...(part.attachments && {
      attachments: part.attachments.map((attachment) => ({ ...attachment, base64: "" })),
    }),
  };
}

/** A part without any texts: what it used, what it is called and by what it is found stay. */
export function stripPart(part: RunPart): RunPart {
  const { error } = part;
  const metadata = fieldsOf(fieldsOf(part.extra)?.["metadata"]);
  const usage = usageOf(part)?.usage;
  const model = fieldsOf(part.outputs)?.["model"];
  const id = fieldsOf(part.outputs)?.["id"];
  return {
    ...part,
    inputs: undefined,
    outputs: { ...(typeof model === "string" && { model }), ...(typeof id === "string" && { id }) },
    events: undefined,
    serialized: undefined,
    attachments: undefined,
    extra: {
      metadata: {
        ...metadata,
        ...(usage && {
          usage_metadata: {
            input_tokens: usage.inputTokens,
            output_tokens: usage.outputTokens,
            input_token_details: {
              cache_read: usage.cachedTokens,
              cache_creation: usage.cacheWriteTokens,
            },
            output_token_details: { reasoning: usage.reasoningTokens },
          },
        }),
      },
    },
    // Its class tells what failed; what was said beside it may quote the prompt.
    ...(error && { error: /^[\w.]{1,80}/.exec(error.trim())?.[0] ?? "error" }),
  };
}

function cleaned(value: unknown, redact: Redact, depth: number): unknown {
  if (typeof value === "string") return redact(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) return "[too deep]";
  if (Array.isArray(value)) return cleanedItems(value, redact, depth);
  return cleanedFields(value as Readonly<Record<string, unknown>>, redact, depth);
}

/** The very same where nothing was to be cleaned: most texts hold nothing. */
function cleanedItems(items: readonly unknown[], redact: Redact, depth: number) {
  let copy: unknown[] | undefined;
  for (const [index, item] of items.entries()) {
    const clean = cleaned(item, redact, depth + 1);
    if (clean !== item) (copy ??= [...items])[index] = clean;
  }
  return copy ?? items;
}

function cleanedFields(
  fields: Readonly<Record<string, unknown>>,
  redact: Redact,
  depth: number,
): Readonly<Record<string, unknown>> {
  let copy: Record<string, unknown> | undefined;
  for (const name in fields) {
    const value = fields[name];
    if (typeof value === "string" && KEPT_AS_THEY_ARE.test(name)) continue;
    const clean = cleaned(value, redact, depth + 1);
    if (clean !== value) (copy ??= { ...fields })[name] = clean;
  }
  return copy ?? fields;
}
