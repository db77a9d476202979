import { type Json, type Reply, ok } from "../call.ts";
import {
  type KindFactory,
  type MockOptions,
  type Route,
  generation,
  getter,
  hasBearer,
  poster,
} from "../kind.ts";
import { type Metric, metricsText } from "../metrics-text.ts";
import { familyRoutes, modelRoutes } from "../openai/chat-routes.ts";
import { templated } from "../tokens.ts";
import { TGI_MODEL, TGI_NEWEST, missing, tgiDialect } from "./dialect.ts";
import { tgiError } from "./errors.ts";
import { generate, generateStream } from "./generate.ts";

/** The key guards what generates; information and health are open. */
const OPEN = /^\/(info|health|ping|metrics|v1\/models|chat_tokenize)$/;

/** Text Generation Inference: its own routes, and OpenAI's chat beside them. */
export const tgi: KindFactory = (options) => ({
  routes: [
    generation(/^\/generate$/, ({ body }) => generate(body, options)),
    generation(/^\/generate_stream$/, ({ body }) => generateStream(body, options)),
    generation(/^\/(invocations)?$/, ({ body }) => compatible(body, options)),
    ...familyRoutes(tgiDialect(options.version), options).slice(0, 2), // it has no embeddings
    ...modelRoutes(() => [{ id: TGI_MODEL, object: "model", created: 0, owned_by: TGI_MODEL }]),
    ...serverRoutes(options),
  ],
  refusal: (call, apiKey) =>
    OPEN.test(call.path) || hasBearer(call, apiKey) ? undefined : { status: 401, body: "" },
  error: tgiError,
});

/** The route of Hugging Face's hosted API: streams when asked, and a list of one when whole. */
function compatible(body: Json, options: MockOptions): Reply {
  if (body["stream"] === true) return generateStream(body, options);
  const reply = generate(body, options);
  return "body" in reply ? { ...reply, body: [reply.body] } : reply;
}

function serverRoutes({ version }: MockOptions): Route[] {
  const empty = (): Reply => ({ status: 200, body: "" });
  const info = {
    model_id: TGI_MODEL,
    model_sha: "mock",
    model_pipeline_tag: "text-generation",
    max_concurrent_requests: 128,
    max_best_of: 2,
    max_stop_sequences: 4,
    max_input_tokens: 4095,
    max_total_tokens: 4096,
    validation_workers: 2,
    max_client_batch_size: 4,
    router: "text-generation-router",
    version: version ?? TGI_NEWEST,
    sha: "mock",
    docker_label: "sha-mock",
  };
  return [
    getter(/^\/(info)?$/, () => ok(info)),
    getter(/^\/(health|ping)$/, empty),
    getter(/^\/metrics$/, () => ({ status: 200, body: metrics() })),
    poster(/^\/tokenize$/, ({ body }) => {
      if (typeof body["inputs"] !== "string") throw missing("inputs");
      return ok(spansOf(body["inputs"]));
    }),
    poster(/^\/chat_tokenize$/, ({ body }) => {
      const text = templated(body);
      return ok({ tokenize_response: spansOf(text), templated_text: text });
    }),
  ];
}

/** A token for each letter, with its place in the text. */
function spansOf(text: string): Json[] {
  return Array.from(text, (letter, index) => ({
    id: letter.codePointAt(0),
    text: letter,
    start: index,
    stop: index + 1,
  }));
}

function metrics(): string {
  const counters = {
    tgi_request_count: 10,
    tgi_request_success: 9,
    tgi_batch_inference_count: 40,
    tgi_batch_inference_success: 40,
    tgi_batch_concat: 3,
  };
  const gauges = {
    tgi_queue_size: 2,
    tgi_batch_current_size: 1,
    tgi_batch_current_max_tokens: 1024,
    tgi_batch_max_total_tokens: 4096,
    tgi_batch_total_tokens: 1024,
  };
  const histograms = {
    tgi_request_duration: 0.5,
    tgi_request_validation_duration: 0.01,
    tgi_request_queue_duration: 0.02,
    tgi_request_inference_duration: 0.47,
    tgi_request_mean_time_per_token_duration: 0.06,
    tgi_request_generated_tokens: 8,
    tgi_request_input_length: 8,
    tgi_request_max_new_tokens: 100,
    tgi_request_skipped_tokens: 0,
    tgi_batch_next_size: 1,
    tgi_batch_inference_duration: 0.05,
    tgi_batch_forward_duration: 0.04,
    tgi_batch_decode_duration: 0.001,
    tgi_batch_filter_duration: 0.001,
    tgi_batch_concat_duration: 0.001,
  };
  const all = (type: Metric["type"], values: Readonly<Record<string, number>>): Metric[] =>
    Object.entries(values).map(([name, value]) => ({ name, type, value }));
  return metricsText([
    ...all("counter", counters),
    { name: "tgi_request_failure", type: "counter", value: 1, labels: { err: "validation" } },
    ...all("gauge", gauges),
    ...all("histogram", histograms),
  ]);
}
