import type { ChatEvent, Dialect, Frame, GenerateRequest, Source } from "../chat.ts";
import { withSuffix } from "./relay-suffix.ts";

/** Same dialect in and out: what came goes on as it is, but for the model's name and the guard's changes. */

type Body = Readonly<Record<string, unknown>>;

/**
 * The client's own body where a target of `dialect` may have it; else undefined. It may not where
 * the guard changed a text that does not stand in it as one string, or has something to say behind a
 * system prompt that is not found in it.
 */
export function relayedBody(request: GenerateRequest, dialect: Dialect): Body | undefined {
  const { source, model } = request;
  if (source?.dialect !== dialect) return undefined;
  const redacted = redactedBody(source);
  const { suffix } = source;
  const body = redacted && suffix ? withSuffix(redacted, dialect, suffix) : redacted;
  return body && { ...body, model };
}

function redactedBody({ body, redacted }: Source): Body | undefined {
  if (!redacted?.size) return body;
  const missing = new Set(redacted.keys());
  // The values of a JSON object are JSON values: the copy is one again.
  const copy = replaceTexts(body, redacted, missing) as Body;
  return missing.size === 0 ? copy : undefined;
}

/** A copy of a JSON value in which every string that the guard changed reads as it left the guard. */
function replaceTexts(
  value: unknown,
  texts: ReadonlyMap<string, string>,
  missing: Set<string>,
): unknown {
  if (typeof value === "string") {
    missing.delete(value);
    return texts.get(value) ?? value;
  }
  if (Array.isArray(value)) return value.map((item) => replaceTexts(item, texts, missing));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, replaceTexts(item, texts, missing)]),
  );
}

/** Marks events as read from one piece of an answer. Without events the piece stands for itself. */
export function framed(
  events: readonly ChatEvent[],
  frame: Omit<Frame, "size">,
): readonly ChatEvent[] {
  const whole: Frame = { ...frame, size: Math.max(1, events.length) };
  if (events.length === 0) return [{ type: "frame", frame: whole }];
  // The reader has just made them: nobody else holds them yet.
  for (const event of events as (ChatEvent & { frame?: Frame })[]) event.frame = whole;
  return events;
}

/** Events next to each other that one frame covers whole, or single events without one. */
export interface Stretch {
  /** Set when every event of the frame is here, as the upstream gave it. */
  readonly frame: Frame | undefined;
  readonly events: readonly ChatEvent[];
}

/** Cuts events into what can be relayed as it came, and what must be written anew. */
export function stretches(events: readonly ChatEvent[], dialect: Dialect): Stretch[] {
  const result: Stretch[] = [];
  for (let at = 0; at < events.length;) {
    const frame = events[at]?.frame;
    let end = at + 1;
    if (frame) while (end < events.length && events[end]?.frame === frame) end += 1;
    const isWhole = frame?.dialect === dialect && end - at === frame.size;
    result.push({ frame: isWhole ? frame : undefined, events: events.slice(at, end) });
    at = end;
  }
  return result;
}

/**
 * A frame's JSON with another model name. The name's first place is replaced in the text where it is
 * written plainly, which costs a tenth of writing the object again.
 */
export function withModel({ json, value }: Frame, model: string): string {
  const plain = `"model":${JSON.stringify(value["model"])}`;
  const at = json.indexOf(plain);
  if (at === -1) return JSON.stringify({ ...value, model });
  return `${json.slice(0, at)}"model":${JSON.stringify(model)}${json.slice(at + plain.length)}`;
}
