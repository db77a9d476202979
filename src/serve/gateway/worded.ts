import type { GenerateRequest } from "../../core/chat.ts";
import type { ModelWords } from "./needs.ts";

/**
 * A request with what its model says by itself: the model's system prompt first, and its sampling where
 * the request is silent. What the client sent is not relayed then, but translated like any other dialect's.
 */
export function worded(request: GenerateRequest, words: ModelWords | undefined): GenerateRequest {
  if (!words) return request;
  const { prompt, sampling, maxTokens, stop } = words;
  const own = {
    sampling: { ...sampling, ...request.sampling },
    ...(request.maxTokens === undefined && maxTokens !== undefined && { maxTokens }),
    stop: request.stop.length > 0 ? request.stop : (stop ?? []),
    source: undefined,
  };
  if (request.kind !== "chat" || prompt === undefined) return { ...request, ...own };
  const first = { role: "system" as const, content: prompt };
  return { ...request, ...own, messages: [first, ...request.messages] };
}

/** What a call's candidate gets: the request as the guard let it through, with other words than its model's. */
export function reworded(
  inspected: GenerateRequest,
  original: GenerateRequest,
  { from, to }: { from: ModelWords | undefined; to: ModelWords | undefined },
): GenerateRequest {
  const { sampling, stop, maxTokens } = original;
  const plain = { ...inspected, sampling, stop, ...(maxTokens !== undefined && { maxTokens }) };
  if (plain.kind !== "chat" || from?.prompt === undefined) return worded(plain, to);
  return worded({ ...plain, messages: plain.messages.slice(1) }, to);
}
