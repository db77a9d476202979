import type { CallRecord } from "../../core/call.ts";
import type { Nanos } from "../../core/money.ts";
import { hashOf } from "./own-prices.ts";

/**
 * What a call costs on a machine of one's own. The machine costs so much an hour, busy or not:
 *
 *     cost of an hour   = gpus × (gpuHour + watts ÷ 1000 × perKwh)
 *     cost of a token   = cost of an hour × busy time ÷ tokens, both of the last 15 minutes
 *     cost of a call    = its tokens, in and out, × cost of a token
 *
 * Busy is the time in which at least one call ran there; calls that ran together share it by their
 * tokens. The rest of the machine's time is nobody's: reports show it apart, as idle.
 */

/** As weir.yaml says it of a target. Amounts are nano-dollars. */
export interface MachineCost {
  readonly gpuHour: Nanos;
  readonly gpus: number;
  readonly watts: number;
  readonly perKwh: Nanos;
}

export const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** Of which utilisation is measured. */
const WINDOW_MINUTES = 15;
/** Idle stretches that a long call may turn out to have filled. */
const MOST_GAPS = 200;

export function hourlyNanos({ gpuHour, gpus, watts, perKwh }: MachineCost): Nanos {
  return Math.round(gpus * (gpuHour + (watts / 1000) * perKwh));
}

export function infraVersion(cost: MachineCost): string {
  return `infra@${hashOf(cost)}`;
}

interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** One machine's use. Calls come as they end; times are epoch milliseconds. */
export class MachineMeter {
  /** The minutes of the window, by `minute % WINDOW_MINUTES`. */
  private readonly minutes = Array.from({ length: WINDOW_MINUTES }, () => ({
    minute: -1,
    busyMs: 0,
    tokens: 0,
  }));
  /** When the machine was last known to be busy, and the idle stretches before that. */
  private busyTo = -Infinity;
  private gaps: Stretch[] = [];

  /** Counts a call, and gives nano-dollars for each of its tokens. */
  took({ from, to }: Stretch, tokens: number, hourly: Nanos): number {
    const minute = Math.floor(to / MINUTE_MS);
    const slot = this.minutes[minute % WINDOW_MINUTES];
    if (!slot) return 0; // there is one for each remainder
    if (slot.minute < minute) Object.assign(slot, { minute, busyMs: 0, tokens: 0 });
    slot.busyMs += this.cover({ from, to: Math.max(from, to) });
    slot.tokens += tokens;
    let busyMs = 0;
    let all = 0;
    for (const one of this.minutes) {
      if (one.minute <= minute - WINDOW_MINUTES) continue;
      busyMs += one.busyMs;
      all += one.tokens;
    }
    return all === 0 ? 0 : (hourly * (busyMs / HOUR_MS)) / all;
  }

  /** Marks a stretch as busy; gives how much of it was not known to be. */
  private cover({ from, to }: Stretch): number {
    let added = Math.max(0, to - Math.max(from, this.busyTo));
    const left: Stretch[] = [];
    for (const gap of this.gaps) {
      const filled = Math.min(to, gap.to) - Math.max(from, gap.from);
      if (filled <= 0) {
        left.push(gap);
        continue;
      }
      added += filled;
      if (gap.from < from) left.push({ from: gap.from, to: from });
      if (to < gap.to) left.push({ from: to, to: gap.to });
    }
    if (from > this.busyTo) {
      left.push({ from: Math.max(this.busyTo, from - WINDOW_MINUTES * MINUTE_MS), to: from });
    }
    this.gaps = left.slice(-MOST_GAPS);
    this.busyTo = Math.max(this.busyTo, to);
    return added;
  }
}

/** A machine that answers calls: two targets that are the same server have one. */
export interface Machine {
  readonly id: string;
  readonly cost: MachineCost;
}

/** Prices calls by what their machines cost. `machineOf` finds the machine of a model's target. */
export function createInfraPricing(
  machineOf: (model: string, target: string) => Machine | undefined,
) {
  const meters = new Map<string, MachineMeter>();
  return (call: CallRecord): CallRecord => {
    const machine = call.target === null ? undefined : machineOf(call.model, call.target);
    const ran = machine && call.timeline.attempts.findLast(({ target }) => target === call.target);
    if (!machine || !ran) return call;
    let meter = meters.get(machine.id);
    if (!meter) meters.set(machine.id, (meter = new MachineMeter()));
    const { inputTokens, outputTokens } = call.usage;
    const stretch = { from: call.at + ran.startedAt, to: call.at + ran.endedAt };
    const each = meter.took(stretch, inputTokens + outputTokens, hourlyNanos(machine.cost));
    const input = Math.round(inputTokens * each);
    const output = Math.round(outputTokens * each);
    return {
      ...call,
      costNanos: input + output,
      inputCostNanos: input,
      outputCostNanos: output,
      priceVersion: infraVersion(machine.cost),
    };
  };
}
