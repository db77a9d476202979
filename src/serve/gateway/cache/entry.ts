import type { ChatEvent, Frame, Usage } from "../../../core/chat.ts";

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

interface Written extends Omit<CachedAnswer, "events"> {
  /** Each once: events of one piece of an answer share it, and are known as one piece by that. */
  readonly frames: readonly Omit<Frame, "value">[];
  readonly events: readonly (Omit<ChatEvent, "frame"> & { readonly frame?: number })[];
}

/** As one text; what a frame's JSON says is not written twice. */
export function writeAnswer(answer: CachedAnswer): string {
  const places = new Map<Frame, number>();
  const events = answer.events.map(({ frame, ...event }) => {
    if (!frame) return event;
    const place = places.get(frame) ?? places.size;
    places.set(frame, place);
    return { ...event, frame: place };
  });
  const frames = Array.from(places.keys(), withoutValue);
  return JSON.stringify({ ...answer, frames, events } satisfies Written);
}

function withoutValue(frame: Frame): Omit<Frame, "value"> {
  const { value: _, ...rest } = frame;
  return rest;
}

/** Undefined for what another release may have written. */
export function readAnswer(text: string): CachedAnswer | undefined {
  try {
    const { frames, events, ...answer } = JSON.parse(text) as Written; // written above, or long ago
    const revived = frames.map((frame): Frame => ({
      ...frame,
      value: JSON.parse(frame.json) as Frame["value"], // it came as an object
    }));
    return {
      ...answer,
      events: events.map(({ frame, ...event }) => {
        const found = frame === undefined ? undefined : revived[frame];
        return (found ? { ...event, frame: found } : event) as ChatEvent; // as it was written
      }),
    };
  } catch {
    return undefined;
  }
}
