/** The GenAI conventions' metrics: of Weir as a server, and as the client of its upstreams. */
import type { CallRecord } from "../../core/call.ts";
import type { Family } from "./exposition.ts";
import { GENAI_SECONDS, GENAI_TOKENS, Histogram } from "./histogram.ts";
import { Labelled } from "./labelled.ts";
import type { CallTimes } from "./latencies.ts";

const OPERATION = "gen_ai_operation_name";
const MODEL = "gen_ai_request_model";
const PROVIDER = "gen_ai_provider_name";
const ERROR = "error_type";

const OPERATIONS: Readonly<Record<string, string>> = {
  "/v1/chat/completions": "chat",
  "/v1/messages": "chat",
  "/v1/responses": "chat",
  "/v1/completions": "text_completion",
  "/v1/embeddings": "embeddings",
};

/** What a route does, in the conventions' words; the route itself where they have none. */
export function operationOf(route: string): string {
  return OPERATIONS[route] ?? route;
}

/** The histograms of one kind of call. */
export interface GenAiSeries {
  readonly duration: Histogram;
  readonly firstToken: Histogram;
  readonly perToken: Histogram;
  readonly input: Histogram;
  readonly output: Histogram;
}

export interface GenAiMetrics {
  /** Found once for each kind of call, and kept by who counts. */
  series(route: string, model: string, errorCode: string): GenAiSeries;
  observe(series: GenAiSeries, call: CallRecord, times: CallTimes, traceId: string): void;
  families(): Family[];
}

export function createGenAiMetrics(): GenAiMetrics {
  const inSeconds = () => new Histogram(GENAI_SECONDS);
  const served = [PROVIDER, OPERATION, MODEL];
  const duration = new Labelled([...served, ERROR], inSeconds);
  const firstToken = new Labelled(served, inSeconds);
  const perToken = new Labelled(served, inSeconds);
  const asked = new Labelled([OPERATION, MODEL, "weir_target", ERROR], inSeconds);
  const tokens = new Labelled([...served, "gen_ai_token_type"], () => new Histogram(GENAI_TOKENS));

  return {
    series(route, model, errorCode) {
      const operation = operationOf(route);
      return {
        duration: duration.of("weir", operation, model, errorCode),
        firstToken: firstToken.of("weir", operation, model),
        perToken: perToken.of("weir", operation, model),
        input: tokens.of("weir", operation, model, "input"),
        output: tokens.of("weir", operation, model, "output"),
      };
    },
    observe(series, { at, route, usage, timeline }, times, traceId) {
      series.duration.observe(times.whole, traceId, at);
      if (times.firstToken !== undefined) series.firstToken.observe(times.firstToken, traceId, at);
      if (times.perToken !== undefined) series.perToken.observe(times.perToken, traceId, at);
      if (usage.inputTokens > 0) series.input.observe(usage.inputTokens);
      if (usage.outputTokens > 0) series.output.observe(usage.outputTokens);
      const operation = operationOf(route);
      for (const { target, model, startedAt, endedAt, errorCode = "" } of timeline.attempts) {
        const seconds = (endedAt - startedAt) / 1000;
        asked.of(operation, model, target, errorCode).observe(seconds, traceId, at);
      }
    },
    families: () => [
      family("gen_ai_server_request_duration_seconds", "How long requests took.", duration),
      family(
        "gen_ai_server_time_to_first_token_seconds",
        "Until a streamed answer's first token.",
        firstToken,
      ),
      family("gen_ai_server_time_per_output_token_seconds", "For each token after it.", perToken),
      family("gen_ai_client_operation_duration_seconds", "How long attempts took.", asked),
      family("gen_ai_client_token_usage", "Tokens of a call.", tokens),
    ],
  };
}

function family(name: string, help: string, histograms: Labelled<Histogram>): Family {
  const all = Array.from(histograms.all(), ({ labels, thing }) => ({ labels, value: thing }));
  const values = all.filter(({ value }) => value.count > 0);
  return { name, help, type: "histogram", values };
}
