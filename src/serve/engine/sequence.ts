import type { ChatEvent, FinishReason, TokenLogprob } from "../../core/chat.ts";
import type { HostCall } from "./messages.ts";
import { TextStream } from "./text-stream.ts";

/** Chooses one answer's tokens. It belongs to one sequence, which frees it. */
export interface Sampler {
  /** A token for the batch's output at this index; undefined when the grammar allows none. */
  sample(output: number): number | undefined;
  free(): void;
}

/** A sampled token as the vocabulary knows it. */
export interface SampledToken {
  readonly id: number;
  readonly isEnd: boolean;
  readonly bytes: Uint8Array;
  readonly logprob: TokenLogprob | undefined;
}

/** A call inside the scheduler: what its answers share. Times are on the host's clock. */
export interface Job {
  readonly call: HostCall;
  readonly promptTokens: number;
  readonly arrivedAt: number;
  startedAt: number | undefined;
  firstTokenAt: number | undefined;
  cachedTokens: number;
  outputTokens: number;
  sequences: Sequence[];
}

/**
 * One answer in the making: its tokens (the prompt's, then its own), how many of them stand in the
 * KV cache, and the text that may be shown. It knows nothing of slots' neighbours or of the library.
 */
export class Sequence {
  readonly job: Job;
  readonly index: number;
  readonly tokens: number[];
  readonly sampler: Sampler;
  /** How many of `tokens` the KV cache holds. */
  computed = 0;
  slot: number | undefined;
  finished = false;
  #generated = 0;
  #logprobs: TokenLogprob[] = [];
  readonly #text: TextStream;
  readonly #contextTokens: number;

  constructor(
    job: Job,
    index: number,
    needs: { prompt: readonly number[]; sampler: Sampler; contextTokens: number },
  ) {
    this.job = job;
    this.index = index;
    this.tokens = [...needs.prompt];
    this.sampler = needs.sampler;
    this.#text = new TextStream(job.call.stop);
    this.#contextTokens = needs.contextTokens;
  }

  /** Tokens that must still be computed before the next one can be chosen. */
  get pending(): number {
    return this.tokens.length - this.computed;
  }

  get isGenerating(): boolean {
    return this.#generated > 0 && this.pending === 1;
  }

  /** Answers beyond the first wait until the first has computed the prompt that they share. */
  get mayStart(): boolean {
    const first = this.job.sequences[0];
    return this.index === 0 || !first || first.finished || first.computed >= this.job.promptTokens;
  }

  /** Takes the next token, or the grammar's refusal to give one. Returns what the client may know. */
  take(token: SampledToken | undefined): ChatEvent[] {
    if (token) {
      this.#generated++;
      this.job.outputTokens++;
      this.tokens.push(token.id);
    }
    if (!token || token.isEnd) return this.#finish("stop", this.#text.end());
    if (token.logprob) this.#logprobs.push(token.logprob);
    const { text, stopped } = this.#text.push(token.bytes);
    if (stopped) return this.#finish("stop", text);
    const most = this.job.call.maxTokens ?? Infinity;
    if (this.#generated >= most || this.tokens.length >= this.#contextTokens)
      return this.#finish("length", text + this.#text.end());
    return this.#delta(text);
  }

  #finish(reason: FinishReason, text: string): ChatEvent[] {
    this.finished = true;
    return [...this.#delta(text), { type: "finish", index: this.index, reason }];
  }

  #delta(text: string): ChatEvent[] {
    if (text === "") return [];
    if (this.job.call.topLogprobs === undefined)
      return [{ type: "text-delta", index: this.index, text }];
    const logprobs = this.#logprobsFor(text);
    return [{ type: "text-delta", index: this.index, text, logprobs }];
  }

  /** The tokens that this text is made of; those of text still held back stay behind. */
  #logprobsFor(text: string): TokenLogprob[] {
    let covered = 0;
    let count = 0;
    const bytes = Buffer.byteLength(text);
    while (count < this.#logprobs.length && covered < bytes)
      covered += this.#logprobs[count++]?.bytes.length ?? 0;
    return this.#logprobs.splice(0, count);
  }
}
