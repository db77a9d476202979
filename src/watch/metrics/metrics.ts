import type { CallRecord } from "../../core/call.ts";
import {
  type Gauge,
  SECONDS,
  type Histogram,
  type Series,
  block,
  exposeCalls,
  exposeGauge,
  formatLabels,
} from "./exposition.ts";
import { createOverheadMetrics } from "./overhead.ts";

/** Prometheus metrics of the calls, written by hand: a few counters and histograms on the hot path. */
export interface Metrics {
  observe(call: CallRecord): void;
  /** So many more run, or fewer. */
  active(change: number): void;
  readonly live: {
    readonly activeCalls: number;
    callsPerSecond: number;
    outputTokensPerSecond: number;
  };
  /** The text exposition format, version 0.0.4. */
  expose(gauges: readonly Gauge[]): string;
}

const LIVE_SECONDS = 10;

export function createMetrics(now: () => number): Metrics {
  const series = new Map<string, Series>();
  const findings = new Map<string, number>();
  const overhead = createOverheadMetrics();
  const recent = createRecent(now);
  let activeCalls = 0;

  return {
    observe(call) {
      const entry = seriesOf(series, call);
      entry.calls += 1;
      entry.inputTokens += call.usage.inputTokens;
      entry.outputTokens += call.usage.outputTokens;
      entry.cachedTokens += call.usage.cachedTokens ?? 0;
      entry.costNanos += call.costNanos ?? 0;
      observe(entry.duration, call.durationMs / 1000);
      if (call.ttftMs !== null) observe(entry.ttft, call.ttftMs / 1000);
      for (const { detector, action, origin } of call.findings) {
        const labels = formatLabels({ detector, action, origin });
        findings.set(labels, (findings.get(labels) ?? 0) + 1);
      }
      overhead.observe(call.timeline);
      recent.add(call.usage.outputTokens);
    },
    active(change) {
      activeCalls += change;
    },
    get live() {
      return { activeCalls, ...recent.rates() };
    },
    expose: (gauges) =>
      exposeCalls([...series.values()], findings) +
      overhead.expose() +
      gauges.map(exposeGauge).join("") +
      block("weir_active_calls", "Calls running now.", "gauge", [
        `weir_active_calls ${activeCalls}`,
      ]),
  };
}

function seriesOf(series: Map<string, Series>, call: CallRecord): Series {
  const key = `${call.model}\0${call.target}\0${call.status}\0${call.route}`;
  let entry = series.get(key);
  if (!entry) {
    const { model, target, status, route } = call;
    entry = {
      labels: formatLabels({ model, target: target ?? "", status, route }),
      calls: 0,
      inputTokens: 0,
      outputTokens: 0,
      cachedTokens: 0,
      costNanos: 0,
      duration: emptyHistogram(),
      ttft: emptyHistogram(),
    };
    series.set(key, entry);
  }
  return entry;
}

function emptyHistogram(): Histogram {
  return { counts: Array.from(SECONDS, () => 0), sum: 0, count: 0 };
}

function observe(histogram: Histogram, value: number): void {
  histogram.sum += value;
  histogram.count += 1;
  const bucket = SECONDS.findIndex((bound) => value <= bound);
  if (bucket !== -1) histogram.counts[bucket] = (histogram.counts[bucket] ?? 0) + 1;
}

/** Counts of the last seconds, one slot each. */
function createRecent(now: () => number) {
  const slots = Array.from({ length: LIVE_SECONDS + 1 }, () => ({
    second: 0,
    calls: 0,
    tokens: 0,
  }));

  return {
    add(tokens: number): void {
      const second = Math.floor(now() / 1000);
      const slot = slots[second % slots.length];
      if (!slot) return;
      if (slot.second !== second) Object.assign(slot, { second, calls: 0, tokens: 0 });
      slot.calls += 1;
      slot.tokens += tokens;
    },
    rates(): { callsPerSecond: number; outputTokensPerSecond: number } {
      const second = Math.floor(now() / 1000);
      const fresh = slots.filter((slot) => slot.second >= second - LIVE_SECONDS);
      const total = (field: "calls" | "tokens") =>
        fresh.reduce((sum, slot) => sum + slot[field], 0);
      return {
        callsPerSecond: total("calls") / LIVE_SECONDS,
        outputTokensPerSecond: total("tokens") / LIVE_SECONDS,
      };
    },
  };
}
