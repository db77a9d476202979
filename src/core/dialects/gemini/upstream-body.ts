import type { ChatRequest, GenerateRequest, Reasoning, ResponseFormat } from "../../chat.ts";
import type { UpstreamBody } from "../upstream-dialect.ts";
import { chatOnly, foreignExtra, nativeValue, refuse, wishedFor } from "../wishes.ts";
import { toPrompt } from "./contents.ts";

/** Canonical requests written for Gemini's generateContent. Pure. */

type Fields = Readonly<Record<string, unknown>>;

/** The path below a base such as `…/v1beta`. */
export function toPath({ model, stream }: GenerateRequest): string {
  const method = stream ? "streamGenerateContent?alt=sse" : "generateContent";
  return `/${toModelPath(model)}:${method}`;
}

/** A tuned or a hosted model's name is a path of its own. */
export function toModelPath(model: string): string {
  return encodeURI(model.includes("/") ? model : `models/${model}`);
}

/** The JSON body for generateContent and streamGenerateContent. Throws unsupported_parameter. */
export function toUpstreamBody(request: GenerateRequest): UpstreamBody {
  const chat = chatOnly(request);
  refuse(chat, ["logit_bias", "grammar"]);
  for (const tool of chat.foreignTools ?? []) nativeValue(tool, "gemini", "tools");
  const { systemInstruction, contents } = toPrompt(chat.messages, isThree(chat.model));
  const generationConfig = toConfig(chat);
  return {
    body: {
      contents,
      ...(systemInstruction.parts.length > 0 && { systemInstruction }),
      ...toTools(chat),
      ...(Object.keys(generationConfig).length > 0 && { generationConfig }),
    },
    dropped: [
      ...wishedFor(chat, ["min_p", "repeat_penalty", "parallel_tool_calls", "user"]),
      ...foreignExtra(chat, "gemini"),
    ],
  };
}

/**
 * From its third generation on, Gemini thinks by levels and wants its thoughts' signatures back. A
 * name without a number (`gemini-flash-latest`) means the newest.
 */
function isThree(model: string): boolean {
  const found = /gemini(?:-(\d+))?/.exec(model);
  return found !== null && Number(found[1] ?? 3) >= 3;
}

function toTools({ tools = [], toolChoice }: ChatRequest): Fields {
  if (tools.length === 0) return {};
  const functionDeclarations = tools.map(({ name, description, parameters }) => ({
    name,
    ...(description !== undefined && { description }),
    ...(parameters !== undefined && { parametersJsonSchema: parameters }),
  }));
  const isStrict = tools.some(({ strict }) => strict);
  const functionCallingConfig = toCalling(toolChoice, isStrict);
  return {
    tools: [{ functionDeclarations }],
    ...(functionCallingConfig && { toolConfig: { functionCallingConfig } }),
  };
}

function toCalling(choice: ChatRequest["toolChoice"], isStrict: boolean): Fields | undefined {
  if (typeof choice === "object") return { mode: "ANY", allowedFunctionNames: [choice.name] };
  if (choice === "required") return { mode: "ANY" };
  if (choice === "none") return { mode: "NONE" };
  // Of the two modes that leave the choice to the model, this one keeps to the schemas.
  if (isStrict) return { mode: "VALIDATED" };
  return choice && { mode: "AUTO" };
}

function toConfig(request: ChatRequest): Fields {
  const { sampling, maxTokens, stop, n, topLogprobs, reasoning } = request;
  const all = {
    temperature: sampling.temperature,
    topP: sampling.topP,
    topK: sampling.topK || undefined,
    seed: sampling.seed,
    presencePenalty: sampling.presencePenalty,
    frequencyPenalty: sampling.frequencyPenalty,
    maxOutputTokens: maxTokens,
    stopSequences: stop.length > 0 ? stop : undefined,
    candidateCount: n > 1 ? n : undefined,
    ...(topLogprobs !== undefined && {
      responseLogprobs: true,
      logprobs: topLogprobs || undefined,
    }),
    ...toFormat(request.responseFormat),
    thinkingConfig: reasoning && toThinking(reasoning, request.model),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function toFormat(format: ResponseFormat | undefined): Fields {
  if (!format || format.type === "text") return {};
  const responseMimeType = "application/json";
  if (format.type === "json_object") return { responseMimeType };
  return { responseMimeType, responseJsonSchema: format.schema };
}

const BUDGETS = {
  none: 0,
  minimal: 512,
  low: 1024,
  medium: 8192,
  high: 24_576,
  xhigh: 24_576,
} as const;
const LEVELS = {
  none: "minimal",
  minimal: "minimal",
  low: "low",
  medium: "medium",
  high: "high",
  xhigh: "high",
} as const;

function toThinking(reasoning: Reasoning, model: string): Fields {
  const { effort, budgetTokens, summary } = reasoning;
  const isOff = effort === "none" || budgetTokens === 0;
  const includeThoughts = !isOff && summary !== "none";
  const isPro = /-pro/.test(model);
  if (isThree(model) && (isOff || budgetTokens === undefined)) {
    // The large model cannot do without thinking; its least is "low".
    const level = LEVELS[isOff ? "none" : (effort ?? "high")];
    const thinkingLevel = isPro && level === "minimal" ? "low" : level;
    return { ...((effort || isOff) && { thinkingLevel }), includeThoughts };
  }
  const budget = isOff ? 0 : (budgetTokens ?? (effort && BUDGETS[effort]));
  if (budget === undefined) return { includeThoughts };
  return { thinkingBudget: isPro ? Math.max(128, budget) : budget, includeThoughts };
}
