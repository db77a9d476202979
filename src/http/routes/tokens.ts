import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { ChatRequest } from "../../core/chat.ts";
import { AnthropicCountTokensBody } from "../../core/dialects/anthropic/body.ts";
import { formatAnthropicError } from "../../core/dialects/anthropic/answer.ts";
import { toCountTokensRequest } from "../../core/dialects/anthropic/request.ts";
import { Message, toMessage } from "../../core/dialects/openai/message.ts";
import type { SideCalls } from "../../serve/gateway/side-calls.ts";
import { fromFastify } from "../app-error.ts";
import type { Authorise } from "../authorise.ts";
import { asking } from "../side-context.ts";

const model = z.string().min(1).describe("a model name from weir.yaml");
export const TokenizeBody = z.union(
  [
    z.looseObject({
      model,
      prompt: z.string(),
      add_special_tokens: z.boolean().nullish(),
      return_token_strs: z.boolean().nullish(),
    }),
    z.looseObject({ model, messages: z.array(Message).min(1) }),
  ],
  { error: "expected model and prompt (a text), or model and messages (a chat)" },
);
const TokenizeAnswer = z.object({
  count: z.number(),
  tokens: z.array(z.number()),
  model: z.string(),
});
export const DetokenizeBody = z.looseObject({ model, tokens: z.array(z.int().min(0)) });
const DetokenizeAnswer = z.object({ prompt: z.string() });
const CountAnswer = z.object({ input_tokens: z.number() });

export interface TokensNeeds {
  readonly authorise: Authorise;
  readonly sideCalls: Pick<SideCalls, "tokenize" | "detokenize" | "countTokens">;
  readonly maxBodyBytes: number;
}

const tag = "Inference";

/** A model's own tokens, in vLLM's form; and Anthropic's count of a prompt. */
export function tokenRoutes(app: FastifyInstance, needs: TokensNeeds): void {
  const { authorise, sideCalls, maxBodyBytes: bodyLimit } = needs;
  app.post<{ Body: z.infer<typeof TokenizeBody> }>(
    "/tokenize",
    {
      bodyLimit,
      schema: {
        summary: "The tokens of a text, or of a chat as its model's template writes it",
        tag,
        body: TokenizeBody,
        response: { 200: TokenizeAnswer },
      },
    },
    async (request, reply) => {
      const { context, signal } = asking(authorise, request, reply);
      const tokens = await sideCalls.tokenize(toTokenizable(request.body), context, signal);
      return { count: tokens.length, tokens, model: request.body.model };
    },
  );
  app.post<{ Body: z.infer<typeof DetokenizeBody> }>(
    "/detokenize",
    {
      bodyLimit,
      schema: {
        summary: "The text of tokens",
        tag,
        body: DetokenizeBody,
        response: { 200: DetokenizeAnswer },
      },
    },
    async (request, reply) => {
      const { context, signal } = asking(authorise, request, reply);
      const { model, tokens } = request.body;
      return { prompt: await sideCalls.detokenize({ model, tokens }, context, signal) };
    },
  );
  countRoute(app, needs);
}

/** The estimate of a model that does not tell its tokens is marked as one. */
function countRoute(app: FastifyInstance, needs: TokensNeeds): void {
  const { authorise, sideCalls, maxBodyBytes: bodyLimit } = needs;
  app.post<{ Body: z.infer<typeof AnthropicCountTokensBody> }>(
    "/v1/messages/count_tokens",
    {
      bodyLimit,
      schema: {
        summary: "How many tokens a prompt has",
        tag,
        body: AnthropicCountTokensBody,
        response: { 200: CountAnswer },
      },
      errorHandler: inAnthropicsWords,
    },
    async (request, reply) => {
      const { context, signal } = asking(authorise, request, reply);
      const asked: ChatRequest = toCountTokensRequest(request.body);
      const { tokens, isEstimated } = await sideCalls.countTokens(asked, context, signal);
      if (isEstimated) reply.header("x-weir-estimated", "true");
      return { input_tokens: tokens };
    },
  );
}

function inAnthropicsWords(
  cause: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const error = fromFastify(cause);
  const text = formatAnthropicError(error, request.id);
  void reply.code(error.status).type("application/json").send(text);
}

function toTokenizable(body: z.infer<typeof TokenizeBody>) {
  const text = z.looseObject({ prompt: z.string() }).safeParse(body).data?.prompt;
  if (text === undefined) {
    const { messages } = z.looseObject({ messages: z.array(Message) }).parse(body);
    return { model: body.model, messages: messages.map(toMessage) };
  }
  const special = z.looseObject({ add_special_tokens: z.boolean().nullish() }).parse(body);
  const addSpecialTokens = special.add_special_tokens ?? true;
  return { model: body.model, text, addSpecialTokens };
}
