import type { ChatEvent, Frame } from "../../chat.ts";

type TextDelta = Extract<ChatEvent, { type: "text-delta" }>;

/** A chunk's JSON around its text. */
interface Shape {
  readonly before: string;
  readonly after: string;
  readonly index: number;
  /** Where chunks are relayed. */
  readonly frame: Frame | undefined;
}

const START = '"content":"';
/** What would end the text, or mean something else in it. */
// oxlint-disable-next-line no-control-regex -- JSON forbids them inside a string
const SPECIAL = /["\\\u0000-\u001f]/;

/**
 * The chunks of one answer mostly differ in nothing but their text. Once one was read whole, those of
 * the same shape are told by comparing what stands around it, for a tenth of what parsing costs. What
 * is not exactly of that shape is parsed as ever.
 */
export class ChunkRun {
  private shape: Shape | undefined;

  /** The event of a chunk like the last one that `learn` saw; undefined for any other. */
  read(json: string): TextDelta | undefined {
    const { shape } = this;
    if (!shape) return undefined;
    const { before, after, index, frame } = shape;
    const end = json.length - after.length;
    if (end < before.length) return undefined;
    // By slices: `startsWith` took six times as long on strings that are slices themselves.
    // oxlint-disable-next-line unicorn/prefer-string-starts-ends-with
    if (json.slice(0, before.length) !== before || json.slice(end) !== after) return undefined;
    const text = json.slice(before.length, end);
    if (text === "" || SPECIAL.test(text)) return undefined;
    if (!frame) return { type: "text-delta", index, text };
    return { type: "text-delta", index, text, frame: { ...frame, json } };
  }

  /** Takes a chunk that was parsed as the shape of those to come, where it is a plain text's. */
  learn(json: string, events: readonly ChatEvent[]): void {
    const [event, second] = events;
    if (event?.type !== "text-delta" || second || event.logprobs) return;
    if (SPECIAL.test(event.text)) return;
    const at = json.indexOf(START);
    const written = `${START}${event.text}"`;
    // Once only: a second place could be the one that counts.
    if (at === -1 || !json.startsWith(written, at) || json.lastIndexOf(START) !== at) return;
    const textAt = at + START.length;
    this.shape = {
      before: flat(json.slice(0, textAt)),
      after: flat(json.slice(textAt + event.text.length)),
      index: event.index,
      frame: event.frame,
    };
  }
}

/** The same text in memory of its own: a slice compares slowly, and keeps the whole it was cut from. */
function flat(text: string): string {
  return Buffer.from(text).toString();
}
