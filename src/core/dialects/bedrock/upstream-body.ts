import type { ChatMessage, ChatRequest, GenerateRequest, ToolDefinition } from "../../chat.ts";
import { closed, toInstruction, toSampling } from "../anthropic/upstream-body.ts";
import { type Thinking, toThinking } from "../anthropic/upstream-thinking.ts";
import type { UpstreamBody } from "../upstream-dialect.ts";
import { chatOnly, foreignExtra, nativeValue, refuse, wishedFor } from "../wishes.ts";
import { isBrokenChain, toCachePoint, toPrompt } from "./messages.ts";

/** Canonical requests written for Bedrock's Converse. Pure. */

type Fields = Readonly<Record<string, unknown>>;

/** Below the endpoint of a region. A model's name may be an ARN, with colons and slashes. */
export function toPath({ model, stream }: GenerateRequest): string {
  return `/model/${encodeURIComponent(model)}/${stream ? "converse-stream" : "converse"}`;
}

const DROPPED = [
  "seed",
  "min_p",
  "repeat_penalty",
  "frequency_penalty",
  "presence_penalty",
  "parallel_tool_calls",
  "user",
] as const;

/** The JSON body for converse and converse-stream. Throws unsupported_parameter. */
export function toUpstreamBody(request: GenerateRequest): UpstreamBody {
  const chat = chatOnly(request);
  refuse(chat, ["logprobs", "logit_bias", "grammar"]);
  for (const tool of chat.foreignTools ?? []) nativeValue(tool, "bedrock-converse", "tools");
  const { system, turns } = toPrompt(chat.messages);
  const instruction = toInstruction(chat.responseFormat);
  if (instruction) system.push({ text: instruction });
  const thinking = toModelThinking(chat, isBrokenChain(turns));
  const { sampling, dropped } = toModelSampling(chat, thinking);
  const { top_k, temperature, top_p: topP } = sampling;
  const { effort, ...thinkingFields } = thinking.fields;
  const inference = {
    ...((chat.maxTokens !== undefined || thinking.isOn) && { maxTokens: thinking.maxTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
    ...(chat.stop.length > 0 && { stopSequences: chat.stop }),
  };
  const additional = { ...thinkingFields, ...(top_k !== undefined && { top_k }) };
  const output = { ...toFormat(chat), ...(effort !== undefined && { effort }) };
  const toolConfig = toToolConfig(chat);
  return {
    body: {
      messages: turns,
      ...(system.length > 0 && { system }),
      ...(toolConfig && { toolConfig }),
      ...filled("inferenceConfig", inference),
      ...filled("additionalModelRequestFields", additional),
      ...filled("outputConfig", output),
    },
    dropped: [
      ...wishedFor(chat, DROPPED),
      ...dropped,
      ...(thinking.isRefused ? ["reasoning_effort"] : []),
      ...(toolConfig && chat.toolChoice === "none" ? ["tool_choice"] : []),
      ...foreignExtra(chat, "bedrock-converse"),
    ],
  };
}

function filled(name: string, fields: Fields): Fields {
  return Object.keys(fields).length > 0 ? { [name]: fields } : {};
}

function isClaude(model: string): boolean {
  return /claude/i.test(model);
}

/** Converse has no word for thinking: each vendor's own goes beside it. */
function toModelThinking(chat: ChatRequest, isBroken: boolean): Thinking {
  if (isClaude(chat.model)) return toThinking(chat, isBroken);
  const { effort } = chat.reasoning ?? {};
  const off = { fields: {}, maxTokens: chat.maxTokens ?? 0, isOn: false, isRefused: false };
  if (effort === undefined || effort === "none") return off;
  if (!/gpt-oss/.test(chat.model)) return { ...off, isRefused: true };
  const level = effort === "minimal" ? "low" : effort === "xhigh" ? "high" : effort;
  return { ...off, fields: { reasoning_effort: level } };
}

/** Only Claude takes `top_k` by this name; all end at a temperature of 1. */
function toModelSampling(chat: ChatRequest, thinking: Thinking): ReturnType<typeof toSampling> {
  const { sampling, dropped } = toSampling(chat, thinking);
  if (isClaude(chat.model)) return { sampling, dropped };
  const { top_k, ...rest } = sampling;
  return { sampling: rest, dropped: top_k === undefined ? dropped : [...dropped, "top_k"] };
}

function toFormat({ responseFormat: format }: ChatRequest): Fields {
  if (format?.type !== "json_schema") return {};
  const { name, description } = format;
  const jsonSchema = {
    schema: JSON.stringify(closed(format.schema)),
    name,
    ...(description !== undefined && { description }),
  };
  return { textFormat: { type: "json_schema", structure: { jsonSchema } } };
}

/** Converse wants the tools of a history described, whether or not they may be called again. */
function toToolConfig(request: ChatRequest): Fields | undefined {
  const { tools = [], toolChoice, messages } = request;
  const past = pastTools(messages);
  if (past.length === 0 && (tools.length === 0 || toolChoice === "none")) return undefined;
  const all = tools.length > 0 ? tools : past;
  const choice = toChoice(toolChoice);
  return { tools: all.flatMap(toTool), ...(choice && { toolChoice: choice }) };
}

function pastTools(messages: readonly ChatMessage[]): ToolDefinition[] {
  const names = messages.flatMap(({ toolCalls = [] }) => toolCalls.map(({ name }) => name));
  return [...new Set(names)].map((name) => ({ name }));
}

function toChoice(choice: ChatRequest["toolChoice"]): Fields | undefined {
  if (typeof choice === "object") return { tool: { name: choice.name } };
  if (choice === "required") return { any: {} };
  return choice === "auto" ? { auto: {} } : undefined;
}

function toTool({ name, description, parameters, strict, cache }: ToolDefinition): Fields[] {
  const toolSpec = {
    name,
    ...(description && { description }),
    inputSchema: { json: parameters ?? { type: "object", properties: {} } },
    ...(strict && { strict }),
  };
  return [{ toolSpec }, ...toCachePoint(cache)];
}
