import type { CallRecord } from "../../core/call.ts";
import { toHexId } from "../../core/trace-ids.ts";
import { type Family, type Format, type Gauge, expose, toFamily } from "./exposition.ts";
import { type GenAiSeries, createGenAiMetrics } from "./genai.ts";
import { Histogram, SECONDS } from "./histogram.ts";
import { Labelled, MOST_SERIES } from "./labelled.ts";
import { type Latencies, createLatencies, latencyFamilies, timesOf } from "./latencies.ts";
import { createOutcomeMetrics } from "./outcomes.ts";
import { type OverheadReport, createOverheadMetrics } from "./overhead.ts";
import { createRecent } from "./recent.ts";

/** Metrics of the calls, counted by hand: a few counters and histograms on the hot path. */
export interface Metrics {
  observe(call: CallRecord): void;
  /** So many more run, or fewer. */
  active(change: number): void;
  readonly live: {
    readonly activeCalls: number;
    callsPerSecond: number;
    outputTokensPerSecond: number;
  };
  /** Where calls spent their time in this server lately. */
  overhead(): OverheadReport;
  /** Everything as one text, with what others count. */
  expose(gauges: readonly Gauge[], format?: Format): string;
  /** The same as values: what is pushed to a collector. */
  families(gauges: readonly Gauge[]): Family[];
}

/** What is counted of calls of one model, target, ending and route. */
interface Series {
  calls: number;
  inputTokens: number;
  outputTokens: number;
  cachedTokens: number;
  cacheWriteTokens: number;
  reasoningTokens: number;
  costNanos: number;
  readonly duration: Histogram;
  readonly ttft: Histogram;
}

/** All that one kind of call is counted in: found once, since finding it shows at every call. */
interface Kind {
  readonly of: KindFields;
  readonly series: Series;
  readonly latencies: Latencies;
  readonly genAi: GenAiSeries;
}

type KindFields = Pick<CallRecord, "model" | "target" | "status" | "route" | "errorCode">;

/** Kinds that are remembered; errors make a few of each series. */
const MOST_KINDS = 4 * MOST_SERIES;

type Counted = Exclude<keyof Series, "duration" | "ttft">;

const COUNTERS: readonly [name: string, help: string, field: Counted, scale?: number][] = [
  ["weir_calls_total", "Calls, by how they ended.", "calls"],
  ["weir_input_tokens_total", "Prompt tokens.", "inputTokens"],
  ["weir_output_tokens_total", "Generated tokens.", "outputTokens"],
  ["weir_cached_tokens_total", "Prompt tokens found in a cache.", "cachedTokens"],
  ["weir_cache_write_tokens_total", "Prompt tokens put into a cache.", "cacheWriteTokens"],
  ["weir_reasoning_tokens_total", "Generated tokens that were thought.", "reasoningTokens"],
  ["weir_cost_dollars_total", "Cost in US dollars.", "costNanos", 1e9],
];

export function createMetrics(now: () => number): Metrics {
  const series = new Labelled(["model", "target", "status", "route"], emptySeries);
  const latencies = createLatencies();
  const genAi = createGenAiMetrics();
  const outcomes = createOutcomeMetrics();
  const overhead = createOverheadMetrics(now);
  const recent = createRecent(now);
  const kindOf = createKinds((call, model) => ({
    of: call,
    series: series.of(model, call.target ?? "", call.status, call.route),
    latencies: latencies.of(model, call.target ?? ""),
    genAi: genAi.series(call.route, model, call.errorCode ?? ""),
  }));
  let activeCalls = 0;

  const families = (gauges: readonly Gauge[]): Family[] => [
    ...callFamilies(series),
    ...outcomes.families(),
    overhead.family(),
    ...latencyFamilies(latencies),
    ...genAi.families(),
    ...gauges.map(toFamily),
    {
      name: "weir_active_calls",
      help: "Calls running now.",
      type: "gauge",
      values: [{ labels: "", value: activeCalls }],
    },
  ];

  return {
    observe(call) {
      const model = labelOf(call);
      const traceId = call.link ? toHexId(call.link.traceId) : call.id;
      const times = timesOf(call);
      const kind = kindOf(call, model);
      count(kind.series, call, traceId);
      kind.latencies.observe(times, traceId, call.at);
      genAi.observe(kind.genAi, call, times, traceId);
      outcomes.observe(call, model);
      overhead.observe(call.timeline);
      recent.add(call.usage.outputTokens);
    },
    active(change) {
      activeCalls += change;
    },
    get live() {
      return { activeCalls, ...recent.rates() };
    },
    overhead: () => overhead.report(),
    families,
    expose: (gauges, format) => expose(families(gauges), format),
  };
}

/** Finds the kind of a call, mostly the last one's again. */
function createKinds(make: (call: KindFields, model: string) => Kind) {
  const kinds = new Map<string, Kind>();
  let last: Kind | undefined;

  return ({ target, status, route, errorCode }: KindFields, model: string): Kind => {
    const call = { model, target, status, route, errorCode };
    if (last && isOfKind(last, call)) return last;
    const key = `${model}\0${target}\0${status}\0${route}\0${errorCode}`;
    last = kinds.get(key);
    if (last) return last;
    if (kinds.size >= MOST_KINDS) kinds.clear();
    last = make(call, model);
    kinds.set(key, last);
    return last;
  };
}

function isOfKind({ of }: Kind, call: KindFields): boolean {
  return (
    of.model === call.model &&
    of.target === call.target &&
    of.status === call.status &&
    of.route === call.route &&
    of.errorCode === call.errorCode
  );
}

/** A name that nobody configured is whatever a client made up: no series for each. */
function labelOf({ model, errorCode }: CallRecord): string {
  return errorCode === "model_not_found" ? "other" : model;
}

function emptySeries(): Series {
  return {
    calls: 0,
    inputTokens: 0,
    outputTokens: 0,
    cachedTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    costNanos: 0,
    duration: new Histogram(SECONDS),
    ttft: new Histogram(SECONDS),
  };
}

function count(entry: Series, call: CallRecord, traceId: string): void {
  const { usage, durationMs, ttftMs, at } = call;
  entry.calls += 1;
  entry.inputTokens += usage.inputTokens;
  entry.outputTokens += usage.outputTokens;
  entry.cachedTokens += usage.cachedTokens ?? 0;
  entry.cacheWriteTokens += usage.cacheWriteTokens ?? 0;
  entry.reasoningTokens += usage.reasoningTokens ?? 0;
  entry.costNanos += call.costNanos ?? 0;
  entry.duration.observe(durationMs / 1000, traceId, at);
  if (ttftMs !== null) entry.ttft.observe(ttftMs / 1000, traceId, at);
}

function callFamilies(series: Labelled<Series>): Family[] {
  const all = [...series.all()];
  const histogram = (name: string, help: string, field: "duration" | "ttft"): Family => ({
    name,
    help,
    type: "histogram",
    values: all.map(({ labels, thing }) => ({ labels, value: thing[field] })),
  });
  return [
    ...COUNTERS.map(([name, help, field, scale = 1]): Family => ({
      name,
      help,
      type: "counter",
      values: all.map(({ labels, thing }) => ({ labels, value: thing[field] / scale })),
    })),
    histogram("weir_call_duration_seconds", "From a request's head to its last byte.", "duration"),
    histogram(
      "weir_first_content_seconds",
      "From a request's head to a streamed answer's first content.",
      "ttft",
    ),
  ];
}
