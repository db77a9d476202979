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

export interface GenAiMetrics {
  observe(call: CallRecord, model: string, times: CallTimes, traceId: string): void;
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
    observe(call, model, times, traceId) {
      const operation = operationOf(call.route);
      const at = call.at;
      duration.of("weir", operation, model, call.errorCode ?? "").observe(times.whole, traceId, at);
      if (times.firstToken !== undefined) {
        firstToken.of("weir", operation, model).observe(times.firstToken, traceId, at);
      }
      if (times.perToken !== undefined) {
        perToken.of("weir", operation, model).observe(times.perToken, traceId, at);
      }
      for (const { target, model, startedAt, endedAt, errorCode = "" } of call.timeline.attempts) {
        asked
          .of(operation, model, target, errorCode)
          .observe((endedAt - startedAt) / 1000, traceId, at);
      }
      const { inputTokens, outputTokens } = call.usage;
      if (inputTokens > 0) tokens.of("weir", operation, model, "input").observe(inputTokens);
      if (outputTokens > 0) tokens.of("weir", operation, model, "output").observe(outputTokens);
    },
    families: () => [
      family("gen_ai_server_request_duration_seconds", "How long requests took.", duration),
      family("gen_ai_server_time_to_first_token_seconds", "Until a first token.", firstToken),
      family("gen_ai_server_time_per_output_token_seconds", "For each token after it.", perToken),
      family("gen_ai_client_operation_duration_seconds", "How long attempts took.", asked),
      family("gen_ai_client_token_usage", "Tokens of a call.", tokens),
    ],
  };
}

function family(name: string, help: string, histograms: Labelled<Histogram>): Family {
  const values = Array.from(histograms.all(), ({ labels, thing }) => ({ labels, value: thing }));
  return { name, help, type: "histogram", values };
}
