import { IM_END, IM_START, type Tokenizer } from "./tokenizer.ts";

/** ChatML as Jinja, for whoever runs the file; `encodeTurn` below writes the same. */
export const CHAT_TEMPLATE = `{%- for message in messages -%}
{{- '<|im_start|>' + ('system' if message.role == 'developer' else message.role) + '\\n' -}}
{{- message.content + '<|im_end|>' + '\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{- '<|im_start|>assistant\\n' -}}
{%- endif -%}`;

export interface Turn {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** A conversation as tokens, with the rows at which the model has to say the next token. */
export interface Encoded {
  readonly tokens: readonly number[];
  readonly rows: readonly number[];
  readonly targets: readonly number[];
}

/**
 * A whole conversation. Scored are the assistant's words and the end of its turn: of all its turns,
 * or of the last only.
 */
export function encodeConversation(
  { encode }: Tokenizer,
  turns: readonly Turn[],
  scored: "all" | "last" = "all",
): Encoded {
  const newLine = encode("\n");
  const tokens: number[] = [];
  const rows: number[] = [];
  const targets: number[] = [];
  for (const [index, { role, content }] of turns.entries()) {
    tokens.push(IM_START, ...encode(role), ...newLine);
    const said = [...encode(content), IM_END];
    if (role === "assistant" && (scored === "all" || index === turns.length - 1)) {
      rows.push(...said.map((_, at) => tokens.length - 1 + at));
      targets.push(...said);
    }
    tokens.push(...said, ...newLine);
  }
  return { tokens, rows, targets };
}

/** What the model gets when it is its turn to speak. */
export function encodePrompt(tokenizer: Tokenizer, turns: readonly Turn[]): number[] {
  const { tokens } = encodeConversation(tokenizer, turns);
  const { encode } = tokenizer;
  return [...tokens, IM_START, ...encode("assistant"), ...encode("\n")];
}
