import { encodeConversation, type Encoded, type Turn } from "./chat-format.ts";
import type { Batch } from "./model.ts";
import type { Random } from "./random.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** Lays conversations end to end; attention stays inside each. */
export function packBatch(conversations: readonly Encoded[]): Batch {
  const batch = {
    tokens: [] as number[],
    starts: [] as number[],
    rows: [] as number[],
    targets: [] as number[],
  };
  for (const { tokens, rows, targets } of conversations) {
    const start = batch.tokens.length;
    for (const token of tokens) {
      batch.tokens.push(token);
      batch.starts.push(start);
    }
    batch.rows.push(...rows.map((row) => start + row));
    batch.targets.push(...targets);
  }
  return batch;
}

/** Tokens of an answer that tell which answer it is. */
const LEAD = 5;

/** How many conversations are cut after the lead of their answer: half of all tokens, by count. */
const BRIEF = 0.8;

/**
 * One training batch of at most `room` tokens: conversations of one to four turns, or, to teach late
 * positions too, a single one that fills the room.
 */
export function drawBatch(
  { tokenizer, converse }: { tokenizer: Tokenizer; converse: (turns: number) => Turn[] },
  random: Random,
  { room, isLong }: { room: number; isLong: boolean },
): Batch {
  const drawn: Encoded[] = [];
  let used = 0;
  for (;;) {
    const isBrief = !isLong && random.chance(BRIEF);
    const turns = isLong ? 30 : isBrief ? 1 : random.pick([1, 1, 1, 1, 2, 2, 3, 4]);
    const whole = encodeConversation(tokenizer, converse(turns));
    const encoded = cut(whole, isBrief ? (whole.rows[0] ?? 0) + LEAD : room);
    used += encoded.tokens.length;
    if (used > room) return packBatch(drawn);
    drawn.push(encoded);
    if (isLong) return packBatch(drawn);
  }
}

function cut({ tokens, rows, targets }: Encoded, room: number): Encoded {
  if (tokens.length <= room) return { tokens, rows, targets };
  const kept = rows.filter((row) => row < room).length;
  return {
    tokens: tokens.slice(0, room),
    rows: rows.slice(0, kept),
    targets: targets.slice(0, kept),
  };
}
