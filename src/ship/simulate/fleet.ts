import type { StepSample } from "../autoscale/signals.ts";
import { type Calls, Replica, type ReplicaListener, type ReplicaSpec, noSteps } from "./replica.ts";

interface Needs {
  readonly spec: ReplicaSpec;
  readonly calls: Calls;
  readonly listener: ReplicaListener;
  readonly startDelayMs: number;
}

/** The replicas of a simulated model: those that start, those that work, those that end what they have. */
export class Fleet {
  ready: Replica[] = [];
  draining: Replica[] = [];
  /** How often the wanted number changed. */
  changes = 0;
  private readonly needs: Needs;
  /** When those that were asked for will be ready, the first to be so first. */
  private starting: number[] = [];
  private measuredDelayMs: number | undefined;

  constructor(needs: Needs, size: number) {
    this.needs = needs;
    for (let at = 0; at < size; at++) this.ready.push(this.open());
  }

  get startingCount(): number {
    return this.starting.length;
  }

  /** How long the last one took; undefined before any was started. */
  get startDelayMs(): number | undefined {
    return this.measuredDelayMs;
  }

  /** All that are paid for. */
  get paid(): number {
    return this.ready.length + this.starting.length + this.draining.length;
  }

  /** When the next one will be ready; Infinity while none starts. */
  get nextReadyAt(): number {
    return this.starting[0] ?? Infinity;
  }

  becomeReady(): void {
    this.starting.shift();
    this.measuredDelayMs = this.needs.startDelayMs;
    this.ready.push(this.open());
  }

  /** Starts or drains until so many are ready or starting. What starts is given up first, the last one first. */
  scaleTo(wanted: number, now: number): void {
    const size = this.ready.length + this.starting.length;
    if (wanted === size) return;
    this.changes += 1;
    for (let more = size; more < wanted; more++) this.starting.push(now + this.needs.startDelayMs);
    for (let fewer = size; fewer > wanted; fewer--) {
      if (this.starting.length > 0) this.starting.pop();
      else this.drainIdlest();
    }
  }

  /** Those that have ended what they had are gone. */
  dropDrained(): void {
    if (this.draining.length === 0) return;
    this.draining = this.draining.filter(({ inFlight }) => inFlight > 0);
  }

  /** What the steps of each replica came to since this was asked last, and how busy the ready ones were. */
  takeSteps(elapsedMs: number): { readonly steps: StepSample[]; readonly busyShare: number } {
    const steps: StepSample[] = [];
    let busyMs = 0;
    for (const replica of this.ready) {
      const { sums } = replica;
      replica.sums = noSteps();
      busyMs += Math.min(elapsedMs, sums.ms);
      if (sums.steps === 0) continue;
      steps.push({
        ms: sums.ms / sums.steps,
        running: sums.running / sums.steps,
        kvTokens: sums.kvTokens / sums.steps,
        promptTokens: sums.promptTokens / sums.steps,
      });
    }
    return { steps, busyShare: busyMs / (elapsedMs * Math.max(1, this.ready.length)) };
  }

  private open(): Replica {
    const { spec, calls, listener } = this.needs;
    return new Replica(spec, calls, listener);
  }

  private drainIdlest(): void {
    let idlest = 0;
    this.ready.forEach(({ inFlight }, at) => {
      if (inFlight <= (this.ready[idlest]?.inFlight ?? 0)) idlest = at;
    });
    const [replica] = this.ready.splice(idlest, 1);
    if (replica && replica.inFlight > 0) this.draining.push(replica);
  }
}
