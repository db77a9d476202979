import type { Caller } from "../../core/call.ts";
import { Input } from "../../core/dialects/responses/body.ts";
import { parseBody } from "../../core/dialects/parse-body.ts";
import { WeirError } from "../../core/errors.ts";
import { z } from "zod";
import { isObject, toItems } from "./items.ts";
import type { KeptItem, ResponsesNeeds } from "./needs.ts";

type Body = Readonly<Record<string, unknown>>;

/** What a request refers to, and what it says itself. */
export interface Context {
  readonly previousId: string | null;
  readonly conversationId: string | null;
  /** What the request itself says: kept with the answer. */
  readonly input: readonly KeptItem[];
  /** The body with everything it refers to written out. */
  readonly body: Body;
}

type Shelves = Pick<ResponsesNeeds, "responses" | "conversations" | "file" | "newId">;

/**
 * Resolves what a body refers to: an earlier response, a conversation, single items, files. Throws
 * not_found that names the field, conflict for a response that still runs.
 */
export function resolveContext(
  body: Body,
  { keyId }: Caller,
  isRunning: (id: string) => boolean,
  shelves: Shelves,
): Context {
  const previousId = textOrNull(body["previous_response_id"]);
  const conversationId = conversationIdOf(body["conversation"]);
  if (previousId !== null && conversationId !== null) {
    throw new WeirError(
      "invalid_request",
      "Send previous_response_id or conversation, not both: each says what came before.",
      { param: "conversation" },
    );
  }
  const items = toItems(body["input"], shelves.newId);
  // Not a list of objects: the body's own schema says what is wrong with it.
  if (!items) return { previousId, conversationId, input: [], body };
  const input = items.map((item, at) => resolveItem(item, at, keyId, shelves));
  // Checked by itself first: after what came before, its errors would name other places.
  parseBody(z.object({ input: Input }), { input });
  if (previousId !== null && isRunning(previousId)) throw stillRuns(previousId);
  const before =
    previousId !== null
      ? historyOf(previousId, keyId, shelves)
      : conversationId !== null
        ? saidIn(conversationId, keyId, shelves)
        : [];
  const all = [...before, ...input].map((item) => withFiles(item, keyId, shelves));
  return { previousId, conversationId, input, body: { ...body, input: all } };
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function conversationIdOf(value: unknown): string | null {
  return textOrNull(isObject(value) ? value["id"] : value);
}

function stillRuns(id: string): WeirError {
  return new WeirError(
    "conflict",
    `The response ${id} is still being made. Wait until its status is "completed".`,
    { param: "previous_response_id", retryAfterMs: 1000 },
  );
}

function historyOf(id: string, keyId: string, { responses }: Shelves): readonly KeptItem[] {
  const kept = responses.find(keyId, id);
  if (kept?.status === "queued" || kept?.status === "in_progress") throw stillRuns(id);
  const history = kept && responses.history(keyId, id);
  if (history) return history;
  const why = kept
    ? "one that it builds on was deleted"
    : "it was deleted, is too old, was made with store: false, or by another key";
  throw new WeirError("not_found", `The response ${id} cannot be continued: ${why}.`, {
    param: "previous_response_id",
  });
}

function saidIn(id: string, keyId: string, { conversations }: Shelves): readonly KeptItem[] {
  if (conversations.find(keyId, id)) return conversations.items(id);
  throw new WeirError("not_found", `There is no conversation ${id}.`, { param: "conversation" });
}

function resolveItem(item: KeptItem, at: number, keyId: string, { responses }: Shelves): KeptItem {
  if (item["type"] !== "item_reference") return item;
  const found = responses.item(keyId, item.id);
  if (found) return found;
  throw new WeirError("not_found", `There is no item ${item.id}.`, { param: `input[${at}].id` });
}

/** Files by their id, as the content that a model reads. What is kept goes on naming the id. */
function withFiles(item: KeptItem, keyId: string, { file }: Shelves): KeptItem {
  const field = item["type"] === "function_call_output" ? "output" : "content";
  const parts = item[field];
  if (!Array.isArray(parts)) return item;
  return { ...item, [field]: parts.map((part: unknown) => withFile(part)) };

  function withFile(part: unknown): unknown {
    if (!isObject(part) || typeof part["file_id"] !== "string") return part;
    const { file_id: id, ...rest } = part;
    const found = file(keyId, id);
    if (!found) throw new WeirError("not_found", `There is no file ${id}.`, { param: "file_id" });
    return part["type"] === "input_image"
      ? { ...rest, image_url: found.url }
      : { filename: found.name, ...rest, file_data: found.url };
  }
}
