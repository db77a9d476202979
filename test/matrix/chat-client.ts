import OpenAI, { APIError } from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionCreateParams,
  ChatCompletionMessage,
  ChatCompletionMessageParam,
} from "openai/resources/chat/completions";
import {
  type Answer,
  type Asked,
  type Client,
  DEFAULT_TEXT,
  type Failure,
  PLACE_SCHEMA,
  objectOf,
  recorder,
  textOf,
} from "./client.ts";

/** OpenAI's chat completions by the `openai` package. */
export function chatClient(url: string, apiKey: string): Client {
  return {
    name: "chat",
    alien: {},
    failureOf: openAiFailure,
    async ask(asked) {
      const { fetch, last } = recorder();
      const client = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0, fetch });
      const { message, completion } = await complete(client, asked);
      const [first] = completion.choices;
      return {
        texts: completion.choices.map((choice) => choice.message.content ?? ""),
        calls: (message.tool_calls ?? []).map((call) => ({
          id: call.id,
          name: call.type === "function" ? call.function.name : "",
          input: call.type === "function" ? (JSON.parse(call.function.arguments) as unknown) : "",
        })),
        thought: thoughtOf(message),
        reasoningTokens: completion.usage?.completion_tokens_details?.reasoning_tokens ?? 0,
        logprobs: first?.logprobs?.content ?? [],
        parsed: objectOf(first?.message)["parsed"],
        finish: first?.finish_reason ?? "",
        outputTokens: completion.usage?.completion_tokens ?? 0,
        turn: message,
        wire: await last(),
      } satisfies Answer;
    },
  };
}

interface Completed {
  readonly message: ChatCompletionMessage;
  readonly completion: ChatCompletion;
}

async function complete(client: OpenAI, asked: Asked): Promise<Completed> {
  const params = paramsOf(asked);
  if (asked.isStreamed) {
    const stream = client.chat.completions.stream({
      ...params,
      stream: true,
      stream_options: { include_usage: true },
    });
    const beside = new Beside();
    stream.on("chunk", (chunk) => beside.add(chunk));
    stream.on("content", (text) => asked.onText?.(text));
    const completion = await stream.finalChatCompletion();
    const [first] = completion.choices;
    return { completion, message: beside.addedTo(first?.message) };
  }
  const completion = asked.schema
    ? await client.chat.completions.parse({ ...params, stream: false })
    : await client.chat.completions.create({ ...params, stream: false });
  const [first] = completion.choices;
  return { completion, message: beside(first?.message) };
}

function beside(message: ChatCompletionMessage | undefined): ChatCompletionMessage {
  if (!message) throw new Error("the completion has no choice");
  return message;
}

/** Gathers what the package's stream helper does not: the thinking, and the signatures of calls. */
class Beside {
  private thought = "";
  /** Which of its two names the thinking has. */
  private field = "reasoning_content";
  private readonly details: Record<string, unknown>[] = [];
  private readonly proofs = new Map<number, unknown>();

  add({ choices }: ChatCompletionChunk): void {
    const { delta } = choices[0] ?? {};
    const fields = objectOf(delta);
    if ("reasoning" in fields && !("reasoning_content" in fields)) this.field = "reasoning";
    this.thought += textOf(fields[this.field]);
    const details = Array.isArray(fields["reasoning_details"]) ? fields["reasoning_details"] : [];
    for (const detail of details.map(objectOf)) {
      const last = this.details.at(-1);
      if (last?.["type"] !== detail["type"] || last?.["index"] !== detail["index"]) {
        this.details.push({ ...detail });
      } else Object.assign(last, detail, { text: textOf(last["text"]) + textOf(detail["text"]) });
    }
    for (const call of delta?.tool_calls ?? []) {
      const proof = objectOf(call)["extra_content"];
      if (proof !== undefined) this.proofs.set(call.index, proof);
    }
  }

  addedTo(message: ChatCompletionMessage | undefined): ChatCompletionMessage {
    const calls = message?.tool_calls?.map((call, index) => {
      const proof = this.proofs.get(index);
      return proof === undefined ? call : { ...call, extra_content: proof };
    });
    // As an agent keeps it: the thinking is no field that the package knows.
    const first = this.details[0];
    if (this.details.length === 1 && first && first["text"] === "") first["text"] = this.thought;
    return {
      ...beside(message),
      ...(calls && { tool_calls: calls }),
      ...(this.thought !== "" && { [this.field]: this.thought }),
      ...(this.details.length > 0 && { reasoning_details: this.details }),
    };
  }
}

function thoughtOf(message: ChatCompletionMessage): string {
  const fields = objectOf(message);
  return textOf(fields["reasoning_content"]) || textOf(fields["reasoning"]);
}

function paramsOf(asked: Asked): Omit<ChatCompletionCreateParams, "stream" | "stream_options"> {
  return {
    model: asked.model,
    messages: messagesOf(asked),
    ...(asked.sampling && {
      temperature: asked.sampling.temperature,
      stop: asked.sampling.stop,
      max_tokens: asked.sampling.maxTokens,
    }),
    ...(asked.tools && {
      tools: asked.tools.map((name) => ({
        type: "function",
        function: { name, description: `Tells the ${name}.`, parameters: PLACE_SCHEMA },
      })),
    }),
    ...(asked.schema && { response_format: zodResponseFormat(asked.schema, "place") }),
    ...(asked.thinks && { reasoning_effort: "low" }),
    ...(asked.wantsLogprobs && { logprobs: true, top_logprobs: 2 }),
    ...(asked.n !== undefined && { n: asked.n }),
    ...asked.extra,
  };
}

function messagesOf({ system, user = DEFAULT_TEXT, image, loop }: Asked) {
  const content =
    image === undefined
      ? user
      : [
          { type: "text" as const, text: user },
          { type: "image_url" as const, image_url: { url: image } },
        ];
  const messages: ChatCompletionMessageParam[] = [
    ...(system === undefined ? [] : [{ role: "system" as const, content: system }]),
    { role: "user", content },
  ];
  if (loop) {
    // It was this client's own.
    messages.push(loop.answer.turn as ChatCompletionMessage);
    for (const { id } of loop.answer.calls)
      messages.push({ role: "tool", tool_call_id: id, content: loop.result });
  }
  return messages;
}

/** What the `openai` package throws. */
export function openAiFailure(thrown: unknown): Failure | undefined {
  if (!(thrown instanceof APIError)) return undefined;
  const error = objectOf(thrown.error);
  return {
    kind: thrown.constructor.name,
    status: thrown.status,
    message: thrown.message,
    param: thrown.param,
    isEnveloped: textOf(error["message"]) !== "" && textOf(error["type"]) !== "" && "code" in error,
  };
}
