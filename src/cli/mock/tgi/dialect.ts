import { type Json, numberOf, objectOf, sse } from "../call.ts";
import { Refused } from "../kind.ts";
import { checkWindow } from "../openai/chat-ask.ts";
import { type Dialect, OPENAI } from "../openai/dialect.ts";
import { isBefore } from "../release.ts";
import { tgiError } from "./errors.ts";

/** What it serves, whatever was asked for. */
export const TGI_MODEL = "mock/tgi-model";
/** The release that is imitated when none is named. */
export const TGI_NEWEST = "3.3.6";

/** TGI's chat format: no ids, its own model's name whatever was asked, stop sequences that leak. */
export function tgiDialect(version: string | undefined): Dialect {
  const extras = {
    model: TGI_MODEL,
    system_fingerprint: `${version ?? TGI_NEWEST}-sha-mock`,
  };
  return {
    ...OPENAI,
    id: "",
    completionId: "",
    opening: undefined,
    everyDelta: { role: "assistant" },
    honoursN: false,
    continuesAssistant: true,
    headers: COMPUTE_HEADERS,
    wantsReasoning: () => false,
    usage: ({ usage: { input, output } }) => ({
      prompt_tokens: input,
      completion_tokens: output,
      total_tokens: input + output,
    }),
    finish: ({ finish, stopped }) => (stopped === undefined ? finish : "stop_sequence"),
    toolCall: ({ name, arguments: text }, index) => ({
      id: String(index),
      type: "function",
      function: {
        description: null,
        name,
        // Up to the second major release whole arguments were an object.
        arguments: isBefore(version, "3.0.0") && text !== "" ? (JSON.parse(text) as unknown) : text,
      },
    }),
    ...(isBefore(version, "3.0.0") ? { callDelta } : {}),
    message: (message) => {
      const { content, ...rest } = message;
      return content === null ? rest : message;
    },
    wholeExtras: () => extras,
    chunkExtras: () => extras,
    streamError:
      sse({
        error: { message: "Request failed during generation: CUDA error", http_status_code: 424 },
      }) + sse("[DONE]"),
    check,
    error: tgiError,
  };
}

/** Up to the second major release a streamed call was no list, and named nobody after its start. */
function callDelta({ index, function: part }: Json): Json {
  return { index, id: "", type: "function", function: { name: null, ...objectOf(part) } };
}

/** What every generation tells of itself in its headers. */
export const COMPUTE_HEADERS = {
  "x-compute-type": "1-nvidia-mock",
  "x-compute-time": "0.05",
  "x-compute-characters": "32",
  "x-total-time": "50",
  "x-validation-time": "1",
  "x-queue-time": "2",
  "x-inference-time": "47",
  "x-time-per-token": "6",
  "x-prompt-tokens": "8",
  "x-generated-tokens": "8",
  "x-accel-buffering": "no",
};

function check(body: Json): void {
  const field = body["prompt"] === undefined ? "messages" : "prompt";
  if (body[field] === undefined) throw missing(field);
  if (Array.isArray(body["tools"]) && typeof body["tool_choice"] === "object") {
    const name = objectOf(objectOf(body["tool_choice"])["function"])["name"];
    const names = body["tools"].map((tool) => objectOf(objectOf(tool)["function"])["name"]);
    if (!names.includes(name))
      throw new Refused(422, `Tool error: Tool with name ${String(name)} not found`, {
        code: "tool_error",
      });
  }
  const format = objectOf(body["response_format"]);
  if (format["type"] !== undefined && format["value"] === undefined) throw missing("value");
  checkSampling(body);
  checkTgiWindow(String(body["model"]), JSON.stringify(body[field]).length);
}

/** A field that the web framework misses: its own refusal, in plain text. */
export function missing(name: string): Refused {
  return new Refused(
    422,
    `Failed to deserialize the JSON body into the target type: missing field \`${name}\` at line 1 column 2`,
    { code: "plain" },
  );
}

/** The sampling values that TGI's validation refuses. */
export function checkSampling(parameters: Json): void {
  const topP = numberOf(parameters["top_p"]);
  if (topP !== undefined && (topP <= 0 || topP >= 1))
    throw new Refused(422, "Input validation error: `top_p` must be > 0.0 and < 1.0");
  const temperature = numberOf(parameters["temperature"]);
  if (temperature !== undefined && temperature < 0)
    throw new Refused(422, "Input validation error: `temperature` must be strictly positive");
  const stop = parameters["stop"];
  if (Array.isArray(stop) && stop.length > 4)
    throw new Refused(
      422,
      `Input validation error: \`stop\` supports up to 4 stop sequences. Given: ${stop.length}`,
    );
}

/** Refuses what is longer than the window in the model's name. */
export function checkTgiWindow(model: string, characters: number): void {
  checkWindow(
    { model, characters },
    (tokens, window) =>
      `Input validation error: \`inputs\` must have less than ${window} tokens. Given: ${tokens}`,
    422,
  );
}
