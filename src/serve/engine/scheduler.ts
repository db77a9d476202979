import type { ChatEvent, TokenLogprob } from "../../core/chat.ts";
import type { Clock } from "../../core/time.ts";
import type { CacheUse, CallProgress, HostCall } from "./messages.ts";
import { Pace } from "./pace.ts";
import { placePrompt, type Placement, type SlotView } from "./placement.ts";
import { Sequence, type Job, type Sampler } from "./sequence.ts";

/** A run of one slot's tokens inside a batch. */
export interface BatchPart {
  readonly slot: number;
  /** Where in the slot's sequence the first of `tokens` stands. */
  readonly position: number;
  readonly tokens: readonly number[];
  /** Whether the last token's logits are wanted. */
  readonly wantsOutput: boolean;
}

/** What the scheduler asks of the model. One thread, no promises: a step blocks until it is done. */
export interface Decoder {
  readonly slots: number;
  /** Per slot. */
  readonly contextTokens: number;
  /** Rough cost of `copy`. */
  readonly copyMs: number;
  /**
   * Computes the parts, which are sorted by slot. After `aborted` any of their tokens may or may not
   * be in the cache. Throws when the model cannot go on.
   */
  decode(parts: readonly BatchPart[]): "done" | "aborted";
  /** Forgets all but a slot's first tokens. False when it had to forget those too. */
  keep(slot: number, tokens: number): boolean;
  /** Replaces a slot's whole content by another slot's. */
  copy(from: number, to: number): void;
  isEnd(token: number): boolean;
  bytesOf(token: number): Uint8Array;
  /** Throws WeirError `invalid_request` when the call's grammar or biases make no sense. */
  createSampler(call: HostCall, index: number, prompt: readonly number[]): Sampler;
  logprob(output: number, token: number, top: number): TokenLogprob;
}

interface Slot {
  sequence: Sequence | undefined;
  /** What the cache holds while nobody sits here. */
  cached: number[];
  lastUsed: number;
}

interface Outgoing {
  readonly job: Job;
  started: boolean;
  events: ChatEvent[];
  done: CallProgress["done"];
}

/**
 * Continuous batching: every step computes one token of each running answer and a piece of the
 * prompts that wait for theirs; answers join and leave at every step. A state machine: `submit` and
 * `cancel` come between steps, `step` does the work, `takeProgress` tells what came of it.
 */
export class Scheduler {
  readonly #decoder: Decoder;
  readonly #now: Clock;
  readonly #stepMs: number;
  readonly #pace: Pace;
  readonly #slots: Slot[];
  #waiting: Sequence[] = [];
  #outgoing = new Map<number, Outgoing>();
  #uses = 0;

  constructor(decoder: Decoder, { stepMs, now }: { stepMs: number; now: Clock }) {
    this.#decoder = decoder;
    this.#now = now;
    this.#stepMs = stepMs;
    this.#pace = new Pace(stepMs);
    this.#slots = Array.from({ length: decoder.slots }, () => ({
      sequence: undefined,
      cached: [],
      lastUsed: 0,
    }));
  }

  /** Whether a step would do anything. */
  get busy(): boolean {
    return this.#waiting.length > 0 || this.#slots.some(({ sequence }) => sequence);
  }

  get pace(): Pace {
    return this.#pace;
  }

  get cacheUse(): CacheUse {
    let [running, kept] = [0, 0];
    for (const { sequence, cached } of this.#slots) {
      running += sequence?.computed ?? 0;
      kept += cached.length;
    }
    return { running, kept };
  }

  /** Queues a call whose prompt fits. Throws what the decoder's `createSampler` throws. */
  submit(call: HostCall, prompt: readonly number[]): void {
    const job: Job = {
      call,
      promptTokens: prompt.length,
      arrivedAt: this.#now(),
      startedAt: undefined,
      firstTokenAt: undefined,
      cachedTokens: 0,
      outputTokens: 0,
      sequences: [],
    };
    if (call.maxTokens === 0) {
      this.#closeEmpty(job);
      return;
    }
    const { contextTokens } = this.#decoder;
    try {
      for (let index = 0; index < call.n; index++) {
        const sampler = this.#decoder.createSampler(call, index, prompt);
        job.sequences.push(new Sequence(job, index, { prompt, sampler, contextTokens }));
      }
    } catch (cause) {
      for (const { sampler } of job.sequences) sampler.free();
      throw cause;
    }
    this.#waiting.push(...job.sequences);
  }

  /** Drops a call's answers, running or waiting; its slots keep what they computed. */
  cancel(id: number): void {
    this.#waiting = this.#waiting.filter((sequence) => {
      const isOurs = sequence.job.call.id === id;
      if (isOurs) sequence.sampler.free();
      return !isOurs;
    });
    for (const { sequence } of this.#slots) if (sequence?.job.call.id === id) this.#leave(sequence);
    this.#outgoing.delete(id);
  }

  /** Gives free slots to those who wait. `step` does it too; before it, one can tell who has started. */
  admit(): void {
    if (this.#waiting.length === 0) return;
    const costs = { tokenMs: this.#pace.tokenMs, copyMs: this.#decoder.copyMs };
    this.#waiting = this.#waiting.filter((sequence) => {
      if (!sequence.mayStart || !this.#slots.some((slot) => !slot.sequence)) return true;
      const placement = placePrompt(sequence.tokens, this.#views(), costs);
      if (placement) this.#seat(sequence, placement);
      return !placement;
    });
  }

  /** One decode for everybody. */
  step(): void {
    this.admit();
    const parts = this.#plan();
    if (parts.length === 0) return;
    const startedAt = this.#now();
    if (this.#decoder.decode(parts) === "aborted") {
      this.#rewind(parts);
      return;
    }
    this.#observe(parts, this.#now() - startedAt);
    this.#advance(parts);
  }

  /** What happened since the last time, one entry a call. */
  takeProgress(): CallProgress[] {
    if (this.#outgoing.size === 0) return [];
    const progress = Array.from(this.#outgoing, ([id, { job, started, events, done }]) => ({
      id,
      ...(started && { started }),
      ...(events.length > 0 && { events }),
      ...(done ? { done } : { soFar: usageOf(job) }),
    }));
    this.#outgoing = new Map();
    return progress;
  }

  #views(): SlotView[] {
    return this.#slots.map(({ sequence, cached, lastUsed }) => ({
      busy: sequence !== undefined,
      cached: sequence ? sequence.tokens.slice(0, sequence.computed) : cached,
      lastUsed,
    }));
  }

  #seat(sequence: Sequence, { slot: number, reused, copyFrom }: Placement): void {
    const slot = this.#slots[number];
    if (!slot) return;
    if (copyFrom !== undefined) this.#decoder.copy(copyFrom, number);
    sequence.computed = this.#decoder.keep(number, reused) ? reused : 0;
    sequence.slot = number;
    slot.sequence = sequence;
    slot.cached = [];
    const { job } = sequence;
    if (sequence.index === 0) job.cachedTokens = sequence.computed;
    if (job.startedAt === undefined) {
      job.startedAt = this.#now();
      this.#tell(job).started = true;
    }
  }

  #leave(sequence: Sequence): void {
    const slot = sequence.slot === undefined ? undefined : this.#slots[sequence.slot];
    sequence.sampler.free();
    sequence.finished = true;
    if (!slot) return;
    slot.cached = sequence.tokens.slice(0, sequence.computed);
    slot.lastUsed = ++this.#uses;
    slot.sequence = undefined;
  }

  /** One token of each running answer, and prompts in order of arrival while the pace has room. */
  #plan(): BatchPart[] {
    const seated = this.#slots.flatMap(({ sequence }) => (sequence ? [sequence] : []));
    const [prompts, streams] = [
      seated.filter((sequence) => !sequence.isGenerating),
      seated.filter((sequence) => sequence.isGenerating),
    ];
    const shares = new Map<Sequence, number>();
    let used = 0;
    for (const sequence of prompts.toSorted((a, b) => a.job.arrivedAt - b.job.arrivedAt)) {
      const most = this.#pace.chunkTokens(this.#streamsBefore(sequence, streams));
      const room = used === 0 ? most : Math.min(most, this.#pace.sharedTokens);
      const share = Math.max(0, Math.min(room - used, sequence.pending));
      shares.set(sequence, share);
      used += share;
    }
    return seated.flatMap((sequence) => {
      const share = shares.get(sequence) ?? 1;
      return share === 0 ? [] : [partOf(sequence, share)];
    });
  }

  /**
   * The streams that a prompt must be gentle to: those that were flowing when it came. Calls that come
   * together are computed together, else the first of them to speak would slow all the others down.
   */
  #streamsBefore({ job }: Sequence, streams: readonly Sequence[]): number {
    const flowing = streams.filter(
      (stream) => (stream.job.firstTokenAt ?? Infinity) + this.#stepMs < job.arrivedAt,
    );
    return flowing.length;
  }

  #rewind(parts: readonly BatchPart[]): void {
    for (const { slot } of parts) {
      const sequence = this.#slots[slot]?.sequence;
      if (sequence && !this.#decoder.keep(slot, sequence.computed)) sequence.computed = 0;
    }
  }

  #observe(parts: readonly BatchPart[], elapsedMs: number): void {
    let streams = 0;
    let promptTokens = 0;
    for (const { slot, tokens } of parts)
      if (this.#slots[slot]?.sequence?.isGenerating) streams++;
      else promptTokens += tokens.length;
    this.#pace.observe(elapsedMs, { promptTokens, streams });
  }

  #advance(parts: readonly BatchPart[]): void {
    let output = -1;
    for (const { slot, tokens, wantsOutput } of parts) {
      output += tokens.length;
      const sequence = this.#slots[slot]?.sequence;
      if (!sequence) continue;
      sequence.computed += tokens.length;
      if (wantsOutput) this.#sample(sequence, output);
    }
  }

  #sample(sequence: Sequence, output: number): void {
    const { job } = sequence;
    job.firstTokenAt ??= this.#now();
    const id = sequence.sampler.sample(output);
    const top = job.call.topLogprobs;
    const events = sequence.take(
      id === undefined
        ? undefined
        : {
            id,
            isEnd: this.#decoder.isEnd(id),
            bytes: this.#decoder.bytesOf(id),
            logprob: top === undefined ? undefined : this.#decoder.logprob(output, id, top),
          },
    );
    if (events.length > 0) this.#tell(job).events.push(...events);
    if (!sequence.finished) return;
    this.#leave(sequence);
    if (job.sequences.every(({ finished }) => finished)) this.#close(job);
  }

  /** Nothing is to be said: the prompt is counted and that is all. */
  #closeEmpty(job: Job): void {
    const outgoing = this.#tell(job);
    outgoing.started = true;
    for (let index = 0; index < job.call.n; index++)
      outgoing.events.push({ type: "finish", index, reason: "length" });
    this.#close(job);
  }

  #close(job: Job): void {
    const now = this.#now();
    const startedAt = job.startedAt ?? now;
    const firstTokenAt = job.firstTokenAt ?? now;
    this.#tell(job).done = {
      ...usageOf(job),
      timings: {
        queuedMs: startedAt - job.arrivedAt,
        promptMs: firstTokenAt - startedAt,
        generationMs: now - firstTokenAt,
      },
    };
  }

  #tell(job: Job): Outgoing {
    const { id } = job.call;
    let outgoing = this.#outgoing.get(id);
    if (!outgoing) {
      outgoing = { job, started: false, events: [], done: undefined };
      this.#outgoing.set(id, outgoing);
    }
    return outgoing;
  }
}

function usageOf({ promptTokens, outputTokens, cachedTokens }: Job) {
  return { inputTokens: promptTokens, outputTokens, cachedTokens };
}

function partOf(sequence: Sequence, share: number): BatchPart {
  const { slot = 0, computed, pending } = sequence;
  return {
    slot,
    position: computed,
    tokens: sequence.tokens.slice(computed, computed + share),
    wantsOutput: share === pending,
  };
}
