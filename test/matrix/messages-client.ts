import Anthropic, { APIError } from "@anthropic-ai/sdk";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import type {
  ContentBlock,
  Message,
  MessageCreateParamsNonStreaming,
  MessageParam,
} from "@anthropic-ai/sdk/resources/messages";
import {
  type Asked,
  type Client,
  DEFAULT_TEXT,
  type Failure,
  PLACE_SCHEMA,
  objectOf,
  recorder,
  textOf,
} from "./client.ts";

/** Anthropic's messages by `@anthropic-ai/sdk`. */
export function messagesClient(url: string, apiKey: string): Client {
  return {
    name: "messages",
    alien: { n: { n: 2 }, logprobs: { logprobs: true } },
    failureOf: failure,
    async ask(asked) {
      const { fetch, last } = recorder();
      const client = new Anthropic({ baseURL: url, apiKey, maxRetries: 0, fetch });
      const message = await create(client, asked);
      const { content, usage } = message;
      return {
        texts: [content.map((block) => (block.type === "text" ? block.text : "")).join("")],
        calls: content.flatMap((block) =>
          block.type === "tool_use" ? [{ id: block.id, name: block.name, input: block.input }] : [],
        ),
        thought: content.map(thoughtOf).join(""),
        reasoningTokens: usage.output_tokens_details?.thinking_tokens ?? 0,
        logprobs: [],
        parsed: objectOf(message)["parsed_output"],
        finish: message.stop_reason ?? "",
        outputTokens: usage.output_tokens,
        turn: content,
        wire: await last(),
      };
    },
  };
}

function thoughtOf(block: ContentBlock): string {
  return block.type === "thinking" ? block.thinking : "";
}

async function create(client: Anthropic, asked: Asked): Promise<Message> {
  const params = paramsOf(asked);
  if (!asked.isStreamed) {
    return asked.schema ? client.messages.parse(params) : client.messages.create(params);
  }
  const stream = client.messages.stream(params);
  stream.on("text", (text) => asked.onText?.(text));
  return stream.finalMessage();
}

function paramsOf(asked: Asked): MessageCreateParamsNonStreaming {
  return {
    model: asked.model,
    max_tokens: asked.sampling?.maxTokens ?? 2000,
    messages: messagesOf(asked),
    ...(asked.system !== undefined && { system: asked.system }),
    ...(asked.sampling && {
      temperature: asked.sampling.temperature,
      stop_sequences: [asked.sampling.stop],
    }),
    ...(asked.tools && {
      tools: asked.tools.map((name) => ({
        name,
        description: `Tells the ${name}.`,
        input_schema: PLACE_SCHEMA,
      })),
    }),
    ...(asked.schema && { output_config: { format: zodOutputFormat(asked.schema) } }),
    ...(asked.thinks && { thinking: { type: "enabled", budget_tokens: 1024 } }),
    ...asked.extra,
  };
}

function messagesOf({ user = DEFAULT_TEXT, image, loop }: Asked): MessageParam[] {
  const text = { type: "text" as const, text: user };
  const [, data = ""] = image?.split(",") ?? [];
  const source = { type: "base64" as const, media_type: "image/png" as const, data };
  const content = image === undefined ? user : [text, { type: "image" as const, source }];
  if (!loop) return [{ role: "user", content }];
  const results = loop.answer.calls.map(({ id }) => ({
    type: "tool_result" as const,
    tool_use_id: id,
    content: loop.result,
  }));
  return [
    { role: "user", content },
    // It was this client's own.
    { role: "assistant", content: loop.answer.turn as ContentBlock[] },
    { role: "user", content: results },
  ];
}

function failure(thrown: unknown): Failure | undefined {
  if (!(thrown instanceof APIError)) return undefined;
  const body = objectOf(thrown.error);
  const error = objectOf(body["error"]);
  return {
    kind: thrown.constructor.name,
    status: thrown.status,
    message: thrown.message,
    isEnveloped:
      body["type"] === "error" && textOf(error["message"]) !== "" && textOf(error["type"]) !== "",
  };
}
