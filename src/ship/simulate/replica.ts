import { type StepCost, stepMs } from "../autoscale/step-model.ts";
import { FinishHeap } from "./finish-heap.ts";
import { PrefixCache } from "./prefix-cache.ts";

/** What one replica can do. */
export interface ReplicaSpec extends StepCost {
  /** Prompt tokens that are read in one step at most. */
  readonly chunkTokens: number;
  readonly maxRunning: number;
  readonly kvTokens: number;
}

/** What all replicas of a simulation share: columns by the number of a call. */
export interface Calls {
  readonly prompt: Int32Array;
  readonly output: Int32Array;
  readonly blocks: readonly (readonly number[])[] | undefined;
  /** Tokens that were made before a call was put back for want of room. */
  readonly made: Int32Array;
  /** Tokens of its prompt that were in the cache when it was read first. */
  readonly cached: Int32Array;
}

/** Hears what comes of the calls of a replica. */
export interface ReplicaListener {
  /** Its prompt is read and its first token made. Called once for a call, even if it is put back later. */
  first(call: number, replica: Replica, at: number): void;
  finished(call: number, replica: Replica, at: number): void;
}

/** What its steps came to since they were last taken. */
export interface StepSums {
  steps: number;
  ms: number;
  running: number;
  kvTokens: number;
  promptTokens: number;
}

/** vLLM's watermark: the share of the cache that new prompts leave free. */
const KV_RESERVE = 0.01;

/** A prompt that is being read, and how much of it is left. */
interface Reading {
  readonly call: number;
  left: number;
  /** What is in the cache once it is read. */
  readonly tokens: number;
}

/**
 * A server with continuous batching and chunked prefill, in whole steps: in each every running sequence
 * makes a token, and the next prompts in line are read, as many tokens as fit. Steps that are alike are
 * taken at once, as one phase with a closed sum for their time. Where the cache is full the youngest
 * sequence is put back and read again later, as vLLM does it.
 */
export class Replica {
  /** When its phase ends; Infinity while there is nothing to do. */
  nextAt = Infinity;
  inFlight = 0;
  residentTokens = 0;
  /** Prompt tokens without a first token, in the lanes of small and large prompts: the gateway's own count. */
  readonly waitingTokens: [number, number] = [0, 0];
  sums: StepSums = noSteps();
  private readonly spec: ReplicaSpec;
  private readonly calls: Calls;
  private readonly listener: ReplicaListener;
  private readonly running = new FinishHeap();
  private readonly waiting: number[] = [];
  private waitingFrom = 0;
  private reading: Reading[] = [];
  private readonly cache: PrefixCache | undefined;
  /** Tokens that a sequence has made that ran from the beginning. */
  private position = 0;
  private phaseAt = 0;
  private phaseSteps = 0;
  private phasePrompt = 0;

  constructor(spec: ReplicaSpec, calls: Calls, listener: ReplicaListener) {
    this.spec = spec;
    this.calls = calls;
    this.listener = listener;
    this.cache = calls.blocks && new PrefixCache(spec.kvTokens);
  }

  get runningCount(): number {
    return this.running.size;
  }

  add(call: number, now: number): void {
    this.inFlight += 1;
    this.waiting.push(call);
    if (this.nextAt === Infinity) this.plan(now);
    // A phase of decoding is long; whoever comes is let in after the step that runs.
    else if (this.phasePrompt === 0 && this.phaseSteps > 1) this.shorten(now);
  }

  /** The phase is over: what came of it, and what comes next. */
  advance(): void {
    const now = this.nextAt;
    const { phaseSteps, phasePrompt, running, sums } = this;
    const count = running.size;
    sums.steps += phaseSteps;
    sums.ms += now - this.phaseAt;
    sums.running += count * phaseSteps;
    sums.kvTokens += phaseSteps * (this.residentTokens + (count * (phaseSteps - 1)) / 2);
    sums.promptTokens += phasePrompt * phaseSteps;
    this.position += phaseSteps;
    this.residentTokens += phaseSteps * count;
    this.finishRunning(now);
    if (phasePrompt > 0) this.read(phasePrompt * phaseSteps, now);
    this.plan(now);
  }

  private finishRunning(now: number): void {
    const { running, calls } = this;
    while (running.size > 0 && running.firstPosition <= this.position) {
      const call = running.takeFirst();
      this.residentTokens -= (calls.prompt[call] ?? 0) + (calls.output[call] ?? 0);
      this.inFlight -= 1;
      this.listener.finished(call, this, now);
    }
  }

  private read(tokens: number, now: number): void {
    let left = tokens;
    while (left > 0) {
      const head = this.reading[0];
      if (!head) return;
      const taken = Math.min(left, head.left);
      head.left -= taken;
      left -= taken;
      if (head.left > 0) return;
      this.reading.shift();
      this.start(head, now);
    }
  }

  /** A prompt is read: its sequence has its first token and runs, or is over already. */
  private start({ call }: Reading, now: number): void {
    const made = this.calls.made[call] ?? 0;
    if (made === 0) this.listener.first(call, this, now);
    this.residentTokens += 1;
    const left = (this.calls.output[call] ?? 1) - made - 1;
    this.running.add(this.position + Math.max(0, left), call);
    if (left <= 0) this.finishRunning(now);
  }

  private plan(now: number): void {
    this.admit();
    const { reading, running, spec } = this;
    this.phaseAt = now;
    const count = running.size;
    const untilFinish = count > 0 ? running.firstPosition - this.position : Infinity;
    if (reading.length === 0 && count === 0) {
      this.nextAt = Infinity;
      return;
    }
    const isAlone = count + reading.length === 1;
    const untilFull = isAlone
      ? Infinity
      : Math.floor((spec.kvTokens - this.residentTokens) / Math.max(1, count));
    if (untilFull < 1) {
      this.putBackYoungest();
      this.plan(now);
      return;
    }
    const most = Math.max(1, Math.min(untilFinish, untilFull));
    const head = reading[0]?.left ?? 0;
    if (head >= spec.chunkTokens) {
      this.phasePrompt = spec.chunkTokens;
      this.phaseSteps = Math.min(most, Math.floor(head / spec.chunkTokens));
    } else {
      this.phasePrompt = Math.min(spec.chunkTokens, this.unread);
      this.phaseSteps = this.phasePrompt > 0 ? 1 : most;
    }
    this.nextAt = now + this.msOf(this.phaseSteps);
  }

  private get unread(): number {
    let all = 0;
    for (const { left } of this.reading) all += left;
    return all;
  }

  /** Lets prompts in, in their order, while the cache has room for them. */
  private admit(): void {
    const { spec, calls } = this;
    while (this.waitingFrom < this.waiting.length) {
      const call = this.waiting[this.waitingFrom] ?? 0;
      const tokens = (calls.prompt[call] ?? 0) + (calls.made[call] ?? 0);
      const inside = this.running.size + this.reading.length;
      // Room to grow: who was just put back for want of it must not come in again at once.
      const room = spec.kvTokens - Math.max(spec.kvTokens * KV_RESERVE, inside + 1);
      const fits = this.residentTokens + tokens < room && inside < spec.maxRunning;
      if (!fits && inside > 0) return;
      this.takeWaiting();
      this.residentTokens += tokens;
      this.reading.push({ call, left: Math.max(1, tokens - this.cachedOf(call)), tokens });
    }
  }

  private takeWaiting(): void {
    this.waitingFrom += 1;
    if (this.waitingFrom < 64 || this.waitingFrom * 2 < this.waiting.length) return;
    this.waiting.splice(0, this.waitingFrom);
    this.waitingFrom = 0;
  }

  private cachedOf(call: number): number {
    const blocks = this.calls.blocks?.[call];
    if (!this.cache || !blocks) return 0;
    const cached = Math.min(this.cache.use(blocks), (this.calls.prompt[call] ?? 1) - 1);
    if ((this.calls.made[call] ?? 0) === 0) this.calls.cached[call] = cached;
    return cached;
  }

  /** Its tokens are thrown away; it is the next in line, with all that it had made to read again. */
  private putBackYoungest(): void {
    const reading = this.reading.pop();
    if (reading) {
      this.residentTokens -= reading.tokens;
      this.putInFront(reading.call);
      return;
    }
    const { calls } = this;
    const { call, position } = this.running.takeYoungest();
    const made = (calls.output[call] ?? 1) - (position - this.position);
    this.residentTokens -= (calls.prompt[call] ?? 0) + made;
    calls.made[call] = made;
    this.putInFront(call);
  }

  private putInFront(call: number): void {
    if (this.waitingFrom > 0) this.waiting[--this.waitingFrom] = call;
    else this.waiting.unshift(call);
  }

  /** The time of so many steps that are alike but for the tokens that they add. */
  private msOf(steps: number): number {
    const running = this.running.size;
    const { residentTokens: kvTokens, phasePrompt: promptTokens, spec } = this;
    const first = stepMs(spec, { running, kvTokens, promptTokens });
    return steps * first + (spec.kvTokenMs * running * steps * (steps - 1)) / 2;
  }

  private shorten(now: number): void {
    const growth = (this.spec.kvTokenMs * this.running.size) / 2;
    const linear = this.msOf(1) - growth;
    const spent = now - this.phaseAt;
    const exact =
      growth > 0
        ? (Math.sqrt(linear * linear + 4 * growth * spent) - linear) / (2 * growth)
        : spent / linear;
    const steps = Math.max(1, Math.ceil(exact));
    if (steps >= this.phaseSteps) return;
    this.phaseSteps = steps;
    this.nextAt = Math.max(now, this.phaseAt + this.msOf(steps));
  }
}

export function noSteps(): StepSums {
  return { steps: 0, ms: 0, running: 0, kvTokens: 0, promptTokens: 0 };
}
