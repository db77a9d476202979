import type { ClientProtocol } from "../client-protocol.ts";
import { formatAnthropicError, formatMessage } from "./answer.ts";
import { AnthropicMessagesBody } from "./body.ts";
import { toChatRequest } from "./request.ts";
import { createMessageStream } from "./stream.ts";

/** Anthropic's Messages API, as clients speak it. */
export const anthropicMessages: ClientProtocol = {
  dialect: "anthropic-messages",
  idPrefix: "msg_",
  schema: AnthropicMessagesBody,
  request: toChatRequest,
  whole: formatMessage,
  stream: createMessageStream,
  error: formatAnthropicError,
};
