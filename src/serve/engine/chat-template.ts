import { randomBytes } from "node:crypto";
import { Template } from "@huggingface/jinja";
import { textOf, type ChatMessage, type ChatRequest } from "../../core/chat.ts";
import { messageOf, WeirError } from "../../core/errors.ts";
import { listAt, numberAt, stringAt, type Metadata } from "../../gguf/metadata.ts";
import { type AnswerForm, answerFormOf } from "./answer-form.ts";
import type { PromptPart } from "./messages.ts";

/** For models whose file brings no template: the form that most small models know. */
const CHATML =
  "{%- for message in messages -%}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n" +
  "{% endfor -%}{%- if add_generation_prompt -%}<|im_start|>assistant\n{% endif -%}";

/** `llama_token_type` of words that steer the model, as `<|im_start|>`. */
const CONTROL_TOKEN = 3;

type Chat = Pick<ChatRequest, "messages" | "tools" | "toolChoice" | "reasoning" | "continuesLast">;

export interface ChatTemplate {
  /**
   * The prompt for a conversation. Throws WeirError `invalid_request` with the template's own words
   * when it refuses, and `unsupported_parameter` for what it has no place for.
   */
  render(chat: Chat): PromptPart[];
  readonly form: AnswerForm;
}

/**
 * Reads the template that the model's file brings. One that cannot be read fails the chats, not the
 * model: completions and embeddings need none.
 */
export function createChatTemplate(metadata: Metadata): ChatTemplate {
  const source = stringAt(metadata, "tokenizer.chat_template") ?? CHATML;
  const template = parse(source);
  const knowsTools = /\btools\b/.test(source);
  const names = { bos_token: special(metadata, "bos"), eos_token: special(metadata, "eos") };
  const shield = createShield(controlWords(metadata));
  return {
    form: answerFormOf(source),
    render(request) {
      const tools = toolsOf(request);
      if (tools && !knowsTools)
        throw new WeirError(
          "unsupported_parameter",
          "This model's chat template has no place for tools; send the request without them.",
          { param: "tools" },
        );
      const begun = request.continuesLast ? request.messages.at(-1) : undefined;
      const before = begun ? request.messages.slice(0, -1) : request.messages;
      const messages = before.map((message, index) => toMessage(message, index, shield));
      const text = run(template, {
        messages,
        ...(tools && { tools }),
        ...toThinking(request),
        add_generation_prompt: true,
        ...names,
      });
      return shield.split(text + shield.mark(textOf(begun?.content ?? "")));
    },
  };
}

function parse(source: string): Template | undefined {
  try {
    return new Template(source);
  } catch {
    return undefined;
  }
}

function run(template: Template | undefined, values: Record<string, unknown>): string {
  if (!template)
    throw new WeirError(
      "invalid_request",
      "This model's chat template cannot be read, so it cannot chat; completions work.",
      { param: "messages" },
    );
  try {
    return template.render(values);
  } catch (cause) {
    throw new WeirError(
      "invalid_request",
      `This model's chat template refuses these messages: ${messageOf(cause)}`,
      { cause, param: "messages" },
    );
  }
}

function toolsOf({ tools, toolChoice }: Chat): unknown[] | undefined {
  if (!tools || tools.length === 0 || toolChoice === "none") return undefined;
  return tools.map((tool) => ({ type: "function", function: { parameters: {}, ...tool } }));
}

/** Qwen's and others' templates read whether to think; those that do not, ignore it. */
function toThinking({ reasoning }: Chat): Record<string, unknown> {
  if (!reasoning) return {};
  return { enable_thinking: reasoning.effort !== "none" && reasoning.budgetTokens !== 0 };
}

/** A message in the form that templates are written for. */
function toMessage(message: ChatMessage, index: number, shield: Shield): Record<string, unknown> {
  const { role, content, name, toolCalls, toolCallId, reasoning } = message;
  const other = Array.isArray(content) && content.find(({ type }) => type !== "text");
  if (other) {
    const what = other.type === "foreign" ? other.what : `${other.type} parts`;
    throw new WeirError("unsupported_parameter", `This model reads text, not ${what}.`, {
      param: `messages[${index}].content`,
    });
  }
  return {
    role: role === "developer" ? "system" : role,
    content: shield.mark(textOf(content)),
    ...(name !== undefined && { name }),
    ...(toolCallId !== undefined && { tool_call_id: toolCallId }),
    ...(reasoning && { reasoning_content: reasoning.map(({ text }) => text).join("") }),
    ...(toolCalls && {
      tool_calls: toolCalls.map((call) => ({
        id: call.id,
        type: "function",
        function: { name: call.name, arguments: parsed(call.arguments) },
      })),
    }),
  };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}

/** Apart from the closures above: what they see stays in memory, and vocabularies are large. */
function special(metadata: Metadata, key: string): string {
  const id = numberAt(metadata, `tokenizer.ggml.${key}_token_id`);
  const tokens = listAt(metadata, "tokenizer.ggml.tokens");
  return String((id === undefined ? undefined : tokens?.[id]) ?? "");
}

function controlWords(metadata: Metadata): string[] {
  const tokens = listAt(metadata, "tokenizer.ggml.tokens") ?? [];
  const types = listAt(metadata, "tokenizer.ggml.token_type") ?? [];
  return tokens.filter((_, id) => types[id] === CONTROL_TOKEN).map(String);
}

interface Shield {
  mark(content: string): string;
  split(prompt: string): PromptPart[];
}

/**
 * Keeps what people write from steering the model: a control word inside a message is marked before
 * the template runs, and what is marked is later tokenized as plain letters. The marks are drawn by
 * chance for each process, so that nobody can write one.
 */
function createShield(words: readonly string[]): Shield {
  const nonce = randomBytes(9).toString("base64url");
  const [open, close] = [`\u0002${nonce}`, `${nonce}\u0003`];
  const found = words
    .filter((word) => word.length > 1)
    .toSorted((a, b) => b.length - a.length)
    .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = found.length === 0 ? undefined : new RegExp(found.join("|"), "g");
  return {
    mark: (content) =>
      pattern ? content.replace(pattern, (word) => `${open}${word}${close}`) : content,
    split(prompt) {
      const parts: PromptPart[] = [];
      for (const [index, piece] of prompt.split(open).entries()) {
        const end = index === 0 ? -1 : piece.indexOf(close);
        if (end !== -1) parts.push({ text: piece.slice(0, end), plain: true });
        const rest = end === -1 ? piece : piece.slice(end + close.length);
        if (rest !== "") parts.push({ text: rest, plain: false });
      }
      return parts;
    },
  };
}
