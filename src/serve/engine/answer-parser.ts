import type { ChatEvent, ToolDefinition } from "../../core/chat.ts";
import { CALL_TAGS, THINK_TAGS } from "./answer-form.ts";
import { readWrittenCalls } from "./written-calls.ts";

export interface AnswerParserOptions {
  /** Those that the model may call; none: nothing is taken for a call. */
  readonly tools: readonly ToolDefinition[];
  readonly thinks: boolean;
  /** The prompt ended inside a thought. */
  readonly startsThinking: boolean;
  readonly newCallId: () => string;
}

/**
 * Takes a model's text apart into thinking, calls and answer, as it arrives. Text is held only while
 * it may still be a tag, or an answer that is all JSON and may be a call. What turns out to be no call
 * is text after all: nothing that a model wrote is lost.
 */
export class AnswerParser {
  private readonly options: AnswerParserOptions;
  private readonly answers = new Map<number, Answer>();

  constructor(options: AnswerParserOptions) {
    this.options = options;
  }

  push(events: readonly ChatEvent[]): ChatEvent[] {
    return events.flatMap((event) => {
      if (event.type === "text-delta") return this.answer(event.index).push(event);
      return event.type === "finish" ? this.answer(event.index).finish(event) : [event];
    });
  }

  private answer(index: number): Answer {
    let answer = this.answers.get(index);
    if (!answer) {
      answer = new Answer(index, this.options);
      this.answers.set(index, answer);
    }
    return answer;
  }
}

type TextDelta = Extract<ChatEvent, { type: "text-delta" }>;
type Finish = Extract<ChatEvent, { type: "finish" }>;
type Mode = "start" | "thinking" | "text" | "call" | "json";

/** One of the answers of a call. */
class Answer {
  private readonly index: number;
  private readonly options: AnswerParserOptions;
  private mode: Mode;
  private held = "";
  private calls = 0;
  private hasThought = false;
  /** Blanks after a thought or a call belong to its form. */
  private skipsBlanks = false;
  private out: ChatEvent[] = [];

  constructor(index: number, options: AnswerParserOptions) {
    this.index = index;
    this.options = options;
    this.mode = options.startsThinking ? "thinking" : "start";
  }

  push(delta: TextDelta): ChatEvent[] {
    const wasIdle = this.mode === "text" && this.held === "";
    this.held += delta.text;
    this.skipBlanks();
    this.advance();
    const { out } = this;
    this.out = [];
    const [only, second] = out;
    // Untouched text keeps its logprobs.
    const isSame = wasIdle && !second && only?.type === "text-delta" && only.text === delta.text;
    return isSame ? [delta] : out;
  }

  finish(event: Finish): ChatEvent[] {
    if (this.mode === "json" || this.mode === "call") this.close(this.held, this.held);
    else this.say(this.held);
    this.held = "";
    const reason = this.calls > 0 && event.reason === "stop" ? "tool_calls" : event.reason;
    const out = [...this.out, { ...event, reason }];
    this.out = [];
    return out;
  }

  /** Goes on until what is held can mean two things. */
  private advance(): void {
    for (let before = ""; before !== this.held || this.mode === "start";) {
      before = this.held;
      if (this.mode === "start" && !this.begin()) return;
      else if (this.mode === "thinking") this.until(THINK_TAGS[1], "text", true);
      else if (this.mode === "text") this.readText();
      else if (this.mode === "call") this.until(CALL_TAGS[1], "text", false);
      if (this.mode === "json" || this.held === "") return;
    }
  }

  /** What the first characters say; false when they say nothing yet. */
  private begin(): boolean {
    const { thinks, tools } = this.options;
    const text = this.held.trimStart();
    if (thinks && !this.hasThought && isHalf(THINK_TAGS[0], text)) return false;
    if (thinks && !this.hasThought && text.startsWith(THINK_TAGS[0])) {
      this.held = text.slice(THINK_TAGS[0].length);
      this.mode = "thinking";
    } else if (text === "") {
      return false;
    } else if (tools.length > 0 && /^[{[]/.test(text)) this.mode = "json";
    else this.mode = "text";
    return true;
  }

  private readText(): void {
    if (this.options.tools.length === 0) {
      this.say(this.held);
      this.held = "";
      return;
    }
    const at = this.held.indexOf(CALL_TAGS[0]);
    if (at === -1) {
      this.release(CALL_TAGS[0], true);
      return;
    }
    // The blank lines before a call belong to its form.
    this.say(this.held.slice(0, at).trimEnd());
    this.held = this.held.slice(at + CALL_TAGS[0].length);
    this.mode = "call";
  }

  /** Reads on to the end tag. A thought is told as it comes, a call when it is whole. */
  private until(tag: string, next: Mode, isThought: boolean): void {
    const at = this.held.indexOf(tag);
    if (at === -1) {
      if (isThought) this.release(tag, false);
      return;
    }
    const inner = this.held.slice(0, at);
    this.held = this.held.slice(at + tag.length);
    if (isThought) {
      this.say(inner);
      this.hasThought = true;
      this.mode = "start";
    } else {
      this.mode = next;
      this.close(inner, `${CALL_TAGS[0]}${inner}${tag}`);
    }
    this.skipsBlanks = true;
    this.skipBlanks();
  }

  private skipBlanks(): void {
    if (!this.skipsBlanks) return;
    this.held = this.held.trimStart();
    this.skipsBlanks = this.held === "";
  }

  /** Lets go of everything but what may be the start of a tag, and the blanks before it. */
  private release(tag: string, withBlanks: boolean): void {
    let keep = Math.min(tag.length - 1, this.held.length);
    while (keep > 0 && !tag.startsWith(this.held.slice(-keep))) keep -= 1;
    const ready = this.held.slice(0, this.held.length - keep);
    const said = withBlanks ? ready.trimEnd() : ready;
    this.say(said);
    this.held = this.held.slice(said.length);
  }

  /** The end of what may be calls: told as such, or as the text that it was. */
  private close(inner: string, written: string): void {
    const { tools, newCallId } = this.options;
    const calls = readWrittenCalls(inner, tools);
    if (!calls) {
      this.mode = "text";
      this.say(written);
    }
    for (const { name, arguments: args } of calls ?? []) {
      const { index } = this;
      const call = this.calls++;
      const id = newCallId();
      this.out.push({ type: "tool-call-delta", index, call, id, name, arguments: args });
    }
  }

  private say(text: string): void {
    if (text === "") return;
    const type = this.mode === "thinking" ? "reasoning-delta" : "text-delta";
    this.out.push({ type, index: this.index, text });
  }
}

function isHalf(tag: string, text: string): boolean {
  return text.length < tag.length && tag.startsWith(text);
}
