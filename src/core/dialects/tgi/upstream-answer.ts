import { z } from "zod";
import type { ChatEvent, GenerateRequest, TokenLogprob } from "../../chat.ts";
import { WeirError } from "../../errors.ts";
import { readJson } from "../read-json.ts";
import type { AnswerReader } from "../upstream-dialect.ts";
import { type Piece, StopHold } from "./stop-hold.ts";

/** Answers of Text Generation Inference's own routes, read into events. */

const WireToken = z.looseObject({
  text: z.string(),
  logprob: z.number().nullish(),
  special: z.boolean().nullish(),
});
type WireToken = z.infer<typeof WireToken>;

const WireDetails = z.looseObject({
  finish_reason: z.string().nullish(),
  generated_tokens: z.number().nullish(),
  input_length: z.number().nullish(),
  prefill: z.array(z.unknown()).nullish(),
  tokens: z.array(WireToken).nullish(),
  top_tokens: z.array(z.array(WireToken)).nullish(),
});

const WireError = {
  error: z.string().nullish(),
  error_type: z.string().nullish(),
};
const WireMessage = z.looseObject({
  ...WireError,
  token: WireToken.nullish(),
  top_tokens: z.array(WireToken).nullish(),
  details: WireDetails.nullish(),
});
const WireAnswer = z.looseObject({
  ...WireError,
  generated_text: z.string().nullish(),
  details: WireDetails.nullish(),
});

interface TokenPiece extends Piece {
  readonly logprob?: TokenLogprob;
}

/** Reads one completion, whole or streamed. */
export function createAnswerReader(request: GenerateRequest): AnswerReader {
  return new Reader(request);
}

class Reader implements AnswerReader {
  readonly #hold: StopHold<TokenPiece>;
  readonly #hasLogprobs: boolean;
  #echo: string;
  #isFinished = false;

  constructor(request: GenerateRequest) {
    this.#hold = new StopHold(request.stop);
    this.#hasLogprobs = request.topLogprobs !== undefined;
    this.#echo = request.kind === "completion" && request.echo ? request.prompt : "";
  }

  message(data: string): readonly ChatEvent[] {
    const { token, top_tokens, details, error, error_type } = readJson(WireMessage, data);
    if (error != null) throw toError(error, error_type);
    const events = this.#begin();
    if (token) events.push(...this.#token(token, top_tokens));
    // Only the last message has details.
    if (details) events.push(...this.#finish(details));
    return events;
  }

  whole(json: string): readonly ChatEvent[] {
    const { generated_text, details, error, error_type } = readJson(WireAnswer, json);
    if (error != null) throw toError(error, error_type);
    const events = this.#begin();
    if (this.#hasLogprobs && details?.tokens?.length) {
      const { tokens, top_tokens } = details;
      events.push(...tokens.flatMap((token, at) => this.#token(token, top_tokens?.[at])));
    } else if (generated_text) {
      events.push(...toEvents(this.#hold.push({ text: generated_text })));
    }
    return [...events, ...this.#finish(details ?? {})];
  }

  end(): readonly ChatEvent[] | false {
    return this.#isFinished && [];
  }

  #begin(): ChatEvent[] {
    const text = this.#echo;
    this.#echo = "";
    return text === "" ? [] : [{ type: "text-delta", index: 0, text }];
  }

  #token(token: WireToken, top: readonly WireToken[] | null | undefined): ChatEvent[] {
    if (token.special || token.text === "") return [];
    const logprob = this.#hasLogprobs && { ...toToken(token), top: (top ?? []).map(toToken) };
    return toEvents(this.#hold.push({ text: token.text, ...(logprob && { logprob }) }));
  }

  #finish({ finish_reason, generated_tokens, input_length, prefill }: z.infer<typeof WireDetails>) {
    if (this.#isFinished) return [];
    this.#isFinished = true;
    const { pieces, stopText } = this.#hold.end(finish_reason === "stop_sequence");
    const events = toEvents(pieces);
    events.push(
      {
        type: "finish",
        index: 0,
        reason: finish_reason === "length" ? "length" : "stop",
        ...(stopText !== undefined && { stopText }),
      },
      {
        type: "usage",
        usage: {
          inputTokens: input_length ?? prefill?.length ?? 0,
          outputTokens: generated_tokens ?? 0,
        },
      },
    );
    return events;
  }
}

function toEvents(pieces: readonly TokenPiece[]): ChatEvent[] {
  return pieces.map(({ text, logprob }) => ({
    type: "text-delta",
    index: 0,
    text,
    ...(logprob && { logprobs: [logprob] }),
  }));
}

function toToken({ text, logprob }: WireToken): {
  token: string;
  logprob: number;
  bytes: number[];
} {
  return { token: text, logprob: logprob ?? 0, bytes: [...Buffer.from(text)] };
}

function toError(said: string, type: string | null | undefined): WeirError {
  if (type === "overloaded") {
    return new WeirError("rate_limited", `The upstream is at its limit: ${said}`);
  }
  if (type === "validation") {
    const isTooLong = /tokens|length/i.test(said);
    return new WeirError(isTooLong ? "context_length_exceeded" : "invalid_request", said);
  }
  return new WeirError("provider_failed", `The upstream failed within its answer: ${said}`);
}
