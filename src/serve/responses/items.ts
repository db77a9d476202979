import type { ChatRequest, GenerateRequest } from "../../core/chat.ts";
import { openAiResponses } from "../../core/dialects/responses/responses.ts";
import type { KeptItem } from "./needs.ts";

type Loose = Readonly<Record<string, unknown>>;

const ID_PREFIXES: Readonly<Record<string, string>> = {
  message: "msg_",
  reasoning: "rs_",
  function_call: "fc_",
  function_call_output: "fco_",
};

/**
 * A request's input in the one form in which items are kept and listed: each with a type and an id, a
 * message's content as parts. What is no list of objects is left for the body's schema to refuse.
 */
export function toItems(input: unknown, newId: (prefix: string) => string): KeptItem[] | undefined {
  if (input === undefined || input === null) return [];
  const list = typeof input === "string" ? [{ role: "user", content: input }] : input;
  if (!Array.isArray(list) || !list.every(isObject)) return undefined;
  return list.map((item) => toItem(item, newId));
}

function toItem(item: Loose, newId: (prefix: string) => string): KeptItem {
  const type = typeof item["type"] === "string" ? item["type"] : "message";
  const id = typeof item["id"] === "string" ? item["id"] : newId(ID_PREFIXES[type] ?? "item_");
  if (type === "item_reference") return { ...item, type, id };
  const status = item["status"] ?? "completed";
  if (type !== "message") return { ...item, id, type, status };
  const { role, content } = item;
  const part =
    role === "assistant" ? { type: "output_text", annotations: [] } : { type: "input_text" };
  return {
    ...item,
    id,
    type,
    role,
    status,
    content: typeof content === "string" ? [{ ...part, text: content }] : content,
  };
}

/** Items as the guard let them through, on their way to a model (empty: to none yet). */
export function redactItems(
  items: readonly KeptItem[],
  {
    model,
    inspect,
  }: {
    readonly model: string;
    readonly inspect: (request: ChatRequest) => GenerateRequest;
  },
): readonly KeptItem[] {
  if (items.length === 0) return items;
  const asked = { ...openAiResponses.request({ model: "-", input: items }), model };
  const seen = inspect(asked);
  const changed = new Map<string, string>();
  if (seen.kind === "chat") compare(asked.messages, seen.messages, changed);
  if (changed.size === 0) return items;
  return items.map((item) => replaceTexts(item, changed) as KeptItem); // the same shape, other texts
}

/** Notes which texts differ between two values of the same shape. */
function compare(before: unknown, after: unknown, changed: Map<string, string>): void {
  if (before === after) return;
  if (typeof before === "string" && typeof after === "string") changed.set(before, after);
  if (!isObject(before) || !isObject(after)) return;
  for (const [key, value] of Object.entries(before)) compare(value, after[key], changed);
}

function replaceTexts(value: unknown, texts: ReadonlyMap<string, string>): unknown {
  if (typeof value === "string") return texts.get(value) ?? value;
  if (Array.isArray(value)) return value.map((item) => replaceTexts(item, texts));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, replaceTexts(item, texts)]),
  );
}

/** An object or an array: both are looked through by their keys. */
export function isObject(value: unknown): value is Loose {
  return typeof value === "object" && value !== null;
}
