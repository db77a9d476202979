import type { ClientProtocol } from "../client-protocol.ts";
import { parseBody } from "../parse-body.ts";
import { createChatWriter, formatChatCompletion } from "./chat-answer.ts";
import { ChatCompletionBody, toChatRequest } from "./chat-request.ts";
import { createCompletionWriter, formatCompletion } from "./completion-answer.ts";
import { CompletionBody, toCompletionRequest } from "./completion-request.ts";
import { formatError } from "./error.ts";
import { wantsUsage } from "./options.ts";
import { isPlainChat } from "./plain-chat.ts";

/** `/v1/chat/completions` as OpenAI's clients speak it. */
export const openAiChat: ClientProtocol = {
  dialect: "openai-chat",
  idPrefix: "chatcmpl-",
  schema: ChatCompletionBody,
  request: (body) => toChatRequest(isPlainChat(body) ? body : parseBody(ChatCompletionBody, body)),
  whole: formatChatCompletion,
  stream: (head, { source }) => createChatWriter(head, wantsUsage(source?.body)),
  error: formatError,
};

/** `/v1/completions`, the older way to continue a text. */
export const openAiCompletions: ClientProtocol = {
  dialect: "openai-completions",
  idPrefix: "cmpl-",
  schema: CompletionBody,
  request: (body) => toCompletionRequest(parseBody(CompletionBody, body)),
  whole: formatCompletion,
  stream: (head, { source }) => createCompletionWriter(head, wantsUsage(source?.body)),
  error: formatError,
};
