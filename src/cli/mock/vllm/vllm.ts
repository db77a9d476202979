import { anthropicError, isMessages, messagesRoutes } from "../anthropic/anthropic.ts";
import { type Call, type Json, type Reply, numberOf, objectOf, ok, stringOf } from "../call.ts";
import {
  type KindFactory,
  type MockOptions,
  Refused,
  type Route,
  generation,
  getter,
  hasBearer,
  poster,
} from "../kind.ts";
import { converse, familyRoutes, modelRoutes } from "../openai/chat-routes.ts";
import type { Dialect } from "../openai/dialect.ts";
import { vectorOf } from "../openai/embeddings.ts";
import { transcription } from "../openai/media.ts";
import { rank, rerank } from "../openai/rerank.ts";
import { responsesRoute } from "../openai/responses.ts";
import { templated, textOfTokens, tokensOf } from "../tokens.ts";
import { vllmDialect, vllmError } from "./dialect.ts";
import { vllmMetrics } from "./metrics.ts";

const NEWEST = "0.32.0";
const BASE = "mock";
const WINDOW = 4096;
/** The key guards these alone; every other route is open. */
const GUARDED = /^\/(v1|v2|inference)(\/|$)/;

interface State {
  readonly loras: Map<string, string>;
  isSleeping: boolean;
  isPaused: boolean;
}

/** vLLM's server: OpenAI's routes in its dialect, and its own beside them. */
export const vllm: KindFactory = (options) => {
  const dialect = vllmDialect(options.version);
  const state: State = { loras: new Map(), isSleeping: false, isPaused: false };
  const error: Dialect["error"] = (failure, call) =>
    // What its validation finds is said in OpenAI's shape on the Messages routes too.
    isMessages(call) && failure.status !== 401 && !failure.message.includes("Field required")
      ? anthropicError(failure)
      : vllmError(failure, options.version);
  return {
    routes: [
      ...asleep(generations(dialect, options), state),
      ...modelRoutes(() => modelsOf(state)),
      ...loraRoutes(state),
      ...serverRoutes(options, state),
      ...tokenRoutes(),
      ...(options.devMode ? devRoutes(options, state) : []),
    ],
    refusal: (call, apiKey) =>
      GUARDED.test(call.path) && !hasBearer(call, apiKey)
        ? error({ status: 401, message: "Unauthorized" }, call)
        : undefined,
    error,
  };
};

function generations(dialect: Dialect, options: MockOptions): Route[] {
  const scored = ({ body }: Call): Reply => {
    const documents = body["text_2"] ?? body["documents"];
    const list = Array.isArray(documents) ? documents : [documents];
    const ranked = rank({ query: body["text_1"] ?? body["query"], documents: list });
    return ok({
      id: "score-mock",
      object: "list",
      created: 1_700_000_000,
      model: body["model"],
      data: ranked
        .toSorted((a, b) => a.index - b.index)
        .map(({ index, score }) => ({ index, object: "score", score })),
      usage: { prompt_tokens: 8, total_tokens: 8 },
    });
  };
  return [
    {
      method: "POST",
      path: /\/chat\/completions$/,
      generates: true,
      answer: (call) => converse(dialect, options, { ...call, body: withSchema(call.body) }, true),
    },
    ...familyRoutes(dialect, options),
    responsesRoute(options),
    generation(/\/audio\/(transcriptions|translations)$/, transcription),
    generation(/^\/(pooling|classify)$/, pooled),
    ...messagesRoutes(options),
    {
      method: "POST",
      path: /^(\/v[12])?\/rerank$/,
      generates: true,
      answer: ({ body }) => rerank(body),
    },
    { method: "POST", path: /^(\/v1)?\/score$/, generates: true, answer: scored },
  ];
}

/** What pooling models give: a vector each, or the odds of two labels. */
function pooled({ path, body }: Call): Reply {
  const { input } = body;
  const inputs: unknown[] = Array.isArray(input) ? input : [input];
  const data = inputs.map((_, index) =>
    path === "/classify"
      ? { index, label: "yes", probs: [0.75, 0.25], num_classes: 2 }
      : { index, object: "pooling", data: vectorOf(3) },
  );
  const head = { id: "pool-mock", object: "list", created: 1_700_000_000, model: body["model"] };
  return ok({
    ...head,
    data,
    usage: { prompt_tokens: inputs.length, total_tokens: inputs.length },
  });
}

/** vLLM's own ways to ask for a schema, as OpenAI's. */
function withSchema(body: Json): Json {
  const schema = body["guided_json"] ?? objectOf(body["structured_outputs"])["json"];
  if (schema === undefined) return body;
  const parsed: unknown = typeof schema === "string" ? JSON.parse(schema) : schema;
  return { ...body, response_format: { type: "json_schema", json_schema: { schema: parsed } } };
}

/** The same routes, which refuse while the model sleeps. */
function asleep(routes: readonly Route[], state: State): Route[] {
  return routes.map((route) => ({
    ...route,
    answer(call) {
      if (state.isSleeping) throw new Refused(503, "The engine is sleeping; wake it up first.");
      return route.answer(call);
    },
  }));
}

function modelsOf({ loras }: State): Json[] {
  const model = (id: string, root: string, parent: string | null): Json => ({
    id,
    object: "model",
    created: 1_700_000_000,
    owned_by: "vllm",
    root,
    parent,
    max_model_len: parent === null ? WINDOW : null,
    permission: [{ id: `modelperm-${id}`, object: "model_permission", allow_sampling: true }],
  });
  const adapters = Array.from(loras, ([name, path]) => model(name, path, BASE));
  return [model(BASE, BASE, null), ...adapters];
}

function loraRoutes({ loras }: State): Route[] {
  const said = (text: string): Reply => ({ status: 200, body: text });
  return [
    poster(/^\/v1\/load_lora_adapter$/, ({ body }) => {
      const name = stringOf(body["lora_name"]);
      const path = stringOf(body["lora_path"]);
      if (name === undefined || path === undefined)
        throw new Refused(400, "Both 'lora_name' and 'lora_path' must be provided.", {
          code: "InvalidUserInput",
        });
      if (loras.has(name) && body["load_inplace"] !== true)
        throw new Refused(400, `The lora adapter '${name}' has already been loaded.`, {
          code: "InvalidUserInput",
        });
      loras.set(name, path);
      return said(`Success: LoRA adapter '${name}' added successfully.`);
    }),
    poster(/^\/v1\/unload_lora_adapter$/, ({ body }) => {
      const name = stringOf(body["lora_name"]);
      if (name === undefined)
        throw new Refused(400, "'lora_name' needs to be provided to unload a LoRA adapter.", {
          code: "InvalidUserInput",
        });
      if (!loras.delete(name))
        throw new Refused(404, `The lora adapter '${name}' cannot be found.`);
      return said(`Success: LoRA adapter '${name}' removed successfully.`);
    }),
  ];
}

function serverRoutes({ version }: MockOptions, { loras }: State): Route[] {
  const empty = (): Reply => ({ status: 200, body: "" });
  return [
    getter(/^\/health$/, empty),
    getter(/^\/ping$/, empty),
    poster(/^\/ping$/, empty),
    getter(/^\/version$/, () => ok({ version: version ?? NEWEST })),
    getter(/^\/load$/, () => ok({ server_load: 1 })),
    getter(/^\/metrics$/, () => ({
      status: 200,
      headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
      body: vllmMetrics(version, BASE, [...loras.keys()]),
    })),
  ];
}

function tokenRoutes(): Route[] {
  return [
    poster(/^\/tokenize$/, ({ body }) => {
      const tokens = tokensOf(stringOf(body["prompt"]) ?? templated(body));
      const wantsTexts = body["return_token_strs"] === true;
      return ok({
        count: tokens.length,
        max_model_len: WINDOW,
        tokens,
        token_strs: wantsTexts ? tokens.map((token) => String.fromCodePoint(token)) : null,
      });
    }),
    poster(/^\/detokenize$/, ({ body }) => ok({ prompt: textOfTokens(body["tokens"]) })),
  ];
}

/** What the server has only in its development mode, unguarded by the key. */
function devRoutes({ version }: MockOptions, state: State): Route[] {
  const empty = (): Reply => ({ status: 200, body: "" });
  const set = (path: RegExp, change: (query: URLSearchParams) => void): Route =>
    poster(path, ({ query }) => {
      change(query);
      return empty();
    });
  return [
    set(/^\/sleep$/, (query) => {
      const level = numberOf(Number(query.get("level") ?? "1"));
      if (level !== 1 && level !== 2 && level !== 0)
        throw new Refused(400, "level must be 0, 1 or 2");
      state.isSleeping = true;
    }),
    // The weights alone do not wake it: the cache must be back as well.
    set(/^\/wake_up$/, (query) => {
      const tags = query.getAll("tags");
      if (tags.length === 0 || tags.includes("kv_cache")) state.isSleeping = false;
    }),
    getter(/^\/is_sleeping$/, () => ok({ is_sleeping: state.isSleeping })),
    set(/^\/pause$/, () => void (state.isPaused = true)),
    set(/^\/resume$/, () => void (state.isPaused = false)),
    getter(/^\/is_paused$/, () => ok({ is_paused: state.isPaused })),
    poster(/^\/reset_(prefix|mm|encoder)_cache$/, empty),
    poster(/^\/collective_rpc$/, () => ok({ results: [null] })),
    getter(/^\/server_info$/, () =>
      ok({ vllm_config: `model='${BASE}', version=${version ?? NEWEST}` }),
    ),
  ];
}
