import { BlockCache, BLOCK_TOKENS } from "./block-cache.ts";
import type { Timeline } from "./timeline.ts";

/**
 * A replica of an engine like vLLM, step by step: each step makes a token for every running sequence
 * and reads a chunk of the prompts that wait. A model of such an engine, calibrated on none.
 */

/** What a step costs: a fixed part, each running sequence, each resident token, each prompt token. */
const STEP_MS = 25;
const SEQUENCE_MS = 0.3;
const RESIDENT_MS = 5e-5;
const PROMPT_MS = 0.15;
const CHUNK_TOKENS = 1024;
const MOST_SEQUENCES = 256;
export const KV_TOKENS = 120_000;

/** One prompt to read and the answer to make. Each of the three is called when it happens. */
export interface Job {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** The names of the prompt's full blocks: equal beginnings have equal names. */
  readonly blocks: readonly number[];
  firstToken(): void;
  ended(): void;
  failed(): void;
}

interface Sequence {
  readonly job: Job;
  /** Prompt tokens that are still to be read; after a preemption also those it had made. */
  left: number;
  made: number;
  /** Tokens in memory that no other sequence shares. */
  own: number;
  /** Blocks that it holds in the cache. */
  held: readonly number[];
  /** The count of steps at which its last token is made. */
  finishAt: number;
}

/** How long a lone replica takes to read so long a prompt. */
export function idealPrefillMs(inputTokens: number): number {
  const steps = Math.ceil(inputTokens / CHUNK_TOKENS);
  return steps * STEP_MS + inputTokens * PROMPT_MS + (steps * inputTokens * RESIDENT_MS) / 2;
}

export class Replica {
  /** Prompt tokens that the cache spared it. */
  savedTokens = 0;
  private readonly timeline: Timeline;
  private cache = new BlockCache();
  private waiting: Sequence[] = [];
  /** The one whose prompt is read in part, and those that this step reads to their end. */
  private reading: Sequence[] = [];
  private running: Sequence[] = [];
  private readonly finishing = new Map<number, Sequence[]>();
  private own = 0;
  private steps = 0;
  private cancelStep: (() => void) | undefined;
  private isUp = true;

  constructor(timeline: Timeline) {
    this.timeline = timeline;
  }

  submit(job: Job): void {
    if (!this.isUp) {
      this.timeline.later(1, () => job.failed());
      return;
    }
    this.waiting.push({ job, left: 0, made: 0, own: 0, held: [], finishAt: 0 });
    // Others may come at the same moment: they share the first step.
    this.cancelStep ??= this.timeline.later(0, () => this.startStep());
  }

  /** All that runs fails, the cache is lost, and nothing is taken until it is back. */
  break(): void {
    this.isUp = false;
    this.cancelStep?.();
    this.cancelStep = undefined;
    const lost = [...this.running, ...this.reading, ...this.waiting];
    this.running = [];
    this.reading = [];
    this.waiting = [];
    this.finishing.clear();
    this.own = 0;
    this.cache = new BlockCache();
    for (const { job } of lost) job.failed();
  }

  comeBack(): void {
    this.isUp = true;
  }

  private get used(): number {
    return this.own + this.cache.heldTokens;
  }

  private startStep(): void {
    let room = CHUNK_TOKENS;
    const taken: [sequence: Sequence, tokens: number][] = [];
    while (room > 0) {
      const sequence = this.reading[taken.length] ?? this.admit();
      if (!sequence) break;
      const tokens = Math.min(room, sequence.left);
      taken.push([sequence, tokens]);
      room -= tokens;
    }
    const count = this.running.length;
    if (count === 0 && taken.length === 0) {
      this.cancelStep = undefined;
      return;
    }
    const ms =
      STEP_MS + count * SEQUENCE_MS + this.used * RESIDENT_MS + (CHUNK_TOKENS - room) * PROMPT_MS;
    this.cancelStep = this.timeline.later(ms, () => this.endStep(taken));
  }

  /** The next in line, if there is room for it. */
  private admit(): Sequence | undefined {
    const [next] = this.waiting;
    if (!next || this.running.length + this.reading.length >= MOST_SEQUENCES) return undefined;
    const { blocks, inputTokens } = next.job;
    const hits = this.cache.hold(blocks);
    const cached = hits.length * BLOCK_TOKENS;
    const fresh = inputTokens - cached + next.made;
    if (this.used + fresh > KV_TOKENS) {
      this.cache.release(hits);
      return undefined;
    }
    this.waiting.shift();
    this.reading.push(next);
    if (next.made === 0) this.savedTokens += cached;
    next.held = hits;
    // The last token is read even where all of them are in the cache.
    next.left = Math.max(1, fresh);
    this.setOwn(next, fresh);
    return next;
  }

  private endStep(taken: readonly (readonly [Sequence, number])[]): void {
    this.steps += 1;
    const ended = this.decode();
    const started: Sequence[] = [];
    for (const [sequence, tokens] of taken) {
      sequence.left -= tokens;
      if (sequence.left > 0) continue;
      this.reading.shift();
      if (this.promptRead(sequence)) started.push(sequence);
      if (sequence.made >= sequence.job.outputTokens) ended.push(sequence);
    }
    while (this.used > KV_TOKENS && this.running.length > 1) this.preempt();
    this.cache.shrinkTo(KV_TOKENS - this.own);
    // Whoever hears of it may hand in the next prompt at once: it is part of the next step.
    for (const { job } of started) job.firstToken();
    for (const { job } of ended) job.ended();
    if (this.cancelStep) this.startStep();
  }

  /** One token for each that runs; returns whose last one it was. */
  private decode(): Sequence[] {
    this.own += this.running.length;
    const ended = this.finishing.get(this.steps) ?? [];
    this.finishing.delete(this.steps);
    for (const sequence of ended) {
      sequence.own += this.madeSinceStart(sequence);
      sequence.made = sequence.job.outputTokens;
      this.stop(sequence);
    }
    return ended;
  }

  /** Its prompt is in memory and its next token made: whether that is its first. */
  private promptRead(sequence: Sequence): boolean {
    const { blocks, outputTokens } = sequence.job;
    const isFirst = sequence.made === 0;
    const added = this.cache.holdMore(sequence.held, blocks);
    sequence.held = blocks;
    sequence.made += 1;
    this.setOwn(sequence, sequence.own - added * BLOCK_TOKENS + 1);
    if (sequence.made >= outputTokens) {
      this.free(sequence);
      return isFirst;
    }
    sequence.finishAt = this.steps + outputTokens - sequence.made;
    this.running.push(sequence);
    const others = this.finishing.get(sequence.finishAt);
    if (others) others.push(sequence);
    else this.finishing.set(sequence.finishAt, [sequence]);
    return isFirst;
  }

  /** Memory is full: the youngest gives way, and its text is read anew when there is room. */
  private preempt(): void {
    const sequence = this.running.at(-1);
    if (!sequence) return;
    const made = this.madeSinceStart(sequence);
    sequence.own += made;
    sequence.made += made;
    this.stop(sequence);
    const same = this.finishing.get(sequence.finishAt);
    same?.splice(same.indexOf(sequence), 1);
    this.waiting.unshift(sequence);
  }

  private madeSinceStart({ finishAt, job, made }: Sequence): number {
    return job.outputTokens - made - (finishAt - this.steps);
  }

  private stop(sequence: Sequence): void {
    this.running.splice(this.running.indexOf(sequence), 1);
    this.free(sequence);
  }

  private free(sequence: Sequence): void {
    this.own -= sequence.own;
    sequence.own = 0;
    this.cache.release(sequence.held);
    sequence.held = [];
  }

  private setOwn(sequence: Sequence, tokens: number): void {
    this.own += tokens - sequence.own;
    sequence.own = tokens;
  }
}
