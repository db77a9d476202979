import type {
  ChatMessage,
  ChatRequest,
  Foreign,
  Reasoning,
  ResponseFormat,
  Sampling,
  ToolDefinition,
} from "../../chat.ts";
import { WeirError } from "../../errors.ts";
import { parseBody } from "../parse-body.ts";
import { ResponsesBody, type Tool } from "./body.ts";
import { foreign, toMessages } from "./messages.ts";
import { isOurs } from "./reasoning.ts";

const KNOWN = new Set(Object.keys(ResponsesBody.shape));

type Wire = Readonly<Record<string, unknown>>;
type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Reads a body of the Responses API. Throws invalid_request that names the field at fault. */
export function toResponsesRequest(body: unknown): ChatRequest {
  const parsed = parseBody(ResponsesBody, body);
  if (parsed["prompt"] != null) throw noPrompts();
  const request: Mutable<ChatRequest> = {
    kind: "chat",
    model: parsed.model,
    messages: messagesOf(parsed),
    sampling: toSampling(parsed),
    stop: [],
    n: 1,
    stream: parsed.stream ?? false,
    source: { dialect: "openai-responses", body: toRelayed(body as Wire) }, // the schema took it
    ...toToolFields(parsed),
  };
  if (parsed.max_output_tokens != null) request.maxTokens = parsed.max_output_tokens;
  const topLogprobs = topLogprobsOf(parsed);
  if (topLogprobs !== undefined) request.topLogprobs = topLogprobs;
  const format = parsed.text?.format;
  if (format) request.responseFormat = toFormat(format);
  if (parsed.parallel_tool_calls === false) request.parallelToolCalls = false;
  if (parsed.reasoning) request.reasoning = toReasoning(parsed.reasoning);
  const user = parsed.safety_identifier ?? parsed.user;
  if (user != null) request.user = user;
  const extra = Object.entries(parsed).filter(([key]) => !KNOWN.has(key));
  if (extra.length > 0) request.extra = Object.fromEntries(extra);
  return request;
}

/**
 * What an upstream of this dialect may get: memory is kept here and not there, so nothing may refer
 * to it, and thoughts must come encrypted to be sent back.
 */
function toRelayed(body: Wire): Wire {
  const { previous_response_id: _p, conversation: _c, background: _b, ...rest } = body;
  const { input, include } = rest;
  const wanted = new Set<unknown>(Array.isArray(include) ? include : []);
  if (rest["reasoning"] != null) wanted.add("reasoning.encrypted_content");
  return {
    ...rest,
    store: false,
    ...(Array.isArray(input) && { input: input.flatMap(toRelayedItem) }),
    ...(wanted.size > 0 && { include: [...wanted] }),
  };
}

const OWN_ITEMS: ReadonlySet<unknown> = new Set([
  "message",
  "function_call",
  "function_call_output",
  "reasoning",
]);

/** Without our ids and proofs, which mean nothing there. */
function toRelayedItem(item: Wire): Wire[] {
  if (item["type"] != null && !OWN_ITEMS.has(item["type"])) return [item];
  const { id: _i, signature: _s, ...rest } = item;
  if (rest["type"] !== "reasoning") return [rest];
  const sealed = rest["encrypted_content"];
  return typeof sealed === "string" && !isOurs(sealed) ? [rest] : [];
}

function noPrompts(): WeirError {
  return new WeirError(
    "unsupported_parameter",
    "Prompt templates are kept by OpenAI and not here: send the instructions and the input themselves.",
    { param: "prompt" },
  );
}

function messagesOf({ instructions, input }: ResponsesBody): ChatMessage[] {
  const messages = toMessages(input ?? []);
  if (messages.length === 0) {
    throw new WeirError("invalid_request", "input: send a text or at least one item", {
      param: "input",
    });
  }
  return instructions ? [{ role: "system", content: instructions }, ...messages] : messages;
}

function toSampling({ temperature, top_p: topP }: ResponsesBody): Sampling {
  return { ...(temperature != null && { temperature }), ...(topP != null && { topP }) };
}

function topLogprobsOf({ include, top_logprobs: top }: ResponsesBody): number | undefined {
  if (include?.includes("message.output_text.logprobs")) return top ?? 0;
  return top == null || top === 0 ? undefined : top;
}

function toFormat(
  format: NonNullable<NonNullable<ResponsesBody["text"]>["format"]>,
): ResponseFormat {
  if (format.type !== "json_schema") return format;
  const { name, schema, description, strict } = format;
  return {
    type: "json_schema",
    name,
    schema,
    ...(description != null && { description }),
    ...(strict != null && { strict }),
  };
}

function toReasoning({
  effort,
  summary,
  generate_summary: older,
}: NonNullable<ResponsesBody["reasoning"]>): Reasoning {
  const wanted = summary ?? older;
  return { ...(effort != null && { effort }), ...(wanted != null && { summary: wanted }) };
}

type ToolFields = Pick<ChatRequest, "tools" | "foreignTools" | "toolChoice">;

function toToolFields({ tools: sent, tool_choice: choice }: ResponsesBody): ToolFields {
  const foreignTools: Foreign[] = [];
  let tools: ToolDefinition[] = [];
  for (const tool of sent ?? []) {
    if (tool.type === "function") tools.push(toTool(tool));
    else foreignTools.push(foreign(`a "${tool.what}" tool`, tool.value));
  }
  let toolChoice: ChatRequest["toolChoice"];
  if (choice?.type === "mode") toolChoice = choice.mode;
  else if (choice?.type === "function") toolChoice = { name: choice.name };
  else if (choice?.type === "allowed_tools") {
    const names = new Set(choice.tools.map(({ name }) => name));
    tools = tools.filter(({ name }) => names.has(name));
    toolChoice = choice.mode;
  } else if (choice) {
    // It would be lost in silence elsewhere; among the tools it is refused by whoever lacks it.
    foreignTools.push(foreign(`the tool choice "${choice.what}"`, choice.value));
  }
  return {
    ...(tools.length > 0 && { tools }),
    ...(foreignTools.length > 0 && { foreignTools }),
    ...(toolChoice !== undefined && { toolChoice }),
  };
}

function toTool({
  name,
  description,
  parameters,
  strict,
}: Extract<Tool, { type: "function" }>): ToolDefinition {
  return {
    name,
    ...(description != null && { description }),
    ...(parameters != null && { parameters }),
    ...(strict != null && { strict }),
  };
}
