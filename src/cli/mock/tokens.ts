import { stringOf, type Json, objectsOf } from "./call.ts";

/** The doubles' tokenizer: a token is a letter and its id is the letter's code point. */
export function tokensOf(text: string): number[] {
  return Array.from(text, (letter) => letter.codePointAt(0) ?? 0);
}

/** The text of token ids. */
export function textOfTokens(tokens: unknown): string {
  return Array.isArray(tokens) ? String.fromCodePoint(...tokens.map(Number)) : "";
}

/** What a chat template makes of messages. */
export function templated(body: Json): string {
  const lines = objectsOf(body["messages"]).map(
    ({ role, content }) =>
      `<|${String(role)}|>\n${stringOf(content) ?? JSON.stringify(content ?? "")}\n`,
  );
  return `${lines.join("")}<|assistant|>\n`;
}
