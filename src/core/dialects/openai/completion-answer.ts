import type { ChatEvent, TokenLogprob, Usage } from "../../chat.ts";
import type { AnswerHead, StreamWriter } from "../client-protocol.ts";
import { collect } from "../collect.ts";
import { stretches, withModel } from "../relay.ts";
import { formatError } from "./error.ts";
import { toWireUsage } from "./usage.ts";

/** Canonical events written as text completions: whole ones and stream chunks. Pure. */

/** The body of a text completion that was not streamed. */
export function formatCompletion(
  head: AnswerHead,
  events: readonly ChatEvent[],
  usage: Usage,
): string {
  const [only, second] = stretches(events, "openai-completions");
  if (only?.frame && !second) return withModel(only.frame, head.model);
  return JSON.stringify({
    id: head.id,
    object: "text_completion",
    created: head.created,
    model: head.model,
    choices: collect(events).choices.map((choice, index) => ({
      index,
      text: choice.text,
      logprobs: toLegacyLogprobs(choice.logprobs, 0),
      finish_reason: choice.finish,
    })),
    usage: toWireUsage(usage),
  });
}

export function createCompletionWriter(head: AnswerHead, includeUsage: boolean): StreamWriter {
  const offsets = new Map<number, number>();
  const { id, created, model } = head;
  const constant = { id, object: "text_completion", created, model };
  let hasUsage = false;

  function write(event: ChatEvent): string {
    if (event.type === "usage") {
      hasUsage = true;
      if (!includeUsage) return "";
      return toSse({ ...constant, choices: [], usage: toWireUsage(event.usage) });
    }
    if (event.type !== "text-delta" && event.type !== "finish") return "";
    const offset = offsets.get(event.index) ?? 0;
    const text = event.type === "text-delta" ? event.text : "";
    offsets.set(event.index, offset + text.length);
    const choice = {
      index: event.index,
      text,
      logprobs: event.type === "text-delta" ? toLegacyLogprobs(event.logprobs, offset) : null,
      finish_reason: event.type === "finish" ? event.reason : null,
    };
    return toSse({ ...constant, choices: [choice], ...(includeUsage && { usage: null }) });
  }

  return {
    events(events) {
      let text = "";
      for (const { frame, events: covered } of stretches(events, "openai-completions")) {
        const isUsage = covered.some(({ type }) => type === "usage");
        if (frame && !(isUsage && !includeUsage)) {
          hasUsage ||= isUsage;
          text += `data: ${withModel(frame, model)}\n\n`;
        } else text += covered.map(write).join("");
      }
      return text;
    },
    end(usage) {
      const last = includeUsage && !hasUsage ? write({ type: "usage", usage }) : "";
      return `${last}data: [DONE]\n\n`;
    },
    fail: (error, requestId) => `data: ${formatError(error, requestId)}\n\ndata: [DONE]\n\n`,
  };
}

function toSse(chunk: Record<string, unknown>): string {
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

function toLegacyLogprobs(
  logprobs: readonly TokenLogprob[] | undefined,
  from: number,
): Record<string, unknown> | null {
  if (!logprobs) return null;
  let offset = from;
  return {
    tokens: logprobs.map(({ token }) => token),
    token_logprobs: logprobs.map(({ logprob }) => logprob),
    top_logprobs: logprobs.map(({ top }) =>
      Object.fromEntries(top.map(({ token, logprob }) => [token, logprob])),
    ),
    text_offset: logprobs.map(({ token }) => {
      const at = offset;
      offset += token.length;
      return at;
    }),
  };
}
