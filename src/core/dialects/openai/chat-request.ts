import { z } from "zod";
import type { ChatRequest, Foreign, Reasoning, ToolDefinition } from "../../chat.ts";
import { Message, toMessage } from "./message.ts";
import { Format, toFormat } from "./response-format.ts";
import { type Mutable, OptionFields, count, toOptions } from "./options.ts";

/** The body of `/v1/chat/completions`, checked, and its canonical form. Pure. */

const FunctionTool = z.looseObject({
  type: z.literal("function"),
  function: z.looseObject({
    name: z.string(),
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
    strict: z.boolean().nullish(),
  }),
  cache_control: z.looseObject({ ttl: z.enum(["5m", "1h"]).nullish() }).nullish(),
});
const OtherTool = z.looseObject({
  type: z.string().refine((type) => type !== "function", 'needs "function": {"name": …}'),
});
const Tool = z.union([FunctionTool, OtherTool]);

const Effort = z.enum(["none", "minimal", "low", "medium", "high", "xhigh"]);

export const ChatCompletionBody = z.looseObject({
  ...OptionFields,
  messages: z.array(Message).min(1, "messages must have at least one message"),
  max_completion_tokens: count("max_completion_tokens").nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  response_format: Format.nullish(),
  tools: z.array(Tool).nullish(),
  tool_choice: z
    .union([
      z.enum(["auto", "none", "required"]),
      z.looseObject({
        type: z.literal("function"),
        function: z.looseObject({ name: z.string() }),
      }),
    ])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  reasoning_effort: Effort.nullish(),
  reasoning: z
    .looseObject({ effort: Effort.nullish(), max_tokens: z.int().min(0).nullish() })
    .nullish()
    .describe("not OpenAI's: effort, or the most tokens of thinking"),
});
export type ChatCompletionBody = z.infer<typeof ChatCompletionBody>;

const KNOWN = new Set(Object.keys(ChatCompletionBody.shape));

export function toChatRequest(body: ChatCompletionBody): ChatRequest {
  const most = body.max_completion_tokens ?? body.max_tokens;
  const request: Mutable<ChatRequest> = {
    kind: "chat",
    ...toOptions(body, "openai-chat", most, KNOWN),
    messages: body.messages.map(toMessage),
  };
  if (body.logprobs) request.topLogprobs = body.top_logprobs ?? 0;
  if (body.response_format) request.responseFormat = toFormat(body.response_format);
  if (body.tools?.length) addTools(request, body.tools);
  if (body.tool_choice) {
    request.toolChoice =
      typeof body.tool_choice === "string"
        ? body.tool_choice
        : { name: body.tool_choice.function.name };
  }
  if (body.parallel_tool_calls != null) request.parallelToolCalls = body.parallel_tool_calls;
  const reasoning = toReasoning(body);
  if (reasoning) request.reasoning = reasoning;
  return request;
}

function toReasoning({ reasoning, reasoning_effort }: ChatCompletionBody): Reasoning | undefined {
  const effort = reasoning_effort ?? reasoning?.effort;
  const budgetTokens = reasoning?.max_tokens;
  if (effort == null && budgetTokens == null) return undefined;
  return { ...(effort != null && { effort }), ...(budgetTokens != null && { budgetTokens }) };
}

function addTools(request: Mutable<ChatRequest>, tools: readonly z.infer<typeof Tool>[]): void {
  const own: ToolDefinition[] = [];
  const foreign: Foreign[] = [];
  for (const tool of tools) {
    const known = FunctionTool.safeParse(tool).data;
    if (known) own.push(toTool(known));
    else {
      const what = `a "${tool.type}" tool`;
      foreign.push({ type: "foreign", dialect: "openai-chat", what, value: tool });
    }
  }
  if (own.length > 0) request.tools = own;
  if (foreign.length > 0) request.foreignTools = foreign;
}

function toTool({
  function: tool,
  cache_control: mark,
}: z.infer<typeof FunctionTool>): ToolDefinition {
  const { name, description, parameters, strict } = tool;
  return {
    name,
    ...(description != null && { description }),
    ...(parameters != null && { parameters }),
    ...(strict != null && { strict }),
    ...(mark && { cache: mark.ttl ? { ttl: mark.ttl } : {} }),
  };
}
