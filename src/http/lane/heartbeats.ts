import type { Heartbeats, StreamReply } from "./replies.ts";

export interface HeartbeatOptions {
  /** A stream that said nothing for so long gets a comment. */
  readonly silenceMs: () => number;
  /** A stream that still waits for its first content after this gets its 200 and a comment. */
  readonly progressAfterMs: () => number;
}

const TICK_MS = 1000;

/** Looks after all open streams once a second; holds no timer while there are none. */
export function createHeartbeats({ silenceMs, progressAfterMs }: HeartbeatOptions): Heartbeats {
  const openedAt = new Map<StreamReply, number>();
  let timer: NodeJS.Timeout | undefined;

  function tick(): void {
    const now = Date.now();
    for (const [stream, at] of openedAt) {
      if (stream.lastWriteAt === 0) {
        if (now - at >= progressAfterMs()) stream.comment("waiting for the model");
      } else if (now - stream.lastWriteAt >= silenceMs()) stream.comment("still here");
    }
  }

  return {
    add(stream) {
      openedAt.set(stream, Date.now());
      timer ??= setInterval(tick, TICK_MS);
    },
    remove(stream) {
      openedAt.delete(stream);
      if (openedAt.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    },
  };
}
