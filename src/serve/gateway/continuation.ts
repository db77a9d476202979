/** How a stream that broke off goes on at another target: pure functions. */
import type { ChatEvent, GenerateRequest } from "../../core/chat.ts";

/** Whether an answer can be gone on with from its text alone. */
export function canContinue(request: GenerateRequest): boolean {
  if (request.n !== 1 || request.topLogprobs !== undefined || request.grammar !== undefined) {
    return false;
  }
  const format = request.responseFormat?.type ?? "text";
  if (format !== "text") return false;
  // Half a call that was only begun would be text to the next target.
  return (
    request.kind === "completion" ||
    request.toolChoice === undefined ||
    request.toolChoice === "auto"
  );
}

/** The request that asks for the rest of an answer of which the client has `text`. */
export function continued(request: GenerateRequest, text: string, tokens: number): GenerateRequest {
  const { source: _, maxTokens, ...rest } = request;
  const left = maxTokens === undefined ? {} : { maxTokens: Math.max(1, maxTokens - tokens) };
  if (rest.kind === "completion")
    return { ...rest, ...left, prompt: rest.prompt + text, echo: false };
  return {
    ...rest,
    ...left,
    messages: [...rest.messages, { role: "assistant", content: text }],
    continuesLast: true,
  };
}

/**
 * An event of the rest, as a part of the whole: what was the answer's start is the next prompt's end,
 * and the other upstream's own bytes would name another answer.
 */
export function joinedUsage(event: ChatEvent, before: { readonly deltas: number }): ChatEvent {
  const { frame: _, ...plain } = event;
  if (plain.type === "frame") return { type: "text-delta", index: 0, text: "" };
  if (plain.type !== "usage") return plain;
  const { usage } = plain;
  return {
    type: "usage",
    usage: {
      ...usage,
      inputTokens: Math.max(0, usage.inputTokens - before.deltas),
      outputTokens: usage.outputTokens + before.deltas,
    },
  };
}
