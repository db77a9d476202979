import type { ChatEvent, Usage } from "../../../core/chat.ts";

/** An answer as it is kept: what its client got, after the guard. */
export interface CachedAnswer {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Whether it was streamed: only such a client can have its frames as they were. */
  readonly stream: boolean;
  readonly usage: Usage;
  readonly events: readonly ChatEvent[];
}

/**
 * Where answers are kept as texts, by keys that no two partitions share. Best effort: a store that
 * cannot be asked has nothing, and never fails a call.
 */
export interface AnswerStore {
  get(key: string): string | undefined | Promise<string | undefined>;
  put(key: string, answer: string, ttlMs: number): void;
}

/** The answer for a client of the other kind: without the upstream's own bytes. */
export function eventsFor({ events, stream }: CachedAnswer, wantsStream: boolean): ChatEvent[] {
  if (stream === wantsStream) return [...events];
  return events.flatMap((event) => (event.type === "frame" ? [] : [withoutFrame(event)]));
}

function withoutFrame(event: ChatEvent): ChatEvent {
  const { frame: _, ...plain } = event;
  return plain as ChatEvent; // the same event: only its copy of the upstream's bytes is gone
}

/** As one text; what a frame's JSON says is not written twice. */
export function writeAnswer(answer: CachedAnswer): string {
  const events = answer.events.map(({ frame, ...event }) =>
    frame ? { ...event, frame: { ...frame, value: undefined } } : event,
  );
  return JSON.stringify({ ...answer, events });
}

/** Undefined for what another release may have written. */
export function readAnswer(text: string): CachedAnswer | undefined {
  try {
    const answer = JSON.parse(text) as CachedAnswer; // written above, or by another release
    if (!Array.isArray(answer.events)) return undefined;
    return { ...answer, events: answer.events.map(withFrameValue) };
  } catch {
    return undefined;
  }
}

function withFrameValue(event: ChatEvent): ChatEvent {
  if (!event.frame) return event;
  const value = JSON.parse(event.frame.json) as Record<string, unknown>; // it came as an object
  return { ...event, frame: { ...event.frame, value } };
}
