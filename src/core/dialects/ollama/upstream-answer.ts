import { z } from "zod";
import type { ChatEvent, GenerateRequest, TokenLogprob } from "../../chat.ts";
import { WeirError } from "../../errors.ts";
import { newId } from "../../ids.ts";
import { readJson } from "../read-json.ts";
import type { AnswerReader } from "../upstream-dialect.ts";

/** Ollama's answers, read into events. */

const WireToken = z.looseObject({
  token: z.string(),
  logprob: z.number(),
  bytes: z.array(z.number()).nullish(),
});

const WireLine = z.looseObject({
  message: z
    .looseObject({
      content: z.string().nullish(),
      thinking: z.string().nullish(),
      tool_calls: z
        .array(
          z.looseObject({
            id: z.string().nullish(),
            function: z.looseObject({ name: z.string(), arguments: z.unknown().optional() }),
          }),
        )
        .nullish(),
    })
    .nullish(),
  response: z.string().nullish(),
  thinking: z.string().nullish(),
  done: z.boolean().nullish(),
  done_reason: z.string().nullish(),
  prompt_eval_count: z.number().nullish(),
  eval_count: z.number().nullish(),
  logprobs: z.array(WireToken.extend({ top_logprobs: z.array(WireToken).nullish() })).nullish(),
  error: z.string().nullish(),
});
type WireLine = z.infer<typeof WireLine>;

/** Reads one of Ollama's answers; a whole one is like the only line of a stream. */
export function createAnswerReader(request: GenerateRequest): AnswerReader {
  return new Reader(request.kind === "completion" && request.echo ? request.prompt : "");
}

class Reader implements AnswerReader {
  /** What a completion repeats before its own text; Ollama itself never does. */
  #echo: string;
  #calls = 0;
  #isDone = false;

  constructor(echo: string) {
    this.#echo = echo;
  }

  message(data: string): readonly ChatEvent[] {
    const line = readJson(WireLine, data);
    if (line.error != null) {
      throw new WeirError("provider_failed", `Ollama failed within its answer: ${line.error}`);
    }
    const events: ChatEvent[] = [];
    if (this.#echo !== "") events.push({ type: "text-delta", index: 0, text: this.#echo });
    this.#echo = "";
    const thinking = line.message?.thinking ?? line.thinking;
    if (thinking) events.push({ type: "reasoning-delta", index: 0, text: thinking });
    const text = line.message?.content ?? line.response;
    if (text) events.push({ type: "text-delta", index: 0, text, ...toLogprobs(line) });
    events.push(...this.#toCalls(line));
    return line.done ? [...events, ...this.#finish(line)] : events;
  }

  whole(json: string): readonly ChatEvent[] {
    const events = this.message(json);
    if (this.#isDone) return events;
    throw new WeirError("provider_failed", "Ollama's answer has no end.");
  }

  end(): readonly ChatEvent[] | false {
    return this.#isDone && [];
  }

  #toCalls({ message }: WireLine): ChatEvent[] {
    return (message?.tool_calls ?? []).map(({ id, function: { name, arguments: args } }) => {
      const call = this.#calls;
      this.#calls += 1;
      return {
        type: "tool-call-delta",
        index: 0,
        call,
        id: id || newId("call_"),
        name,
        arguments: typeof args === "string" ? args : JSON.stringify(args ?? {}),
      };
    });
  }

  #finish({ done_reason, prompt_eval_count, eval_count }: WireLine): ChatEvent[] {
    if (this.#isDone) return [];
    this.#isDone = true;
    const whole = this.#calls > 0 ? "tool_calls" : "stop";
    return [
      { type: "finish", index: 0, reason: done_reason === "length" ? "length" : whole },
      {
        type: "usage",
        usage: { inputTokens: prompt_eval_count ?? 0, outputTokens: eval_count ?? 0 },
      },
    ];
  }
}

function toLogprobs({ logprobs }: WireLine): { readonly logprobs?: readonly TokenLogprob[] } {
  if (!logprobs?.length) return {};
  return {
    logprobs: logprobs.map((token) => ({
      ...toToken(token),
      top: (token.top_logprobs ?? []).map(toToken),
    })),
  };
}

function toToken({ token, logprob, bytes }: z.infer<typeof WireToken>): {
  token: string;
  logprob: number;
  bytes: number[];
} {
  return { token, logprob, bytes: bytes ?? [...Buffer.from(token)] };
}
