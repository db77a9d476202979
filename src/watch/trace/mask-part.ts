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
  if (Array.isArray(value)) return value.map((item) => cleaned(item, redact, depth + 1));
  return cleanedFields(value as Readonly<Record<string, unknown>>, redact, depth);
}

function cleanedFields(
  fields: Readonly<Record<string, unknown>>,
  redact: Redact,
  depth: number,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === "string" && KEPT_AS_THEY_ARE.test(name)
        ? value
        : cleaned(value, redact, depth + 1),
    ]),
  );
}
