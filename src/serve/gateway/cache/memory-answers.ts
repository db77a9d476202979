import type { AnswerStore } from "./entry.ts";

interface Kept {
  readonly text: string;
  readonly until: number;
}

/** About what a map entry and its key take. */
const ENTRY_BYTES = 200;

/** Answers in this process: bounded by their size, the least recently used go first. */
export function createMemoryAnswers({
  maxBytes,
  now,
}: {
  readonly maxBytes: () => number;
  readonly now: () => number;
}): AnswerStore & { readonly bytes: number; readonly count: number; clear(): void } {
  const kept = new Map<string, Kept>();
  let bytes = 0;

  function drop(key: string): void {
    const entry = kept.get(key);
    if (!entry) return;
    kept.delete(key);
    bytes -= sizeOf(entry);
  }

  return {
    get bytes() {
      return bytes;
    },
    get count() {
      return kept.size;
    },
    get(key) {
      const entry = kept.get(key);
      if (!entry) return undefined;
      drop(key);
      if (entry.until <= now()) return undefined;
      kept.set(key, entry);
      bytes += sizeOf(entry);
      return entry.text;
    },
    put(key, text, ttlMs) {
      drop(key);
      const entry = { text, until: now() + ttlMs };
      kept.set(key, entry);
      bytes += sizeOf(entry);
      for (const oldest of kept.keys()) {
        if (bytes <= maxBytes()) break;
        drop(oldest);
      }
    },
    clear() {
      kept.clear();
      bytes = 0;
    },
  };
}

/** Two bytes a character at the most. */
function sizeOf({ text }: Kept): number {
  return text.length * 2 + ENTRY_BYTES;
}
