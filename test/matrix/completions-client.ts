import OpenAI from "openai";
import type { Completion, CompletionCreateParams } from "openai/resources/completions";
import { z } from "zod";
import { openAiFailure } from "./chat-client.ts";
import { type Asked, type Client, DEFAULT_TEXT, PLACE_SCHEMA, recorder } from "./client.ts";

/** OpenAI's older completions by the `openai` package. */
export function completionsClient(url: string, apiKey: string): Client {
  return {
    name: "completions",
    alien: {
      tools: {
        tools: [{ type: "function", function: { name: "weather", parameters: PLACE_SCHEMA } }],
      },
      moved: { tool_choice: "auto" },
      parallel: { parallel_tool_calls: true },
      schema: { response_format: { type: "json_object" } },
      images: { images: ["data:image/png;base64,AAAA"] },
      reasoning: { reasoning_effort: "low" },
    },
    failureOf: openAiFailure,
    async ask(asked) {
      const { fetch, last } = recorder();
      const client = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0, fetch });
      const parts = asked.isStreamed
        ? await streamed(client, asked)
        : [await client.completions.create({ ...paramsOf(asked), stream: false })];
      const choices = parts.flatMap((part) => part.choices);
      const usage = parts.findLast((part) => part.usage)?.usage;
      const count = Math.max(...choices.map(({ index }) => index)) + 1;
      const textOf = (index: number) =>
        choices.map((choice) => (choice.index === index ? choice.text : "")).join("");
      return {
        texts: Array.from({ length: count }, (_, index) => textOf(index)),
        calls: [],
        ...(asked.schema && { parsed: JSON.parse(textOf(0)) as unknown }),
        thought: "",
        reasoningTokens: usage?.completion_tokens_details?.reasoning_tokens ?? 0,
        logprobs: choices.flatMap(({ logprobs }) =>
          (logprobs?.tokens ?? []).map((token, at) => ({
            token,
            logprob: logprobs?.token_logprobs?.[at] ?? NaN,
          })),
        ),
        finish: choices.findLast(({ finish_reason: reason }) => reason)?.finish_reason ?? "",
        outputTokens: usage?.completion_tokens ?? 0,
        turn: undefined,
        wire: await last(),
      };
    },
  };
}

async function streamed(client: OpenAI, asked: Asked): Promise<Completion[]> {
  const stream = await client.completions.create({
    ...paramsOf(asked),
    stream: true,
    stream_options: { include_usage: true },
  });
  const parts: Completion[] = [];
  for await (const part of stream) {
    parts.push(part);
    asked.onText?.(part.choices[0]?.text ?? "");
  }
  return parts;
}

function formatOf(schema: z.ZodObject) {
  const { $schema: _, ...rest } = z.toJSONSchema(schema);
  return { type: "json_schema", json_schema: { name: "answer", schema: rest } };
}

function paramsOf(asked: Asked): Omit<CompletionCreateParams, "stream" | "stream_options"> {
  return {
    model: asked.model,
    prompt: asked.user ?? DEFAULT_TEXT,
    ...(asked.sampling && {
      temperature: asked.sampling.temperature,
      stop: asked.sampling.stop,
      max_tokens: asked.sampling.maxTokens,
    }),
    ...(asked.wantsLogprobs && { logprobs: 2 }),
    ...(asked.n !== undefined && { n: asked.n }),
    // Not OpenAI's own here, but vLLM's and Weir's.
    ...(asked.schema && { response_format: formatOf(asked.schema), max_tokens: 200 }),
    ...asked.extra,
  };
}
