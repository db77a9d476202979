import type { ChatEvent, GenerateRequest, Usage } from "../../chat.ts";
import { formatError } from "../openai/error.ts";
import type { AnswerHead, ClientProtocol } from "../client-protocol.ts";
import { type Echo, ResponseAnswer, echoOf } from "./answer.ts";
import { ResponsesBody } from "./body.ts";
import { toResponsesRequest } from "./request.ts";

/**
 * OpenAI's Responses API without its memory: what refers to stored things is resolved before, by
 * `serve/responses`. A whole answer repeats the request's fields when it is handed the request.
 */
export const openAiResponses = {
  dialect: "openai-responses",
  idPrefix: "resp_",
  schema: ResponsesBody,
  request: toResponsesRequest,
  whole: (
    head: AnswerHead,
    events: readonly ChatEvent[],
    usage: Usage,
    request?: GenerateRequest,
  ): string => {
    const answer = new ResponseAnswer(head, echoFor(request), false);
    answer.events(events);
    answer.end(usage);
    return JSON.stringify(answer.response());
  },
  stream: (head, request) => new ResponseAnswer(head, echoFor(request)),
  error: formatError,
} as const satisfies ClientProtocol;

function echoFor(request: GenerateRequest | undefined): Echo {
  const { source } = request ?? {};
  return echoOf(source?.dialect === "openai-responses" ? source.body : {});
}
