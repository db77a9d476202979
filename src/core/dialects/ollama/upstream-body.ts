import type {
  ChatMessage,
  ChatRequest,
  ContentPart,
  GenerateRequest,
  Reasoning,
  ResponseFormat,
} from "../../chat.ts";
import { parseDataUrl, textOfData } from "../data-url.ts";
import { toToolInput } from "../tool-input.ts";
import type { UpstreamBody } from "../upstream-dialect.ts";
import { foreignExtra, nativeValue, refuse, unsupported, wishedFor } from "../wishes.ts";

/** Canonical requests written for Ollama's own routes. Pure. */

type Fields = Readonly<Record<string, unknown>>;

/** How long the model stays loaded: the one field of Ollama's own that clients of any dialect send. */
const KEEP_ALIVE = "keep_alive";

/** The JSON body for `/api/chat` or `/api/generate`. Throws unsupported_parameter. */
export function toUpstreamBody(request: GenerateRequest): UpstreamBody {
  refuse(request, ["logit_bias", "grammar"]);
  const { topLogprobs, responseFormat } = request;
  const options = toOptions(request);
  return {
    body: {
      model: request.model,
      ...(request.kind === "chat"
        ? toChat(request)
        : // A completion continues the text as it is, without the template of a chat.
          { prompt: request.prompt, raw: true }),
      // Ollama streams unless told not to.
      stream: request.stream,
      ...toFormat(responseFormat),
      ...(Object.keys(options).length > 0 && { options }),
      ...(topLogprobs !== undefined && { logprobs: true, top_logprobs: topLogprobs }),
      [KEEP_ALIVE]: request.extra?.[KEEP_ALIVE],
    },
    dropped: [
      ...wishedFor(request, ["parallel_tool_calls", "user"]),
      ...foreignExtra(request, "ollama").filter((name) => name !== KEEP_ALIVE),
    ],
    carried: [KEEP_ALIVE],
  };
}

function toOptions({ sampling, maxTokens, stop }: GenerateRequest): Fields {
  const all = {
    num_predict: maxTokens,
    temperature: sampling.temperature,
    top_p: sampling.topP,
    top_k: sampling.topK,
    min_p: sampling.minP,
    seed: sampling.seed,
    repeat_penalty: sampling.repeatPenalty,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    stop: stop.length > 0 ? stop : undefined,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function toFormat(format: ResponseFormat | undefined): Fields {
  if (!format || format.type === "text") return {};
  return { format: format.type === "json_object" ? "json" : format.schema };
}

function toChat(request: ChatRequest): Fields {
  const names = new Map<string, string>();
  const messages = request.messages.map((message) => {
    for (const { id, name } of message.toolCalls ?? []) names.set(id, name);
    return toMessage(message, names);
  });
  return { messages, ...toTools(request), ...toThink(request.reasoning) };
}

function toTools({ tools = [], foreignTools = [], toolChoice }: ChatRequest): Fields {
  for (const tool of foreignTools) nativeValue(tool, "ollama", "tools");
  if (tools.length === 0 || toolChoice === "none") return {};
  if (toolChoice === "required" || typeof toolChoice === "object") {
    throw unsupported(
      "tool_choice",
      'Ollama cannot force a call. Ask with tool_choice "auto", or another model.',
    );
  }
  return {
    tools: tools.map(({ name, description, parameters }) => ({
      type: "function",
      function: {
        name,
        ...(description !== undefined && { description }),
        parameters: parameters ?? { type: "object", properties: {} },
      },
    })),
  };
}

const LEVELS = {
  minimal: "low",
  low: "low",
  medium: "medium",
  high: "high",
  xhigh: "high",
} as const;

function toThink(reasoning: Reasoning | undefined): Fields {
  const { effort, budgetTokens } = reasoning ?? {};
  if (effort === "none" || budgetTokens === 0) return { think: false };
  if (effort !== undefined) return { think: LEVELS[effort] };
  return budgetTokens === undefined ? {} : { think: true };
}

function toMessage(message: ChatMessage, names: ReadonlyMap<string, string>): Fields {
  const { role, reasoning = [], toolCalls = [], toolCallId = "" } = message;
  const thinking = reasoning.map(({ text }) => text).join("");
  return {
    role: role === "developer" ? "system" : role,
    ...toContent(message.content),
    ...(thinking !== "" && { thinking }),
    ...(toolCalls.length > 0 && {
      tool_calls: toolCalls.map(({ name, arguments: text }) => ({
        function: { name, arguments: toToolInput(text) },
      })),
    }),
    ...(role === "tool" && { tool_name: names.get(toolCallId) ?? message.name ?? toolCallId }),
  };
}

function toContent(content: ChatMessage["content"]): Fields {
  if (content === null || typeof content === "string") return { content: content ?? "" };
  const images = content.flatMap((part) => (part.type === "image" ? [toImage(part.url)] : []));
  const texts = content.flatMap((part) => (part.type === "image" ? [] : [toText(part)]));
  return { content: texts.join(""), ...(images.length > 0 && { images }) };
}

function toImage(url: string): string {
  const data = parseDataUrl(url);
  if (data) return data.base64;
  throw unsupported("messages", "Ollama fetches no images: send them as data: URLs in base64.");
}

function toText(part: Exclude<ContentPart, { type: "image" }>): string {
  if (part.type === "text") return part.text;
  if (part.type === "foreign") return nativeValue(part, "ollama") as string;
  const data = part.type === "file" ? parseDataUrl(part.url) : undefined;
  if (data?.mediaType.startsWith("text/")) return textOfData(data);
  throw unsupported("messages", `Ollama takes texts and images, no ${part.type}.`);
}
