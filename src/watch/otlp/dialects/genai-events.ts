/** Content that stands in a span's events, or in log records of it, as the GenAI conventions have had it. */
import { fieldsOf, parsed, parsedAt, textAt } from "../attributes.ts";
import { type Message, toMessage, toMessages } from "../messages.ts";
import type { Attributes, OtlpEvent, OtlpSpan, Value } from "../span.ts";

/** The newest conventions: one event with everything, under the attributes' own names. */
export const DETAILS = "gen_ai.client.inference.operation.details";

const QUESTIONS: Readonly<Record<string, string>> = {
  "gen_ai.system.message": "system",
  "gen_ai.user.message": "user",
  "gen_ai.assistant.message": "assistant",
  "gen_ai.tool.message": "tool",
};
const CHOICE = "gen_ai.choice";

type Events = Pick<OtlpSpan, "events">;

export function detailsOf({ events }: Events): Attributes {
  return events.find(({ name }) => name === DETAILS)?.attributes ?? new Map();
}

/** What the model was asked, event by event. */
export function questionsIn({ events }: Events): Message[] | undefined {
  const found = events.flatMap((event): Message[] => {
    const role = QUESTIONS[event.name];
    if (role !== undefined) return [{ role, ...messageIn(event) }];
    if (event.name !== "gen_ai.content.prompt") return [];
    return toMessages(parsedAt(event.attributes, "gen_ai.prompt")) ?? [];
  });
  return found.length > 0 ? found : undefined;
}

/** What it answered, choice by choice. */
export function answersIn({ events }: Events): Message[] | undefined {
  const found = events.flatMap((event): Message[] => {
    if (event.name === CHOICE) return [choiceIn(event)];
    if (event.name !== "gen_ai.content.completion") return [];
    return toMessages(parsedAt(event.attributes, "gen_ai.completion")) ?? [];
  });
  return found.length > 0 ? found : undefined;
}

function messageIn({ attributes }: OtlpEvent): Message {
  const body = fieldsOf(parsedAt(attributes, "gen_ai.event.content", "event.body"));
  if (body) return withoutRole(toMessage({ role: "", ...body }), body);
  const message: Record<string, Value> = {};
  for (const name of ["content", "role", "name", "id", "tool_calls"]) {
    const value = attributes.get(name);
    if (value !== undefined) message[name] = name === "tool_calls" ? parsed(value) : value;
  }
  return withoutRole(toMessage({ role: "", ...message }), message);
}

/** A role that the event does not say is the event's own. */
function withoutRole({ role, ...message }: Message, told: Message): Message {
  const { id, ...rest } = message;
  return {
    ...rest,
    ...(told["role"] !== undefined && { role: role ?? null }),
    ...(id !== undefined && { tool_call_id: id }),
  };
}

function choiceIn(event: OtlpEvent): Message {
  const body = fieldsOf(parsedAt(event.attributes, "gen_ai.event.content", "event.body"));
  const inner = fieldsOf(body?.["message"] ?? parsedAt(event.attributes, "message"));
  const reason = body?.["finish_reason"] ?? textAt(event.attributes, "finish_reason");
  const message = inner ? toMessage({ role: "assistant", ...inner }) : messageIn(event);
  return { role: "assistant", ...message, ...(reason !== undefined && { finish_reason: reason }) };
}
