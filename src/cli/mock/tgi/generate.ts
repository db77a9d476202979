import { type Ask, PLAIN_ASK, type Script, textOf, think } from "../brain.ts";
import {
  type Frame,
  type Json,
  type Reply,
  numberOf,
  objectOf,
  ok,
  sse,
  stringOf,
  stringsOf,
} from "../call.ts";
import { type MockOptions, Refused } from "../kind.ts";
import { COMPUTE_HEADERS, checkSampling, checkTgiWindow, missing } from "./dialect.ts";

/** TGI's own generation, whole. */
export function generate(body: Json, options: MockOptions): Reply {
  const ask = askOf(body);
  const script = think(ask, options);
  const parameters = objectOf(body["parameters"]);
  const answer = { generated_text: fullText(body, script) };
  if (parameters["details"] !== true) return ok(answer, COMPUTE_HEADERS);
  const tokens = tokensOf(script);
  const details = {
    ...detailsOf(ask, script, parameters),
    prefill:
      parameters["decoder_input_details"] === true ? [{ id: 1, text: "<s>", logprob: null }] : [],
    tokens,
    ...(topCount(parameters) > 0 ? { top_tokens: tokens.map((token) => [token]) } : {}),
  };
  return ok({ ...answer, details }, COMPUTE_HEADERS);
}

/** TGI's own generation, streamed: no mark ends it, and a failure is an event like any other. */
export function generateStream(body: Json, options: MockOptions): Reply {
  const best = numberOf(objectOf(body["parameters"])["best_of"]) ?? 1;
  const ask = askOf(body);
  if (best !== 1)
    throw new Refused(
      422,
      "Input validation error: `best_of` != 1 is not supported when streaming tokens",
    );
  return {
    headers: COMPUTE_HEADERS,
    format: {
      contentType: "text/event-stream",
      error: sse({
        error: "Request failed during generation: Server error: CUDA out of memory",
        error_type: "generation",
      }),
      malformed: "data: {not json\n\n",
    },
    frames: framesOf(body, ask, think(ask, options)),
  };
}

function askOf(body: Json): Ask {
  const inputs = body["inputs"];
  if (typeof inputs !== "string") throw missing("inputs");
  if (inputs === "") throw new Refused(422, "Input validation error: `inputs` cannot be empty");
  const parameters = objectOf(body["parameters"]);
  checkSampling(parameters);
  const most = numberOf(parameters["max_new_tokens"]);
  if (most !== undefined && most < 1)
    throw new Refused(422, "Input validation error: `max_new_tokens` must be strictly positive");
  const model = stringOf(body["model"]) ?? stringOf(parameters["adapter_id"]) ?? "";
  checkTgiWindow(model, inputs.length);
  const images = inputs.match(/!\[[^\]]*\]\((?:data:|https?:)/g) ?? [];
  const grammar = objectOf(parameters["grammar"]);
  const isJson = grammar["type"] === "json" || grammar["type"] === "json_schema";
  const value = objectOf(grammar["value"]);
  return {
    ...PLAIN_ASK,
    model,
    characters: inputs.length,
    ...(isJson ? { schema: value["schema"] ?? value } : {}),
    images: images.length,
    stop: stringsOf(parameters["stop"]),
    maxTokens: most,
  };
}

/** The text, after the prompt when that is wanted back. */
function fullText(body: Json, script: Script): string {
  const wantsPrompt = objectOf(body["parameters"])["return_full_text"] === true;
  return `${wantsPrompt ? String(body["inputs"]) : ""}${textOf(script)}`;
}

/** The pieces, and the special token that ends them when the model ended by itself. */
function tokensOf(script: Script): Json[] {
  const tokens = script.pieces.map((text, index) => ({
    id: 100 + index,
    text,
    logprob: -0.25,
    special: false,
  }));
  const end = { id: 2, text: "</s>", logprob: -0.01, special: true };
  return endsItself(script) ? [...tokens, end] : tokens;
}

function endsItself({ finish, stopped }: Script): boolean {
  return finish === "stop" && stopped === undefined;
}

function detailsOf(ask: Ask, script: Script, parameters: Json): Json {
  const reason = endsItself(script)
    ? "eos_token"
    : script.stopped === undefined
      ? "length"
      : "stop_sequence";
  return {
    finish_reason: reason,
    generated_tokens: tokensOf(script).length,
    seed: parameters["seed"] ?? null,
    input_length: Math.ceil(ask.characters / 4),
  };
}

function topCount(parameters: Json): number {
  return numberOf(parameters["top_n_tokens"]) ?? 0;
}

function* framesOf(body: Json, ask: Ask, script: Script): Generator<Frame> {
  const parameters = objectOf(body["parameters"]);
  const tokens = tokensOf(script);
  for (const [index, token] of tokens.entries()) {
    const isLast = index === tokens.length - 1;
    const event = {
      index: index + 1,
      token,
      ...(topCount(parameters) > 0 ? { top_tokens: [token] } : {}),
      generated_text: isLast ? fullText(body, script) : null,
      details: isLast ? detailsOf(ask, script, parameters) : null,
    };
    // A comment keeps the line open; readers must pass over it.
    if (index === 1) yield { bytes: ":\n\n" };
    yield { bytes: sse(event).replace("data: ", "data:"), hasContent: true };
  }
}
