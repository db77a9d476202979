import type { Policy } from "../autoscale/policy.ts";
import type { Signals } from "../autoscale/signals.ts";
import { type AdmissionRules, Admission } from "./admission.ts";
import { Fleet } from "./fleet.ts";
import type { Calls, Replica, ReplicaListener, ReplicaSpec } from "./replica.ts";
import type { Trace } from "./trace.ts";

/** What a call must get to be counted as answered in time. */
export interface Slo {
  readonly ttftMs: number;
  /** A long prompt may take so many times what an idle replica needs for it, if that is more. */
  readonly ttftFactor: number;
  /** The mean time between its tokens. */
  readonly itlMs: number;
}

export interface SimulationSettings {
  readonly policy: Policy;
  readonly spec: ReplicaSpec;
  readonly slo: Slo;
  readonly admission: AdmissionRules;
  readonly startDelayMs: number;
  readonly intervalMs: number;
  /** Replicas that are ready when the first call comes. */
  readonly initial: number;
  /** What comes before this time is neither counted nor paid: each policy finds its level first. */
  readonly warmUpMs?: number;
  /** The epoch time of the trace's beginning, for scheduled bounds. */
  readonly beginsAt?: number;
  /** Called now and then with the share that is done. */
  readonly onProgress?: (share: number) => void;
}

export interface SimulationResult {
  readonly calls: number;
  /** Calls that met the SLO. */
  readonly inTime: number;
  /** Calls that waited for room longer than the gateway lets them. */
  readonly refused: number;
  readonly ttftLate: number;
  readonly itlLate: number;
  /** From the first call to the end of the trace; starting and draining ones cost as well. */
  readonly replicaHours: number;
  readonly peak: number;
  /** How often the size was changed. */
  readonly changes: number;
  /** Of times to the first token, sorted: refused calls are not among them. */
  readonly ttftMs: Float64Array;
  /** At each decision. */
  readonly timeline: readonly TimelinePoint[];
}

export interface TimelinePoint {
  readonly at: number;
  readonly ready: number;
  readonly wanted: number;
  readonly waiting: number;
}

/** Long enough for all that was taken to end, whatever the load: then something is wrong. */
const MOST_OVERTIME_MS = 48 * 3_600_000;

/** Runs a trace against a policy. The same trace and settings give the same result, to the last digit. */
export function simulate(trace: Trace, settings: SimulationSettings): SimulationResult {
  return new Simulation(trace, settings).run();
}

class Simulation implements ReplicaListener {
  private readonly trace: Trace;
  private readonly settings: SimulationSettings;
  private readonly calls: Calls;
  private readonly fleet: Fleet;
  private readonly admission: Admission;
  private readonly firstAt: Float64Array;
  private readonly timeline: TimelinePoint[] = [];
  private interval = noCalls();
  private open = 0;
  private running = 0;
  private inTime = 0;
  private refused = 0;
  private ttftLate = 0;
  private itlLate = 0;
  private peak = 0;
  private paidMs = 0;
  private paidUntil: number;
  private readonly warmUpMs: number;
  /** Calls that came during the warm-up: the first that counts. */
  private readonly firstCounted: number;

  constructor(trace: Trace, settings: SimulationSettings) {
    const count = trace.at.length;
    this.trace = trace;
    this.settings = settings;
    this.warmUpMs = settings.warmUpMs ?? 0;
    this.paidUntil = this.warmUpMs;
    const counted = trace.at.findIndex((at) => at >= this.warmUpMs);
    this.firstCounted = counted === -1 ? count : counted;
    this.firstAt = new Float64Array(count).fill(NaN);
    this.calls = {
      prompt: trace.prompt,
      output: trace.output,
      blocks: trace.blocks,
      made: new Int32Array(count),
      cached: new Int32Array(count),
    };
    const { spec, startDelayMs, initial, admission: rules } = settings;
    this.fleet = new Fleet({ spec, calls: this.calls, listener: this, startDelayMs }, initial);
    this.admission = new Admission({
      rules,
      at: trace.at,
      prompt: trace.prompt,
      client: trace.client,
      refused: (call) => {
        if (call >= this.firstCounted) this.refused += 1;
        this.open -= 1;
      },
    });
  }

  run(): SimulationResult {
    const { at, spanMs } = this.trace;
    const { intervalMs } = this.settings;
    let next = 0;
    let tickAt = intervalMs;
    while (next < at.length || this.open > 0 || tickAt <= spanMs) {
      const arrival = at[next] ?? Infinity;
      const outside = Math.min(arrival, tickAt, this.fleet.nextReadyAt);
      const replica = this.firstBefore(outside);
      if (replica) this.advance(replica);
      else if (outside === this.fleet.nextReadyAt) this.becomeReady(outside);
      else if (outside === arrival) this.arrive(next++, arrival);
      else {
        this.tick(tickAt);
        tickAt += intervalMs;
      }
      if (tickAt > spanMs + MOST_OVERTIME_MS) throw new Error("the simulated calls never end");
    }
    return this.result();
  }

  first(call: number, replica: Replica, now: number): void {
    const lane = this.admission.laneOf(call);
    replica.waitingTokens[lane] -= this.trace.prompt[call] ?? 0;
    this.firstAt[call] = now;
    this.running += 1;
    this.mayHaveRoom = true;
  }

  finished(call: number, _replica: Replica, now: number): void {
    const { prompt, output, at } = this.trace;
    const [promptTokens = 1, outputTokens = 1] = [prompt[call], output[call]];
    this.open -= 1;
    this.running -= 1;
    const { finished } = this.interval;
    finished.requests += 1;
    finished.promptTokens += promptTokens;
    finished.cachedTokens += this.calls.cached[call] ?? 0;
    finished.outputTokens += outputTokens;
    if (call < this.firstCounted) return;
    const [came = 0, first = 0] = [at[call], this.firstAt[call]];
    const { slo } = this.settings;
    const itlMs = outputTokens > 1 ? (now - first) / (outputTokens - 1) : 0;
    const isFirstLate = first - came > this.latestMs(promptTokens);
    const isSlow = itlMs > slo.itlMs;
    if (isFirstLate) this.ttftLate += 1;
    if (isSlow) this.itlLate += 1;
    if (!isFirstLate && !isSlow) this.inTime += 1;
  }

  private mayHaveRoom = false;

  private latestMs(promptTokens: number): number {
    const { spec, slo } = this.settings;
    const steps = Math.ceil(promptTokens / spec.chunkTokens);
    const idealMs = steps * spec.baseMs + promptTokens * spec.promptTokenMs;
    return Math.max(slo.ttftMs, slo.ttftFactor * idealMs);
  }

  /** The replica whose phase ends first, if that is before a time. */
  private firstBefore(time: number): Replica | undefined {
    let found: Replica | undefined;
    let best = time;
    for (const replica of this.fleet.ready) {
      if (replica.nextAt <= best && (!found || replica.nextAt < best)) {
        found = replica;
        best = replica.nextAt;
      }
    }
    for (const replica of this.fleet.draining) {
      if (replica.nextAt <= best && (!found || replica.nextAt < best)) {
        found = replica;
        best = replica.nextAt;
      }
    }
    return found;
  }

  private advance(replica: Replica): void {
    const now = replica.nextAt;
    replica.advance();
    if (replica.inFlight === 0 && this.fleet.draining.length > 0) {
      this.pay(now);
      this.fleet.dropDrained();
    }
    if (!this.mayHaveRoom) return;
    this.mayHaveRoom = false;
    this.admission.pump(this.fleet.ready, now);
  }

  private arrive(call: number, now: number): void {
    this.open += 1;
    this.interval.arrived.requests += 1;
    this.interval.arrived.promptTokens += this.trace.prompt[call] ?? 0;
    this.admission.arrive(call, this.fleet.ready, now);
  }

  private becomeReady(now: number): void {
    this.fleet.becomeReady();
    this.admission.pump(this.fleet.ready, now);
  }

  private tick(now: number): void {
    const { policy, onProgress } = this.settings;
    this.admission.pump(this.fleet.ready, now);
    const { replicas } = policy.decide(this.signals(now));
    this.pay(now);
    this.fleet.scaleTo(replicas, now);
    this.peak = Math.max(this.peak, this.fleet.ready.length);
    this.timeline.push({
      at: now,
      ready: this.fleet.ready.length,
      wanted: replicas,
      waiting: this.admission.waiting,
    });
    if (onProgress && this.timeline.length % 500 === 0) {
      onProgress(Math.min(1, now / this.trace.spanMs));
    }
  }

  private signals(now: number): Signals {
    const { fleet, settings } = this;
    const { arrived, finished } = this.interval;
    this.interval = noCalls();
    const resident = fleet.ready.reduce((all, { residentTokens }) => all + residentTokens, 0);
    const unread = fleet.ready.reduce(
      (all, one) => all + one.waitingTokens[0] + one.waitingTokens[1],
      0,
    );
    return {
      at: (settings.beginsAt ?? 0) + now,
      elapsedMs: settings.intervalMs,
      arrived,
      finished,
      waiting: {
        requests: this.open - this.running,
        promptTokens: this.admission.waitingTokens + unread,
      },
      running: this.running,
      replicas: {
        ready: fleet.ready.length,
        starting: fleet.startingCount,
        draining: fleet.draining.length,
      },
      kv: { residentTokens: resident, replicaTokens: settings.spec.kvTokens },
      ...fleet.takeSteps(settings.intervalMs),
      ...(fleet.startDelayMs !== undefined && { startDelayMs: fleet.startDelayMs }),
    };
  }

  /** What was there until now is paid for, but nothing after the end of the trace. */
  private pay(now: number): void {
    const until = Math.min(now, this.trace.spanMs);
    this.paidMs += Math.max(0, until - this.paidUntil) * this.fleet.paid;
    this.paidUntil = Math.max(this.paidUntil, until);
  }

  private result(): SimulationResult {
    this.pay(this.trace.spanMs);
    const ttftMs = this.firstAt
      .map((first, call) => first - (this.trace.at[call] ?? 0))
      .subarray(this.firstCounted);
    return {
      calls: this.trace.at.length - this.firstCounted,
      inTime: this.inTime,
      refused: this.refused,
      ttftLate: this.ttftLate,
      itlLate: this.itlLate,
      replicaHours: this.paidMs / 3_600_000,
      peak: this.peak,
      changes: this.fleet.changes,
      ttftMs: ttftMs.filter((ms) => !Number.isNaN(ms)).toSorted(),
      timeline: this.timeline,
    };
  }
}

function noCalls() {
  return {
    arrived: { requests: 0, promptTokens: 0 },
    finished: { requests: 0, promptTokens: 0, cachedTokens: 0, outputTokens: 0 },
  };
}
