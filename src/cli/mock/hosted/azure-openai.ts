import { type Call, type Json, type Reply, ok, sse, stringOf } from "../call.ts";
import { type Failure, type KindFactory, Refused, type Route, getter } from "../kind.ts";
import { familyRoutes } from "../openai/chat-routes.ts";
import { type Dialect, OPENAI, openAiError } from "../openai/dialect.ts";
import { mediaRoutes } from "../openai/media.ts";
import { check } from "../openai/openai.ts";
import { responsesRoute } from "../openai/responses.ts";

/** What a deployment runs; answers name it and not the deployment. */
const UNDERLYING = "gpt-4o-mini-2024-07-18";
const SAFE = Object.fromEntries(
  ["hate", "self_harm", "sexual", "violence"].map((name) => [
    name,
    { filtered: false, severity: "safe" },
  ]),
);
const PROMPT_FILTER = [{ prompt_index: 0, content_filter_results: SAFE }];

const DIALECT: Dialect = {
  ...OPENAI,
  chunkUsage: "null",
  check(body, call) {
    check(body, call);
    if (String(body["model"]).includes("filter"))
      throw new Refused(400, "filtered", { cause: "filter" });
  },
  wholeExtras: () => ({
    model: UNDERLYING,
    system_fingerprint: "fp_mock",
    prompt_filter_results: PROMPT_FILTER,
  }),
  chunkExtras: () => ({ model: UNDERLYING, system_fingerprint: "fp_mock" }),
  choiceExtras: (script, isStream) => ({
    logprobs: null,
    content_filter_results: script !== undefined && isStream ? {} : SAFE,
  }),
  // The first chunk has no choice, no id and no model: only what the filter found in the prompt.
  prelude: () => [
    sse({
      choices: [],
      created: 0,
      id: "",
      model: "",
      object: "",
      prompt_filter_results: PROMPT_FILTER,
    }),
  ],
  headers: { "x-request-id": "req_mock", "apim-request-id": "mock", "x-ms-region": "Mock" },
  error,
};

/** Azure's OpenAI service: deployments in the path, its content filter in every answer. */
export const azureOpenAi: KindFactory = (options) => ({
  routes: [
    ...[...familyRoutes(DIALECT, options), responsesRoute(options), ...mediaRoutes()].map(deployed),
    getter(/\/models$/, () =>
      ok({ object: "list", data: [{ id: UNDERLYING, object: "model", status: "succeeded" }] }),
    ),
  ],
  refusal: ({ headers }, apiKey) =>
    headers["api-key"] === apiKey || headers.authorization === `Bearer ${apiKey}`
      ? undefined
      : coded(
          401,
          "401",
          "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource.",
        ),
  error,
  modelOf: (call) => deploymentOf(call) ?? stringOf(call.body["model"]) ?? "",
});

function deploymentOf({ path }: Call): string | undefined {
  return /\/deployments\/([^/]+)\//.exec(path)?.[1];
}

/** The route with the deployment as the model; the dated API wants its version. */
function deployed(route: Route): Route {
  return {
    ...route,
    answer(call) {
      const model = deploymentOf(call);
      if (model !== undefined && call.query.get("api-version") === null)
        throw new Refused(404, "Resource not found", { code: "404" });
      return route.answer(model === undefined ? call : { ...call, body: { ...call.body, model } });
    },
  };
}

function error(failure: Failure): Reply {
  const { status, message } = failure;
  // A 400 on demand is the one that this service is known for.
  if (failure.cause === "filter" || (status === 400 && message.startsWith("mock failure")))
    return { status: 400, body: { error: filtered() } };
  if (status === 404 && failure.code === "404") return coded(404, "404", "Resource not found");
  if (status === 404)
    return coded(
      404,
      "DeploymentNotFound",
      "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again.",
    );
  if (status === 429)
    return coded(
      429,
      "429",
      "Requests to the ChatCompletions_Create Operation have exceeded the token rate limit of your current pricing tier. Please retry after 1 second.",
      { "retry-after": "1", "retry-after-ms": "1000" },
    );
  return { status, body: { error: openAiError(failure) } };
}

function coded(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return { status, headers, body: { error: { code, message } } };
}

function filtered(): Json {
  return {
    message:
      "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry.",
    type: null,
    param: "prompt",
    code: "content_filter",
    status: 400,
    innererror: {
      code: "ResponsibleAIPolicyViolation",
      content_filter_result: {
        ...SAFE,
        violence: { filtered: true, severity: "high" },
        jailbreak: { filtered: false, detected: false },
      },
    },
  };
}
