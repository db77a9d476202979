import type { CallRecord } from "../../core/call.ts";
import type { Family } from "./exposition.ts";
import { FIRST_TOKEN_SECONDS, Histogram, PER_TOKEN_SECONDS, REQUEST_SECONDS } from "./histogram.ts";
import { Labelled } from "./labelled.ts";

/** Where a call's time went, in seconds, as an engine counts it; undefined where it is not known. */
export interface CallTimes {
  readonly whole: number;
  /** Until a target had room. */
  readonly queue: number | undefined;
  readonly firstToken: number | undefined;
  /** At the target that answered: until its first content, and from there to its end. */
  readonly prefill: number | undefined;
  readonly decode: number | undefined;
  /** Between two tokens, on average. */
  readonly perToken: number | undefined;
}

export function timesOf(call: CallRecord): CallTimes {
  const { timeline, ttftMs, usage, stream } = call;
  const { attemptAt, attempts } = timeline;
  const [first] = attempts;
  const answering = attempts.findLast(({ firstContentAt }) => firstContentAt !== undefined);
  // An answer that is not streamed shows its first content at its end.
  const content = stream ? answering?.firstContentAt : undefined;
  const decode =
    content === undefined || !answering ? undefined : seconds(answering.endedAt - content);
  const tokens = usage.outputTokens - 1;
  return {
    whole: seconds(call.durationMs),
    queue:
      attemptAt === undefined || !first
        ? undefined
        : seconds(Math.max(0, first.startedAt - attemptAt)),
    firstToken: ttftMs === null ? undefined : seconds(ttftMs),
    prefill:
      content === undefined || !answering ? undefined : seconds(content - answering.startedAt),
    decode,
    perToken: decode !== undefined && tokens > 0 ? decode / tokens : undefined,
  };
}

function seconds(ms: number): number {
  return ms / 1000;
}

/** The histograms of one model at one target. */
export class Latencies {
  readonly whole = new Histogram(REQUEST_SECONDS);
  readonly queue = new Histogram(REQUEST_SECONDS);
  readonly prefill = new Histogram(REQUEST_SECONDS);
  readonly decode = new Histogram(REQUEST_SECONDS);
  readonly firstToken = new Histogram(FIRST_TOKEN_SECONDS);
  readonly perToken = new Histogram(PER_TOKEN_SECONDS);

  observe(times: CallTimes, traceId: string, at: number): void {
    for (const kind of KINDS) {
      const value = times[kind];
      if (value !== undefined) this[kind].observe(value, traceId, at);
    }
  }
}

const KINDS = ["whole", "queue", "firstToken", "prefill", "decode", "perToken"] as const;

/** vLLM's words behind our own name: a board for the one is soon a board for the other. */
const NAMES: Readonly<Record<keyof CallTimes, readonly [name: string, help: string]>> = {
  whole: ["weir_e2e_request_latency_seconds", "From a request's head to its last byte."],
  queue: ["weir_request_queue_time_seconds", "Until a target had room."],
  firstToken: [
    "weir_time_to_first_token_seconds",
    "From a request's head to a streamed answer's first content.",
  ],
  prefill: [
    "weir_request_prefill_time_seconds",
    "From the attempt's start to its first content, of streamed answers.",
  ],
  decode: [
    "weir_request_decode_time_seconds",
    "From the attempt's first content to its end, of streamed answers.",
  ],
  perToken: [
    "weir_time_per_output_token_seconds",
    "Between two tokens of a streamed answer, on average over it.",
  ],
};

export function createLatencies(): Labelled<Latencies> {
  return new Labelled(["model", "target"], () => new Latencies());
}

export function latencyFamilies(latencies: Labelled<Latencies>): Family[] {
  const all = [...latencies.all()];
  return KINDS.map((kind) => {
    const [name, help] = NAMES[kind];
    const values = all
      .map(({ labels, thing }) => ({ labels, value: thing[kind] }))
      .filter(({ value }) => value.count > 0);
    return { name, help, type: "histogram", values };
  });
}
