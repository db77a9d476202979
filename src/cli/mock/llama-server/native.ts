import { PLAIN_ASK, type Script, textOf, think } from "../brain.ts";
import {
  type Frame,
  type Json,
  type Reply,
  numberOf,
  ok,
  sse,
  stringOf,
  stringsOf,
} from "../call.ts";
import { type MockOptions, Refused, type Route, getter, poster } from "../kind.ts";
import { metricsText } from "../metrics-text.ts";
import { templated, textOfTokens, tokensOf } from "../tokens.ts";

const WINDOW = 4096;

/** How long the parts of an answer took. */
export function timings({ usage: { input, output, cached } }: Script): Json {
  return {
    cache_n: cached,
    prompt_n: input - cached,
    prompt_ms: 20,
    prompt_per_token_ms: 2,
    prompt_per_second: 500,
    predicted_n: output,
    predicted_ms: 80,
    predicted_per_token_ms: 10,
    predicted_per_second: 100,
  };
}

/** Its own completion; no mark ends the stream. */
export function complete(body: Json, options: MockOptions, streamError: string): Reply {
  const prompt = stringOf(body["prompt"]) ?? textOfTokens(body["prompt"]);
  if (body["prompt"] === undefined) throw new Refused(400, '"prompt" is required');
  const most = numberOf(body["n_predict"]) ?? -1;
  const schema = body["json_schema"];
  const script = think(
    {
      ...PLAIN_ASK,
      characters: prompt.length,
      ...(schema === undefined ? {} : { schema }),
      stop: stringsOf(body["stop"]),
      maxTokens: most < 0 ? undefined : most,
    },
    options,
  );
  if (body["stream"] !== true) return ok({ ...endOf(script, prompt), content: textOf(script) });
  return {
    format: {
      contentType: "text/event-stream",
      error: streamError,
      malformed: "data: {not json\n\n",
    },
    frames: framesOf(script, prompt),
  };
}

function* framesOf(script: Script, prompt: string): Generator<Frame> {
  for (const [index, content] of script.pieces.entries()) {
    const chunk = { index: 0, content, tokens: [100 + index], stop: false, id_slot: -1 };
    const counts = { tokens_predicted: index + 1, tokens_evaluated: script.usage.input };
    yield { bytes: sse({ ...chunk, ...counts }), hasContent: true };
  }
  yield { bytes: sse({ ...endOf(script, prompt), content: "" }) };
}

function endOf(script: Script, prompt: string): Json {
  const { finish, stopped, usage } = script;
  return {
    index: 0,
    tokens: [],
    id_slot: 0,
    stop: true,
    model: "mock",
    tokens_predicted: usage.output,
    tokens_evaluated: usage.input,
    generation_settings: { n_ctx: WINDOW },
    prompt,
    has_new_line: false,
    truncated: false,
    stop_type: finish === "length" ? "limit" : stopped === undefined ? "eos" : "word",
    stopping_word: stopped ?? "",
    tokens_cached: usage.cached,
    timings: timings(script),
  };
}

/** What llama-server has beside generations. */
export function nativeRoutes(): Route[] {
  return [
    getter(/^\/props$/, () =>
      ok({
        default_generation_settings: { id: 0, n_ctx: WINDOW, speculative: false },
        total_slots: 1,
        model_path: "mock.gguf",
        modalities: { vision: true, audio: false },
        chat_template: "{{ messages }}",
        bos_token: "<s>",
        eos_token: "</s>",
        build_info: "b6000-mock",
      }),
    ),
    getter(/^\/slots$/, () =>
      ok([{ id: 0, id_task: -1, n_ctx: WINDOW, speculative: false, is_processing: false }]),
    ),
    getter(/^\/lora-adapters$/, () => ok([])),
    poster(/^\/tokenize$/, ({ body }) => {
      const tokens = tokensOf(stringOf(body["content"]) ?? "");
      if (body["with_pieces"] !== true) return ok({ tokens });
      return ok({ tokens: tokens.map((id) => ({ id, piece: String.fromCodePoint(id) })) });
    }),
    poster(/^\/detokenize$/, ({ body }) => ok({ content: textOfTokens(body["tokens"]) })),
    poster(/^\/apply-template$/, ({ body }) => ok({ prompt: templated(body) })),
    getter(/^\/metrics$/, () => ({ status: 200, body: metrics() })),
  ];
}

function metrics(): string {
  const counters = {
    "llamacpp:prompt_tokens_total": 1000,
    "llamacpp:prompt_seconds_total": 2,
    "llamacpp:tokens_predicted_total": 500,
    "llamacpp:tokens_predicted_seconds_total": 5,
    "llamacpp:n_decode_total": 500,
  };
  const gauges = {
    "llamacpp:prompt_tokens_seconds": 500,
    "llamacpp:predicted_tokens_seconds": 100,
    "llamacpp:requests_processing": 1,
    "llamacpp:requests_deferred": 2,
    "llamacpp:n_busy_slots_per_decode": 1,
  };
  return metricsText([
    ...Object.entries(counters).map(([name, value]) => ({ name, value, type: "counter" as const })),
    ...Object.entries(gauges).map(([name, value]) => ({ name, value, type: "gauge" as const })),
  ]);
}
