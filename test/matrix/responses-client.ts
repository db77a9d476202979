import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import type {
  Response,
  ResponseCreateParams,
  ResponseInputItem,
  ResponseOutputItem,
} from "openai/resources/responses/responses";
import { openAiFailure } from "./chat-client.ts";
import {
  type Asked,
  type Client,
  DEFAULT_TEXT,
  PLACE_SCHEMA,
  objectOf,
  recorder,
} from "./client.ts";

/** OpenAI's responses by the `openai` package. Streamed loops send the items back, whole ones refer to them. */
export function responsesClient(url: string, apiKey: string): Client {
  return {
    name: "responses",
    alien: { n: { n: 2 }, stop: { stop: ["word1"] } },
    failureOf: (thrown) =>
      thrown instanceof FailedResponse
        ? {
            kind: "response.failed",
            status: undefined,
            message: thrown.message,
            isEnveloped: thrown.isCoded,
          }
        : openAiFailure(thrown),
    async ask(asked) {
      const { fetch, last } = recorder();
      const client = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0, fetch });
      const response = await respond(client, asked);
      const { output, usage } = response;
      const texts = output.flatMap((item) => (item.type === "message" ? item.content : []));
      return {
        texts: [response.output_text],
        calls: output.flatMap((item) =>
          item.type === "function_call"
            ? [{ id: item.call_id, name: item.name, input: JSON.parse(item.arguments) as unknown }]
            : [],
        ),
        thought: output.map(thoughtOf).join(""),
        reasoningTokens: usage?.output_tokens_details.reasoning_tokens ?? 0,
        logprobs: texts.flatMap((part) =>
          part.type === "output_text" ? (part.logprobs ?? []) : [],
        ),
        parsed: objectOf(response)["output_parsed"],
        finish: response.status ?? "",
        outputTokens: usage?.output_tokens ?? 0,
        turn: response,
        wire: await last(),
      };
    },
  };
}

/** This API ends a broken answer with a response that says so; the package hands it out as it is. */
class FailedResponse extends Error {
  readonly isCoded: boolean;
  constructor({ error }: Response) {
    super(error?.message);
    this.isCoded = error?.code !== undefined;
  }
}

async function respond(client: OpenAI, asked: Asked): Promise<Response> {
  const params = paramsOf(asked);
  if (!asked.isStreamed) {
    return asked.schema
      ? client.responses.parse({ ...params, stream: false })
      : client.responses.create({ ...params, stream: false });
  }
  const stream = client.responses.stream({ ...params, stream: true });
  stream.on("response.output_text.delta", ({ delta }) => asked.onText?.(delta));
  const response = await stream.finalResponse();
  if (response.status === "failed") throw new FailedResponse(response);
  return response;
}

function thoughtOf(item: ResponseOutputItem): string {
  if (item.type !== "reasoning") return "";
  return [...item.summary, ...(item.content ?? [])].map(({ text }) => text).join("");
}

function paramsOf(asked: Asked): Omit<ResponseCreateParams, "stream"> {
  const { loop } = asked;
  const earlier = loop?.answer.turn as Response | undefined; // it was this client's own
  const refers = earlier !== undefined && !asked.isStreamed;
  return {
    model: asked.model,
    input: inputOf(asked, refers ? undefined : earlier),
    ...(refers && { previous_response_id: earlier.id }),
    ...(asked.system !== undefined && { instructions: asked.system }),
    ...(asked.sampling && {
      temperature: asked.sampling.temperature,
      max_output_tokens: asked.sampling.maxTokens,
    }),
    ...(asked.tools && {
      tools: asked.tools.map((name) => ({
        type: "function" as const,
        name,
        description: `Tells the ${name}.`,
        parameters: PLACE_SCHEMA,
        strict: false,
      })),
    }),
    ...(asked.schema && { text: { format: zodTextFormat(asked.schema, "place") } }),
    ...(asked.thinks && { reasoning: { effort: "low", summary: "auto" } }),
    ...(asked.wantsLogprobs && {
      include: ["message.output_text.logprobs"],
      top_logprobs: 2,
    }),
    ...asked.extra,
  };
}

function inputOf(
  { user = DEFAULT_TEXT, image, loop }: Asked,
  earlier: Response | undefined,
): ResponseInputItem[] {
  const results = (loop?.answer.calls ?? []).map(({ id }) => ({
    type: "function_call_output" as const,
    call_id: id,
    output: loop?.result ?? "",
  }));
  if (loop && !earlier) return results;
  const text = { type: "input_text" as const, text: user };
  const picture = { type: "input_image" as const, image_url: image ?? "", detail: "auto" as const };
  const content = image === undefined ? user : [text, picture];
  // What was put out may be put in again: the package's own types differ in names only.
  const items = (earlier?.output ?? []) as unknown as ResponseInputItem[];
  return [{ role: "user", content }, ...items, ...results];
}
