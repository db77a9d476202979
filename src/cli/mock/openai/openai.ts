import { objectsOf } from "../call.ts";
import type { Call, Json } from "../call.ts";
import { type KindFactory, Refused, hasBearer } from "../kind.ts";
import { familyRoutes, modelRoutes } from "./chat-routes.ts";
import { type Dialect, OPENAI } from "./dialect.ts";
import { checkWindow } from "./chat-ask.ts";
import { mediaRoutes } from "./media.ts";
import { responsesRoute } from "./responses.ts";

const DIALECT: Dialect = {
  ...OPENAI,
  chunkUsage: "null",
  check,
  // Chunks are padded, so that their lengths tell less.
  chunkExtras: () => ({ ...OPENAI.chunkExtras(), obfuscation: "aB3" }),
  headers: {
    ...OPENAI.headers,
    "x-ratelimit-limit-requests": "1000",
    "x-ratelimit-remaining-requests": "999",
    "x-ratelimit-reset-requests": "60ms",
  },
};
const MODELS = ["gpt-4o-mini", "gpt-5", "text-embedding-3-small"].map((id) => ({
  id,
  object: "model",
  created: 1_700_000_000,
  owned_by: "system",
}));

/** OpenAI itself: chat, completions, responses, embeddings, moderations, audio, images. */
export const openAi: KindFactory = (options) => ({
  routes: [
    ...familyRoutes(DIALECT, options),
    responsesRoute(options),
    ...mediaRoutes(),
    ...modelRoutes(() => MODELS),
  ],
  refusal: (call, apiKey) =>
    hasBearer(call, apiKey) ? undefined : DIALECT.error(wrongKey(call), call),
  error: DIALECT.error,
});

/** What OpenAI refuses; Azure refuses it too. */
export function check(body: Json, { path }: Pick<Call, "path">): void {
  const isChat = path.endsWith("/chat/completions");
  const field = isChat ? "messages" : "prompt";
  if (body[field] === undefined)
    throw new Refused(400, `Missing required parameter: '${field}'.`, {
      param: field,
      code: "missing_required_parameter",
    });
  if (/^(o\d|gpt-5)/.test(String(body["model"])) && body["max_tokens"] != null)
    throw new Refused(
      400,
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
      { param: "max_tokens", code: "unsupported_parameter" },
    );
  checkToolAnswers(objectsOf(body["messages"]));
  const prompt = JSON.stringify(body[field]);
  checkWindow(
    { model: String(body["model"]), characters: prompt.length },
    (tokens, window) =>
      `This model's maximum context length is ${window} tokens. However, your messages resulted in ${tokens} tokens. Please reduce the length of the messages.`,
  );
}

/** Every call of the assistant needs its answer before anybody else speaks. */
function checkToolAnswers(messages: readonly Json[]): void {
  let open: string[] = [];
  for (const message of messages) {
    if (message["role"] === "tool") {
      const id = String(message["tool_call_id"]);
      if (!open.includes(id))
        throw new Refused(
          400,
          "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
          { param: "messages" },
        );
      open = open.filter((one) => one !== id);
    } else if (open.length > 0) break;
    else open = objectsOf(message["tool_calls"]).map(({ id }) => String(id));
  }
  if (open.length > 0)
    throw new Refused(
      400,
      `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${open.join(", ")}`,
      { param: "messages" },
    );
}

function wrongKey({ headers }: Call) {
  const given = headers.authorization?.replace(/^Bearer /, "");
  return given === undefined
    ? {
        status: 401,
        message:
          "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth.",
      }
    : { status: 401, message: `Incorrect API key provided: ${given.slice(0, 4)}****.` };
}
